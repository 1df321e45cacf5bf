"""Validly signed events with anything at all in them: never a 500."""

import copy
import itertools
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.billing.models.payments import Payment
from app.billing.webhooks.handlers import HANDLERS
from app.database import db
from tests.people import Person
from tests.stripe_actions import Stripe, event_of, session_id_in

ODD = st.sampled_from(
    [None, "", "\x00", "\ud800", "x" * 300, 0, -1, 2**40, 2**63, 2**80, 1.5, True, [], {}, [None], {"id": 1}]
)
JSON = ODD | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
REMOVED = object()
numbers = itertools.count()


@pytest.fixture
def real_events(app: Flask, catalogue: None, alice: Person, bob: Person, at_stripe: Stripe) -> list[dict[str, Any]]:
    """An event of every handled type, about objects that are ours."""
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    lifetime = at_stripe.pay(session_id_in(bob.buy("lifetime").location))
    charge = at_stripe.charges()[-1]
    at_stripe.v1.refunds.create({"payment_intent": lifetime["payment_intent"], "amount": 100})
    dispute = {"id": "du_1", "object": "dispute", "charge": charge["id"], "amount": 19900, "status": "needs_response"}
    objects = {
        "checkout": lifetime,
        "customer.subscription": at_stripe.subscriptions()[0],
        "invoice": at_stripe.invoices()[0],
        "charge.dispute": {**dispute, "payment_intent": lifetime["payment_intent"]},
        "charge": at_stripe.charges()[-1],
        "customer": {"id": lifetime["customer"], "object": "customer"},
        "payment_method": at_stripe.v1.payment_methods.retrieve(at_stripe.card()).to_dict(for_json=True),
        "price": at_stripe.v1.prices.list({"limit": 1}).data[0].to_dict(for_json=True),
        "product": at_stripe.v1.products.list({"limit": 1}).data[0].to_dict(for_json=True),
        "refund": at_stripe.v1.refunds.list({"limit": 1}).data[0].to_dict(for_json=True),
        "subscription_schedule": {
            "id": "sub_sched_1",
            "object": "subscription_schedule",
            "customer": lifetime["customer"],
        },
        "account": {"id": "ca_1", "object": "application"},
    }
    # A type that a fork handles besides has an object of which nothing is known here.
    unknown = {"id": "obj_1", "object": "something.else"}
    return [event_of(kind, next((objects[p] for p in objects if kind.startswith(p)), unknown)) for kind in HANDLERS]


def test_events_with_any_part_replaced_or_missing_never_fail(deliver, real_events: list[dict[str, Any]]) -> None:
    @given(st.data())
    def check(data: st.DataObject) -> None:
        event = copy.deepcopy(data.draw(st.sampled_from(real_events)))
        for _ in range(data.draw(st.integers(1, 3))):
            _spoil(data, event["data"]["object"])
        event["id"] = f"evt_fuzz_{next(numbers)}"

        answer = deliver(event)

        assert answer.status_code in (200, 400), answer.json

    check()


def test_envelopes_with_any_part_replaced_never_fail(deliver, real_events: list[dict[str, Any]]) -> None:
    @given(st.sampled_from(real_events), st.sampled_from(sorted(real_events[0])), JSON)
    def check(event: dict[str, Any], key: str, value: Any) -> None:
        answer = deliver({**event, "id": f"evt_fuzz_{next(numbers)}", key: value})

        assert answer.status_code in (200, 400), answer.json

    check()


@pytest.mark.parametrize(
    "odd",
    [{"customer": 5}, {"customer": ["cus_1"]}, {"customer": {"id": None}}, {"metadata": 5}, {"metadata": ["userId"]}],
)
def test_subscription_of_somebody_else_is_ignored_whatever_its_shape(deliver, odd: dict[str, Any]) -> None:
    event = event_of("customer.subscription.updated", {"id": "sub_foreign", "object": "subscription", **odd})

    assert deliver(event).status_code == 200


def test_paid_session_without_its_total_is_read_from_stripe(
    app: Flask, deliver, real_events: list[dict[str, Any]], bob: Person
) -> None:
    event = next(one for one in real_events if one["type"] == "checkout.session.completed")
    event["data"]["object"]["amount_total"] = None

    answer = deliver(event)

    assert (answer.status_code, bob.role) == (200, "pro")
    with app.app_context():
        assert db.session.scalars(db.select(Payment.amount)).all() == [19900]


@given(body=st.binary(max_size=200))
def test_any_signed_bytes_are_answered_with_a_refusal(deliver, body: bytes) -> None:
    assert deliver(body).status_code == 400


def _spoil(data: st.DataObject, target: Any) -> None:
    """Replace or remove one value, at any depth."""
    while isinstance(target, dict | list) and target:
        keys = sorted(target) if isinstance(target, dict) else range(len(target))
        key = data.draw(st.sampled_from(keys))
        inner = target[key]
        if isinstance(inner, dict | list) and inner and data.draw(st.booleans()):
            target = inner
            continue
        value = data.draw(JSON | st.just(REMOVED))
        if value is REMOVED:
            del target[key]
        else:
            target[key] = copy.deepcopy(value)
        return
