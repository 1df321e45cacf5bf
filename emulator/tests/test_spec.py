"""The compact description that the emulator runs on, and how much of it is answered."""

from pathlib import Path

from stripe_emulator.api.registry import operations
from stripe_emulator.spec import PARAMETERS, complete, generate
from tests.openapi import SPECIFICATION, needs_specification

UNDOCUMENTED = {
    "POST /v1/stripecli/sessions",
    "POST /v1/events/{id}/retry",
    "GET /v1/payment_pages/{page}",
    "POST /v1/payment_pages/{page}/confirm",
}


@needs_specification
def test_committed_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    generate.main(str(SPECIFICATION), tmp_path)

    for name in ("parameters.json", "objects.json"):
        assert (tmp_path / name).read_text() == (Path(generate.__file__).parent / name).read_text()


def test_every_operation_is_documented_or_known_not_to_be() -> None:
    known = {f"{one.method} {one.path}" for one in operations()}

    assert known - set(PARAMETERS["operations"]) == UNDOCUMENTED


def test_missing_required_keys_are_filled_at_every_depth() -> None:
    customer = complete({"id": "cus_1", "object": "customer", "address": {"city": "Oslo"}, "invoice_settings": {}})

    assert customer["shipping"] is None
    assert customer["invoice_settings"] == {
        "custom_fields": None,
        "default_payment_method": None,
        "footer": None,
        "rendering_options": None,
    }
