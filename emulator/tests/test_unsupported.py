"""What the emulator does not do, it does not pretend to: every other operation of the SDK gets Stripe's own 404."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
import stripe

from stripe_emulator import Emulator
from stripe_emulator.api.registry import operations
from tests.http import send

_CALL = re.compile(r'_request(?:_async)?\(\s*"(get|post|delete)",\s*"(/v1/[^"]+)"')
README = (Path(__file__).parents[1] / "README.md").read_text()


def _pattern(path: str) -> str:
    return re.sub(r"{\w+}", "x", path)


def _area(operation: tuple[str, str]) -> str:
    return operation[1].split("/")[2]


def _of_the_sdk() -> Iterator[tuple[str, str]]:
    """Find every operation that the installed SDK can call."""
    for file in Path(stripe.__file__).parent.rglob("_*_service.py"):
        for method, path in _CALL.findall(file.read_text()):
            yield method.upper(), _pattern(path)


ANSWERED = {(one.method, _pattern(one.path)) for one in operations()}
UNANSWERED = sorted(set(_of_the_sdk()) - ANSWERED, key=lambda operation: (_area(operation), operation))
BY_AREA = {area: list(found) for area, found in groupby(UNANSWERED, key=_area)}


def test_sdks_operations_are_found() -> None:
    assert len(UNANSWERED) > 60
    assert ("POST", "/v1/billing/meters") in UNANSWERED


@pytest.mark.parametrize("area", BY_AREA)
def test_unsupported_operation_is_stripes_404(emulator: Emulator, area: str) -> None:
    for method, path in BY_AREA[area]:
        answer = send(emulator.url, method, path, {"bogus": "1"} if method == "POST" else None)

        assert answer.status == 404, (method, path)
        assert answer.error["type"] == "invalid_request_error"
        assert answer.error["message"].startswith(f"Unrecognized request URL ({method}: {path}).")


def test_readme_names_every_area_that_is_not_there() -> None:
    named = set(re.findall(r"`([a-z_]+)`", README.partition("## What is not")[2].partition("\n## ")[0]))

    assert set(BY_AREA) - {_area(operation) for operation in ANSWERED} == named


@pytest.mark.parametrize(
    ("meter", "code"), [({"recurring[meter]": "mtr_none"}, "resource_missing"), ({}, "parameter_missing")]
)
def test_metered_price_is_refused_where_its_meter_would_be(
    emulator: Emulator, meter: dict[str, str], code: str
) -> None:
    answer = send(
        emulator.url,
        "POST",
        "/v1/prices",
        {
            "currency": "usd",
            "unit_amount": "1",
            "product_data[name]": "Calls",
            "recurring[interval]": "month",
            "recurring[usage_type]": "metered",
            **meter,
        },
    )

    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, code, "recurring[meter]")


@pytest.mark.parametrize(
    ("path", "params", "param"),
    [
        ("/v1/subscriptions", {"billing_thresholds[amount_gte]": "500"}, "billing_thresholds"),
        ("/v1/subscriptions/sub_x", {"transfer_data[destination]": "acct_1"}, "transfer_data"),
        ("/v1/invoices", {"from_invoice[action]": "revision", "from_invoice[invoice]": "in_1"}, "from_invoice"),
        (
            "/v1/checkout/sessions",
            {"subscription_data[application_fee_percent]": "5"},
            "subscription_data[application_fee_percent]",
        ),
        (
            "/v1/checkout/sessions",
            {"shipping_address_collection[allowed_countries][0]": "US"},
            "shipping_address_collection",
        ),
        (
            "/v1/subscription_schedules",
            {"phases[0][items][0][price]": "p", "phases[0][add_invoice_items][0][price]": "p"},
            "phases[0][add_invoice_items]",
        ),
    ],
)
def test_parameter_that_would_be_ignored_is_refused(
    emulator: Emulator, path: str, params: dict[str, str], param: str
) -> None:
    answer = send(emulator.url, "POST", path, params)

    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "parameter_unknown", param)
    assert answer.error["message"].startswith(f"Received unknown parameter: {param}")
