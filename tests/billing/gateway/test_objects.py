"""Stripe's objects as we read them: what fits is typed, and what a row or a clock could not hold is refused."""

import uuid
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from app.billing.errors import StripeUnavailable, UnreadableObject
from app.billing.gateway.objects import (
    CheckoutSessionObject,
    CustomerObject,
    InvoiceObject,
    Owned,
    StripeResource,
    SubscriptionObject,
)
from app.billing.subscriptions.snapshot import SubscriptionSnapshot

USER = uuid.UUID("7d444840-9dc0-11d1-b245-5ffdce74fad2")
PRICE = {"id": "price_1", "currency": "usd", "lookup_key": None, "recurring": {"interval": "month"}, "unit_amount": 900}
ITEM = {"id": "si_1", "current_period_start": 1, "current_period_end": 2, "price": PRICE, "quantity": 2}
SUBSCRIPTION = {
    "id": "sub_1", "object": "subscription", "cancel_at": None, "cancel_at_period_end": False, "canceled_at": None,
    "currency": "usd", "customer": "cus_1", "ended_at": None, "items": {"data": [ITEM]},
    "latest_invoice": {"id": "in_1"},
    "metadata": {"userId": str(USER), "colour": "blue"}, "pause_collection": None, "start_date": 1, "status": "active",
    "trial_end": None,
}  # fmt: skip
SESSION = {
    "id": "cs_1", "amount_total": 900, "created": 1, "mode": "payment", "payment_status": "paid",
    "payment_intent": "pi_1",
}  # fmt: skip
INVOICE = {
    "id": "in_1", "amount_due": 900, "amount_paid": 0, "attempt_count": 0, "created": 1, "currency": "usd",
}  # fmt: skip


def with_value(whole: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy in which the field at this path has another value."""
    copy = deepcopy(whole)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner: Any = copy
    for step in way:
        inner = inner[step]
    inner[last] = value
    return copy


def test_subscription_is_read_with_times_ids_and_our_metadata() -> None:
    read = SubscriptionObject.read(SUBSCRIPTION)

    assert read.start_date == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert (read.customer, read.latest_invoice) == ("cus_1", "in_1")
    assert (read.metadata.user_id, read.metadata.order_id) == (USER, None)
    assert read.items.data[0].price.unit_amount == 900


def test_what_is_read_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        SubscriptionObject.read(SUBSCRIPTION).status = "canceled"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("kind", "whole", "path", "value"),
    [
        (SubscriptionObject, SUBSCRIPTION, "id", ""),
        (SubscriptionObject, SUBSCRIPTION, "id", "x" * 256),
        (SubscriptionObject, SUBSCRIPTION, "status", "x" * 33),
        (SubscriptionObject, SUBSCRIPTION, "start_date", 2**40),
        (SubscriptionObject, SUBSCRIPTION, "start_date", True),
        (SubscriptionObject, SUBSCRIPTION, "trial_end", "1"),
        (SubscriptionObject, SUBSCRIPTION, "cancel_at_period_end", None),
        (SubscriptionObject, SUBSCRIPTION, "customer", {"id": None}),
        (SubscriptionObject, SUBSCRIPTION, "metadata", ["userId"]),
        (SubscriptionObject, SUBSCRIPTION, "items.data", []),
        (SubscriptionObject, SUBSCRIPTION, "items.data.0.quantity", -1),
        (SubscriptionObject, SUBSCRIPTION, "items.data.0.price.unit_amount", 2**63),
        (SubscriptionObject, SUBSCRIPTION, "items.data.0.price.unit_amount", 9.0),
        (SubscriptionObject, SUBSCRIPTION, "items.data.0.price.currency", "dollars"),
        (CheckoutSessionObject, SESSION, "amount_total", None),
        (InvoiceObject, INVOICE, "attempt_count", 2**31),
        (InvoiceObject, INVOICE, "number", "x" * 65),
    ],
)
def test_what_a_row_could_not_hold_is_refused_with_its_name(
    kind: type[StripeResource], whole: dict[str, Any], path: str, value: object
) -> None:
    with pytest.raises(UnreadableObject, match=path):
        kind.read(with_value(whole, path, value))


@pytest.mark.parametrize("odd", [None, [], "sub_1", 5, {}])
def test_what_is_no_object_is_refused(odd: object) -> None:
    with pytest.raises(UnreadableObject):
        SubscriptionObject.read(odd)


def test_unreadable_answer_counts_as_stripe_out_of_reach() -> None:
    """Whoever asked can try again: nothing was decided by it."""
    assert issubclass(UnreadableObject, StripeUnavailable)


def test_subscription_that_costs_more_than_a_row_holds_is_refused(app: Flask) -> None:
    dear = with_value(SUBSCRIPTION, "items.data.0.price.unit_amount", 2**62)

    with app.app_context(), pytest.raises(UnreadableObject):
        SubscriptionSnapshot.of(SubscriptionObject.read(dear))


def test_expanded_payment_intent_tells_its_status() -> None:
    plain = CheckoutSessionObject.read(SESSION)
    expanded = CheckoutSessionObject.read(SESSION | {"payment_intent": {"id": "pi_1", "status": "processing"}})

    assert (plain.payment_intent, plain.payment_intent_status) == ("pi_1", None)
    assert (expanded.payment_intent, expanded.payment_intent_status) == ("pi_1", "processing")


def test_invoice_without_a_parent_is_of_no_subscription() -> None:
    details = {"metadata": {"userId": str(USER)}, "subscription": "sub_1"}

    alone = InvoiceObject.read(INVOICE).subscription_details
    renewal = InvoiceObject.read(INVOICE | {"parent": {"subscription_details": details}}).subscription_details

    assert (alone.subscription, alone.metadata.user_id) == (None, None)
    assert (renewal.subscription, renewal.metadata.user_id) == ("sub_1", USER)


def test_deleted_customer_is_an_id_alone() -> None:
    assert CustomerObject.read({"id": "cus_1", "object": "customer", "deleted": True}).deleted
    assert not CustomerObject.read({"id": "cus_1"}).deleted


@pytest.mark.parametrize(
    "odd", [{}, {"customer": 5}, {"customer": {"id": None}}, {"metadata": 5}, {"metadata": ["userId"]}]
)
def test_owner_of_an_odd_object_is_nobody(odd: dict[str, Any]) -> None:
    assert Owned.of(odd) == Owned()
