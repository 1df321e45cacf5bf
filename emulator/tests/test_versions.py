"""`Stripe-Version`: older versions that are spoken, others that are answered with a notice, and what never was."""

import logging
import re
from pathlib import Path

import pytest

from stripe_emulator import Emulator
from stripe_emulator.api.versions import is_spoken
from stripe_emulator.spec import API_VERSION, API_VERSIONS
from tests.http import KEY, Answer, send

README = (Path(__file__).parents[1] / "README.md").read_text()


def ask(emulator: Emulator, version: str, method: str, path: str, body: dict[str, str] | None = None) -> Answer:
    return send(emulator.url, method, path, body, KEY | {"Stripe-Version": version})


def test_readme_lists_the_versions_that_are_spoken() -> None:
    spoken = {version for version in API_VERSIONS if is_spoken(version)}
    listed = set(re.findall(r"`(20\d\d-\d\d-\d\d\.\w+)`", README.partition("## API versions")[2].partition("\n## ")[0]))

    assert listed == spoken


@pytest.mark.parametrize("version", ["2025-03-31.basil", "2026-03-25.dahlia", API_VERSION])
def test_spoken_version_is_answered_without_a_word(emulator: Emulator, version: str) -> None:
    answer = ask(emulator, version, "GET", "/v1/account")

    assert answer.status == 200
    assert answer.headers["Stripe-Version"] == version
    assert "Stripe-Notice" not in answer.headers


@pytest.mark.parametrize("version", ["2024-06-20", "2020-08-27", "2025-08-27.preview"])
def test_other_version_is_answered_in_our_own_with_a_notice(
    emulator: Emulator, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "stripe_emulator"):
        answers = [ask(emulator, version, "GET", "/v1/account") for _ in range(2)]

    for answer in answers:
        assert answer.status == 200
        assert answer.headers["Stripe-Version"] == API_VERSION
        assert version in answer.headers["Stripe-Notice"]
        assert API_VERSION in answer.headers["Stripe-Notice"]
    assert len([one for one in caplog.records if version in one.getMessage()]) <= 1


@pytest.mark.parametrize("version", ["2025-04-01.basil", "2021-02-30", "soon", "x.preview"])
def test_date_that_never_was_a_version_is_refused(emulator: Emulator, version: str) -> None:
    answer = ask(emulator, version, "GET", "/v1/account")

    assert answer.status == 400
    assert answer.error["message"] == f"Invalid Stripe API version: {version}"


def test_basil_has_the_shapes_parameters_and_defaults_of_its_time(emulator: Emulator) -> None:
    version = "2025-08-27.basil"
    product = ask(emulator, version, "POST", "/v1/products", {"name": "Pro"}).json["id"]
    recurring = {"product": product, "unit_amount": "900", "currency": "usd", "recurring[interval]": "month"}
    price = ask(emulator, version, "POST", "/v1/prices", recurring).json["id"]
    coupon = ask(emulator, version, "POST", "/v1/coupons", {"percent_off": "10", "duration": "forever"}).json["id"]
    code = ask(emulator, version, "POST", "/v1/promotion_codes", {"coupon": coupon}).json
    card = {"payment_method": "pm_card_visa", "invoice_settings[default_payment_method]": "pm_card_visa"}
    customer = ask(emulator, version, "POST", "/v1/customers", card).json["id"]
    wanted = {"customer": customer, "items[0][price]": price, "discounts[0][coupon]": coupon, "expand[]": "discounts"}
    subscription = ask(emulator, version, "POST", "/v1/subscriptions", wanted).json
    line = {"line_items[0][price]": price, "line_items[0][quantity]": "1", "mode": "subscription"}
    session = ask(
        emulator,
        version,
        "POST",
        "/v1/checkout/sessions",
        {**line, "ui_mode": "hosted", "payment_method_types[0]": "card", "success_url": "https://shop.example/"},
    ).json

    assert code["coupon"]["id"] == coupon
    assert subscription["billing_mode"]["type"] == "classic"
    assert subscription["discounts"][0]["coupon"]["id"] == coupon
    assert session["ui_mode"] == "hosted"
    now = send(emulator.url, "GET", f"/v1/checkout/sessions/{session['id']}").json
    assert now["ui_mode"] == "hosted_page"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_second_api_is_not_there_and_says_so_in_json(emulator: Emulator, method: str) -> None:
    answer = send(emulator.url, method, "/v2/core/accounts")

    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.error["message"].startswith(f"Unrecognized request URL ({method}: /v2/core/accounts)")
