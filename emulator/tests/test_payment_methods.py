"""Payment methods: how they are made, attached and let go."""

import pytest
import stripe

from stripe_emulator import Emulator
from tests.http import send


@pytest.fixture
def customer(client: stripe.StripeClient) -> str:
    """Create a customer and return its id."""
    return client.v1.customers.create({}).id


@pytest.mark.parametrize(
    ("card", "last4"),
    [
        ({"token": "tok_visa"}, "4242"),
        ({"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2050, "cvc": "123"}, "4242"),
        ({"number": "5555555555554444", "exp_month": 1, "exp_year": 2040}, "4444"),
    ],
)
def test_card_is_made_from_a_token_or_a_test_number(
    client: stripe.StripeClient, card: dict[str, str], last4: str
) -> None:
    method = client.v1.payment_methods.create({"type": "card", "card": card})  # type: ignore[arg-type]

    assert method.card is not None
    assert method.card.last4 == last4
    assert method.customer is None


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"type": "card"}, 400),
        ({"type": "card", "card[token]": "tok_nonsense"}, 400),
        ({"type": "card", "card[number]": "1234567812345678"}, 402),
        (
            {"type": "card", "card[number]": "4242424242424241", "card[exp_month]": "1", "card[exp_year]": "50"},
            402,
        ),
        (
            {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": "13", "card[exp_year]": "50"},
            402,
        ),
        ({"type": "sepa_debit"}, 400),
        ({"type": "sepa_debit", "sepa_debit[iban]": "XX00"}, 400),
        ({"type": "klarna"}, 400),
        ({}, 400),
    ],
)
def test_wrong_payment_method_is_refused(emulator: Emulator, params: dict[str, str], status: int) -> None:
    answer = send(emulator.url, "POST", "/v1/payment_methods", params)

    assert answer.status in (status, 402)
    assert answer.error["message"]


def test_sepa_debit_is_made_from_a_test_iban(client: stripe.StripeClient) -> None:
    method = client.v1.payment_methods.create(
        {
            "type": "sepa_debit",
            "sepa_debit": {"iban": "AT61 1904 3002 3457 3201"},
            "billing_details": {"name": "Alice", "email": "alice@example.com"},
        }
    )

    assert method.sepa_debit is not None
    assert (method.sepa_debit.country, method.sepa_debit.last4) == ("AT", "3201")
    assert method.billing_details.name == "Alice"


def test_magic_id_becomes_a_new_method_at_each_attachment(client: stripe.StripeClient, customer: str) -> None:
    first = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    second = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})

    assert first.id != second.id
    assert {first.id, second.id} == {one.id for one in client.v1.payment_methods.list({"customer": customer}).data}


def test_detached_method_is_no_longer_listed_or_default(client: stripe.StripeClient, customer: str) -> None:
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})

    detached = client.v1.payment_methods.detach(method.id)

    settings = client.v1.customers.retrieve(customer).invoice_settings
    assert detached.customer is None
    assert settings is not None
    assert settings.default_payment_method is None
    assert client.v1.payment_methods.list({"customer": customer}).data == []


def test_declining_card_cannot_be_attached(client: stripe.StripeClient, customer: str) -> None:
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer})

    assert (caught.value.code, caught.value.http_status) == ("card_declined", 402)


def test_card_that_fails_only_when_charged_can_be_attached(client: stripe.StripeClient, customer: str) -> None:
    method = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})

    assert method.customer == customer


def test_expiry_and_billing_details_can_change(client: stripe.StripeClient, customer: str) -> None:
    id = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id

    method = client.v1.payment_methods.update(
        id,
        {
            "card": {"exp_month": 6, "exp_year": 2041},
            "billing_details": {"name": "Alice", "address": {"city": "Oslo"}},
        },
    )

    assert method.card is not None
    assert (method.card.exp_month, method.card.exp_year) == (6, 2041)
    assert method.billing_details.address is not None
    assert method.billing_details.address.city == "Oslo"


@pytest.mark.parametrize("method", ["pm_missing", "pm_card_nonsense"])
def test_missing_method_is_reported_by_its_name(emulator: Emulator, customer: str, method: str) -> None:
    answer = send(emulator.url, "POST", f"/v1/payment_methods/{method}/attach", {"customer": customer})

    assert (answer.status, answer.error["param"]) == (404, "payment_method")


def test_detached_payment_method_may_not_be_used_again(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    attached = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    client.v1.payment_methods.detach(attached.id)

    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(attached.id, {"customer": customer.id})
