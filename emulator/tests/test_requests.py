"""What every request has in common: headers, unknown paths and parameters, bad bodies."""

import pytest
import stripe

from stripe_emulator import Emulator
from stripe_emulator.spec import API_VERSION
from tests.http import FORM, KEY, PINNED, send


def test_emulator_pins_the_sdks_version() -> None:
    assert stripe.api_version == API_VERSION


def test_answers_carry_request_id_and_version(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({}, {"idempotency_key": "headers-key"})

    assert customer.last_response is not None
    headers = customer.last_response.headers
    assert headers["Request-Id"].startswith("req_")
    assert headers["Stripe-Version"] == API_VERSION
    assert headers["Idempotency-Key"] == "headers-key"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "PATCH"])
def test_unknown_path_is_stripes_404(emulator: Emulator, method: str) -> None:
    answer = send(emulator.url, method, "/v1/nonsense")

    assert answer.status == 404
    assert answer.error["type"] == "invalid_request_error"
    assert answer.error["message"].startswith(f"Unrecognized request URL ({method}: /v1/nonsense).")


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({"bogus": "1"}, "bogus", "parameter_unknown"),
        ({"address[planet]": "earth"}, "address[planet]", "parameter_unknown"),
        ({"balance": "much"}, "balance", "parameter_invalid_integer"),
        ({"balance": "9" * 30}, "balance", "parameter_invalid_integer"),
        ({"tax_exempt": "sometimes"}, "tax_exempt", None),
        ({"payment_method": ""}, "payment_method", "parameter_invalid_empty"),
        ({"shipping[name]": "A"}, "shipping[address]", "parameter_missing"),
        ({"preferred_locales": "en"}, "preferred_locales", None),
        ({"address": "Main Street"}, "address", None),
        ({"email": "nobody"}, "email", "email_invalid"),
        ({"metadata[k]": "v" * 501}, "metadata[k]", None),
        ({f"metadata[{'k' * 41}]": "v"}, "metadata", None),
        ({"description": "x" * 5001}, "description", None),
    ],
)
def test_wrong_parameter_is_named(emulator: Emulator, params: dict[str, str], param: str, code: str | None) -> None:
    answer = send(emulator.url, "POST", "/v1/customers", params)

    assert answer.status == 400
    assert answer.error["param"] == param
    assert answer.error.get("code") == code


def test_missing_required_parameter_is_named(emulator: Emulator) -> None:
    answer = send(emulator.url, "POST", "/v1/prices", {"unit_amount": "100"})

    assert (answer.status, answer.error["param"]) == (400, "currency")
    assert answer.error["message"] == "Missing required param: currency."


def test_parameters_are_checked_before_objects_are_looked_up(emulator: Emulator) -> None:
    answer = send(emulator.url, "POST", "/v1/customers/cus_nobody", {"bogus": "1"})

    assert answer.error["code"] == "parameter_unknown"


def test_removed_parameter_is_accepted_only_without_a_version(emulator: Emulator) -> None:
    coupon = send(emulator.url, "POST", "/v1/coupons", {"percent_off": "10"}).json

    pinned = send(emulator.url, "POST", "/v1/promotion_codes", {"coupon": coupon["id"]})
    legacy = send(emulator.url, "POST", "/v1/promotion_codes", {"coupon": coupon["id"]}, KEY)

    assert pinned.status == 400
    assert legacy.json["promotion"] == {"coupon": coupon["id"], "type": "coupon"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"email": "a@b.c"}', "application/json"),
        (b"<xml/>", "text/xml"),
        (b"email=%ff%fe", "application/x-www-form-urlencoded"),
        (b"email=\xff\xfe", "application/x-www-form-urlencoded"),
        (b"address=1&address[city]=2", "application/x-www-form-urlencoded"),
        (b"a" + b"[b]" * 500 + b"=1", "application/x-www-form-urlencoded"),
        (b"[x]=1&]=2&a[b=3&=4&[]=5", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(6000)), "application/x-www-form-urlencoded"),
        (b"{" * 5000, "application/x-www-form-urlencoded"),
    ],
)
def test_malformed_body_is_a_400_in_stripes_form(emulator: Emulator, body: bytes, content_type: str) -> None:
    answer = send(emulator.url, "POST", "/v1/customers", body, {**PINNED, "Content-Type": content_type})

    assert answer.status == 400
    assert answer.error["type"] == "invalid_request_error"


def test_oversize_body_is_refused(emulator: Emulator) -> None:
    answer = send(emulator.url, "POST", "/v1/customers", b"description=" + b"x" * (2 << 20), {**PINNED, **FORM})

    assert answer.status == 413
    assert answer.error["type"] == "invalid_request_error"


def test_empty_brackets_and_indexes_both_make_lists(emulator: Emulator) -> None:
    brackets = send(
        emulator.url, "POST", "/v1/customers", b"preferred_locales[]=en&preferred_locales[]=fr", PINNED | FORM
    )
    indexes = send(
        emulator.url, "POST", "/v1/customers", b"preferred_locales[1]=fr&preferred_locales[0]=en", PINNED | FORM
    )

    assert brackets.json["preferred_locales"] == indexes.json["preferred_locales"] == ["en", "fr"]


@pytest.mark.parametrize(("version", "status"), [("2020-08-27", 200), ("2025-08-27.preview", 200), ("soon", 400)])
def test_version_has_to_be_one_of_stripes(emulator: Emulator, version: str, status: int) -> None:
    answer = send(emulator.url, "GET", "/v1/account", headers=KEY | {"Stripe-Version": version})

    assert answer.status == status


def test_hostile_header_values_stay_in_their_line(emulator: Emulator) -> None:
    answer = send(emulator.url, "POST", "/v1/customers", {}, PINNED | {"Idempotency-Key": "kéy; <b>"})

    assert answer.status == 200
