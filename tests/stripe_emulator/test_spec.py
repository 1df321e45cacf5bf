"""The compact description that the emulator runs on, and how much of it is answered."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from stripe_emulator.api.registry import operations
from stripe_emulator.spec import OBJECTS, PARAMETERS, complete
from stripe_emulator.spec.generate import Generator
from tests.stripe_emulator.openapi import SPECIFICATION, needs_specification

UNDOCUMENTED = {
    "POST /v1/stripecli/sessions",
    "POST /v1/events/{id}/retry",
    "GET /v1/payment_pages/{page}",
    "POST /v1/payment_pages/{page}/confirm",
}


@needs_specification
def test_committed_files_are_what_the_generator_makes() -> None:
    generator = Generator(json.loads(SPECIFICATION.read_text()))

    assert generator.parameters() == PARAMETERS
    assert generator.objects() == OBJECTS


@needs_specification
def test_generator_runs_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [
        Path(__file__).parents[2] / "stripe_emulator" / "spec" / name for name in ("parameters.json", "objects.json")
    ]
    before = [file.read_text() for file in files]
    monkeypatch.setattr(sys, "argv", ["generate", str(SPECIFICATION)])
    monkeypatch.delitem(sys.modules, "stripe_emulator.spec.generate")

    runpy.run_module("stripe_emulator.spec.generate", run_name="__main__")

    assert [file.read_text() for file in files] == before


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
