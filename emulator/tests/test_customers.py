"""Customers: their life, their metadata, and what belongs to them."""

import pytest
import stripe

from stripe_emulator import Emulator


def test_customer_keeps_what_it_was_given(client: stripe.StripeClient) -> None:
    created = client.v1.customers.create(
        {
            "email": "alice@example.com",
            "name": "Alice",
            "address": {"city": "Oslo", "country": "NO"},
            "shipping": {"name": "Alice", "address": {"line1": "Street 1"}},
            "metadata": {"userId": "1"},
        }
    )

    customer = client.v1.customers.retrieve(created.id)

    assert customer.id.startswith("cus_")
    assert len(customer.id) == 18
    assert customer.email == "alice@example.com"
    assert customer.address is not None
    assert customer.address.city == "Oslo"
    assert customer.shipping is not None
    assert customer.shipping.address is not None
    assert customer.metadata is not None
    assert customer.metadata.to_dict() == {"userId": "1"}


def test_metadata_merges_removes_and_clears(client: stripe.StripeClient) -> None:
    id = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}}).id

    merged = client.v1.customers.update(id, {"metadata": {"b": "", "c": "3"}})
    cleared = client.v1.customers.update(id, {"metadata": ""})

    assert merged.metadata is not None
    assert merged.metadata.to_dict() == {"a": "1", "c": "3"}
    assert cleared.metadata is not None
    assert cleared.metadata.to_dict() == {}


def test_update_event_tells_the_old_values(client: stripe.StripeClient) -> None:
    id = client.v1.customers.create({"name": "Old", "metadata": {"a": "1"}}).id

    client.v1.customers.update(id, {"name": "New", "metadata": {"a": "2"}})

    event = client.v1.events.list({"type": "customer.updated", "limit": 1}).data[0]
    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes.to_dict() == {"name": "Old", "metadata": {"a": "1"}}
    assert event.request is not None
    assert event.request.id is not None


def test_update_that_changes_nothing_is_no_event(client: stripe.StripeClient) -> None:
    id = client.v1.customers.create({"name": "Same"}).id
    before = client.v1.events.list({"limit": 1}).data[0].id

    client.v1.customers.update(id, {"name": "Same"})

    assert client.v1.events.list({"limit": 1}).data[0].id == before


def test_missing_customer_is_reported_on_id(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.retrieve("cus_00000000000000")

    assert (caught.value.http_status, caught.value.code, caught.value.param) == (404, "resource_missing", "id")
    assert str(caught.value.user_message) == "No such customer: 'cus_00000000000000'"


def test_deleted_customer_is_a_stub_and_cannot_be_changed(client: stripe.StripeClient) -> None:
    id = client.v1.customers.create({}).id

    deleted = client.v1.customers.delete(id)

    assert deleted.deleted is True
    assert client.v1.customers.retrieve(id).to_dict() == {"id": id, "object": "customer", "deleted": True}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.update(id, {"name": "Ghost"})


def test_customer_created_with_card_has_it_as_default(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(
        {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    )

    assert customer.invoice_settings is not None
    methods = client.v1.customers.payment_methods.list(customer.id).data

    assert [method.id for method in methods] == [customer.invoice_settings.default_payment_method]
    assert methods[0].card is not None
    assert methods[0].card.last4 == "4242"


def test_declined_card_leaves_no_customer_behind(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as caught:
        client.v1.customers.create({"email": "declined@example.com", "payment_method": "pm_card_chargeDeclined"})

    assert caught.value.http_status == 402
    assert client.v1.customers.list({"email": "declined@example.com"}).data == []


def test_default_payment_method_must_be_attached(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    method = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})

    with pytest.raises(stripe.InvalidRequestError, match="must be attached"):
        client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})


def test_card_added_the_old_way_is_a_source_and_a_payment_method(
    client: stripe.StripeClient, emulator: Emulator
) -> None:
    customer = client.v1.customers.create({})

    card = client.v1.customers.payment_sources.create(customer.id, {"source": "tok_visa"})

    assert card.id.startswith("card_")
    assert client.v1.customers.retrieve(customer.id).default_source == card.id
    assert client.v1.payment_methods.retrieve(card.id).customer == customer.id


def test_balance_is_adjusted_by_transactions(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})

    client.v1.customers.balance_transactions.create(customer.id, {"amount": -500, "currency": "usd"})
    client.v1.customers.balance_transactions.create(customer.id, {"amount": 200, "currency": "usd"})

    assert client.v1.customers.retrieve(customer.id).balance == -300
    endings = [one.ending_balance for one in client.v1.customers.balance_transactions.list(customer.id).data]
    assert endings == [-300, -500]


def test_tax_ids_come_and_go(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"tax_id_data": [{"type": "eu_vat", "value": "DE123456789"}]})

    tax_id = client.v1.customers.tax_ids.list(customer.id).data[0]
    client.v1.customers.tax_ids.delete(customer.id, tax_id.id)

    assert tax_id.country == "DE"
    assert client.v1.customers.tax_ids.list(customer.id).data == []


def test_fields_on_request_are_there_when_they_are_asked_for(client: stripe.StripeClient) -> None:
    asked = ["invoice_credit_balance", "tax", "cash_balance", "sources", "subscriptions", "tax_ids"]
    plain = client.v1.customers.create({"email": "a@example.com"}).to_dict()
    customer = client.v1.customers.create({"address": {"country": "NO"}, "balance": -500, "expand": asked}).to_dict()

    assert not set(asked) & set(plain)
    assert customer["invoice_credit_balance"] == {"usd": -500}
    assert customer["tax"]["automatic_tax"] == "not_collecting"
    assert customer["tax"]["location"] == {"country": "NO", "source": "billing_address", "state": None}
    assert customer["cash_balance"] is None
    even = client.v1.customers.retrieve(str(plain["id"]), {"expand": ["invoice_credit_balance", "tax"]}).to_dict()
    assert even["invoice_credit_balance"] == {}
    assert even["tax"]["automatic_tax"] == "unrecognized_location"


def test_what_a_coupon_is_for_is_said_on_request(client: stripe.StripeClient) -> None:
    product = client.v1.products.create({"name": "Pro"})
    coupon = client.v1.coupons.create({"percent_off": 10, "applies_to": {"products": [product.id]}})

    asked = client.v1.coupons.retrieve(coupon.id, {"expand": ["applies_to"]})

    assert "applies_to" not in client.v1.coupons.retrieve(coupon.id)
    assert asked.applies_to is not None
    assert asked.applies_to.products == [product.id]
