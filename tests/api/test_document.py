"""The document holds: whatever is sent, by its rules or against them, is answered as it says. Tried by schemathesis."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies
from schemathesis import GenerationMode

from app.extensions import limiter
from tests.api.programs import Program
from tests.people import Person

pytestmark = pytest.mark.slow

ENTRY = {"happened_on": "2026-11-25", "kind": "in", "label": "Invoice", "amount": 1250}
# A JSON schema cannot say that a text has to be readable.
NOT_TRIED = [schemathesis.checks.positive_data_acceptance]


@pytest.mark.needs("app/api/entry_routes.py")
@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("is_there", [True, False], ids=["there", "anywhere"])
def test_what_the_document_says_holds(alice: Person, mode: GenerationMode, is_there: bool) -> None:
    program = Program.of(alice)
    operations = [
        one.ok() for one in schemathesis.openapi.from_wsgi("/api/v1/openapi.json", alice.app).get_all_operations()
    ]
    if mode is GenerationMode.NEGATIVE:
        # The others have nothing that could be sent wrong.
        operations = [one for one in operations if len(one.body) or len(one.query)]
    statuses: set[int] = set()

    @hypothesis.settings(max_examples=max(3, hypothesis.settings().max_examples // len(operations)))
    @hypothesis.given(data=strategies.data())
    def try_each(data: strategies.DataObject) -> None:
        limiter.reset()
        for operation in operations:
            sent: dict[str, Any] = {"headers": {"Authorization": f"Bearer {program.token}"}}
            sent |= {"path_parameters": place()} if is_there else {}
            case = data.draw(operation.as_strategy(mode, **sent))
            response = case.call()
            statuses.add(response.status_code)
            case.validate_response(response, excluded_checks=NOT_TRIED)

    def place() -> dict[str, Any]:
        return {"entry_id": program.ask("POST", "/entries", json=ENTRY).get_json()["id"]}

    try_each()

    assert statuses >= {200} if mode is GenerationMode.POSITIVE else statuses & {400, 404, 422}
