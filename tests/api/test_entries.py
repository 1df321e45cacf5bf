"""The example product over the API: the same rules as on its pages."""

import threading
import uuid

import pytest
from werkzeug.test import TestResponse

from app.dashboard.product.models import Entry
from app.database import db
from tests.api.programs import Program
from tests.people import Person

pytestmark = pytest.mark.needs("app/dashboard/product/routes.py")
ENTRY = {"happened_on": "2026-11-25", "kind": "in", "label": "Invoice", "amount": 1250}


def create(program: Program, **changed: object) -> TestResponse:
    return program.ask("POST", "/entries", json={**ENTRY, **changed})


def test_entry_is_made_read_changed_and_deleted(alice: Person) -> None:
    program = Program.of(alice)

    made = create(program, label="  An   invoice ")
    place = made.headers["Location"].removeprefix("/api/v1")
    read = program.get(place)
    changed = program.ask("PATCH", place, json={"amount": 990})
    deleted = program.ask("DELETE", place)

    assert made.status_code == 201
    assert made.get_json() == read.get_json()
    assert {name: read.get_json()[name] for name in ENTRY} == {**ENTRY, "label": "An invoice"}
    assert read.get_json()["currency"] == "usd"
    assert (changed.get_json()["amount"], changed.get_json()["label"]) == (990, "An invoice")
    assert (deleted.status_code, deleted.data) == (204, b"")
    assert program.get(place).status_code == 404


def test_entry_of_a_program_stands_on_the_page(alice: Person) -> None:
    create(Program.of(alice), label="From a program", happened_on="2026-11-26")

    assert "From a program" in alice.get("/dashboard").text


def test_list_comes_in_pages_and_misses_nothing(alice: Person) -> None:
    program = Program.of(alice)
    for number in range(7):
        create(program, label=f"Number {number}", happened_on=f"2026-11-{10 + number // 3:02}")

    pages, after = [], ""
    while after is not None:
        page = program.get(f"/entries?limit=3&after={after}").get_json()
        pages.append(page["entries"])
        after = page["next"]

    seen = [entry["label"] for page in pages for entry in page]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(seen) == [f"Number {number}" for number in range(7)]
    assert [entry["happened_on"] for page in pages for entry in page] == ["2026-11-12"] + ["2026-11-11"] * 3 + [
        "2026-11-10"
    ] * 3


def test_plan_without_room_is_told_which_have_it(alice: Person) -> None:
    program = Program.of(alice, role="basic")
    for _ in range(3):
        create(program)

    answer = create(program)

    error = answer.get_json()["error"]
    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
    assert answer.get_json()["detail"] == "Your plan has no room for more entries."
    assert (error["code"], error["limit"]) == ("upgrade_required", "entries")
    assert [plan["key"] for plan in error["plans"]] == ["pro", "lifetime"]
    assert error["plans"][0]["prices"][0]["amount"] == 2900


def test_programs_at_once_cannot_both_take_the_last_place(alice: Person) -> None:
    program = Program.of(alice, role="basic")
    for _ in range(2):
        create(program)
    start = threading.Barrier(4)
    answers: list[int] = []

    def send() -> None:
        start.wait()
        answers.append(create(program).status_code)

    sending = [threading.Thread(target=send) for _ in range(4)]
    for thread in sending:
        thread.start()
    for thread in sending:
        thread.join()

    assert sorted(answers) == [201, 403, 403, 403]


def test_somebody_elses_entry_is_not_found(alice: Person, bob: Person) -> None:
    place = create(Program.of(alice)).headers["Location"].removeprefix("/api/v1")
    other = Program.of(bob)

    assert other.get(place).status_code == 404
    assert other.ask("PATCH", place, json={"amount": 1}).status_code == 404
    assert other.ask("DELETE", place).status_code == 404
    assert other.get("/entries").get_json() == {"entries": [], "next": None}
    with alice.app.app_context():
        assert db.session.scalars(db.select(Entry.amount)).all() == [1250]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": "1250"}, "amount"),
        ({"amount": 12.5}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 10**13}, "amount"),
        ({"amount": None}, "amount"),
        ({"happened_on": "25.11.2026"}, "happened_on"),
        ({"happened_on": "2026-02-30"}, "happened_on"),
        ({"happened_on": "20261125"}, "happened_on"),
        ({"happened_on": 1764028800}, "happened_on"),
        ({"happened_on": "1066-10-14"}, "happened_on"),
        ({"kind": "sideways"}, "kind"),
        ({"label": "   "}, "label"),
        ({"label": "x" * 81}, "label"),
        ({"label": "a\x00b"}, "label"),
        ({"label": "\u202e"}, "label"),
        ({"label": 7}, "label"),
        ({"role": "pro"}, "role"),
        ({"user_id": str(uuid.UUID(int=1))}, "user_id"),
    ],
)
def test_field_that_is_wrong_is_named(alice: Person, changed: dict[str, object], field: str) -> None:
    program = Program.of(alice)
    place = create(program).headers["Location"].removeprefix("/api/v1")

    for answer in (create(program, **changed), program.ask("PATCH", place, json=changed)):
        error = answer.get_json()["error"]
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
        assert error["code"] == "invalid"
        assert [one["field"] for one in error["fields"]] == [field]
        assert error["fields"][0]["detail"]
    assert len(program.get("/entries").get_json()["entries"]) == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": "{", "content_type": "application/json"}, 400),
        ({"data": "[" * 60_000, "content_type": "application/json"}, 400),
        ({"data": "", "content_type": "application/json"}, 400),
        ({"data": "[]", "content_type": "application/json"}, 422),
        ({"data": "null", "content_type": "application/json"}, 422),
        ({"data": '{"label": "\\ud800"}', "content_type": "application/json"}, 422),
        ({"data": {"label": "A form"}}, 415),
        ({"data": " " * 70_000, "content_type": "application/json"}, 413),
    ],
)
def test_body_that_is_no_entry_is_refused(alice: Person, sent: dict[str, object], status: int) -> None:
    answer = Program.of(alice).ask("POST", "/entries", **sent)

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=x", f"after=2026-99-99.{'0' * 32}"])
def test_page_that_cannot_be_is_refused(alice: Person, query: str) -> None:
    answer = Program.of(alice).get(f"/entries?{query}")

    assert answer.status_code == 422


def test_cookie_writes_nothing(alice: Person) -> None:
    Program.of(alice)

    assert alice.client.post("/api/v1/entries", json=ENTRY).status_code == 401
    with alice.app.app_context():
        assert db.session.scalars(db.select(Entry)).all() == []


def test_token_to_read_changes_nothing(alice: Person) -> None:
    reader, writer = Program.of(alice, "entries:read"), Program.of(alice, "entries:write")
    place = create(writer).headers["Location"].removeprefix("/api/v1")

    refused = [create(reader), reader.ask("PATCH", place, json={"amount": 1}), reader.ask("DELETE", place)]

    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert reader.get(place).get_json()["amount"] == 1250
    assert writer.get(place).status_code == 403
