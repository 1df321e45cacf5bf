"""Reconciling with Stripe: what lost webhooks left wrong is put right, and the operator is told."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.gateway.account import current_scope
from app.billing.gateway.objects import LARGEST_AMOUNT
from app.billing.gateway.read import subscriptions_of
from app.billing.models.payments import Order
from app.billing.models.subscription import Subscription
from app.billing.reconcile.users import DriftReport, sync_all
from app.database import db, utcnow
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in


@pytest.fixture
def reconcile(app: Flask, catalogue: None, at_stripe: Stripe):  # type: ignore[no-untyped-def]
    """The nightly job, on a site that no webhook has reached."""
    at_stripe.mute()

    def run(**options: object) -> DriftReport:
        with app.app_context():
            return sync_all(**options)  # type: ignore[arg-type]

    return run


def order_states(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Order.state).order_by(Order.created_at)))


def test_subscription_bought_without_a_webhook_is_found(reconcile, app: Flask, alice: Person, at_stripe) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))

    report = reconcile()

    assert (alice.role, order_states(app)) == ("pro", ["fulfilled"])
    assert report.pays_without_access == report.settled_orders == [alice.email]
    assert report.repaired == 1


def test_lifetime_bought_without_a_webhook_is_found(reconcile, app: Flask, alice: Person, at_stripe) -> None:
    at_stripe.pay(session_id_in(alice.buy("lifetime").location))

    report = reconcile()

    assert (alice.role, order_states(app)) == ("pro", ["fulfilled"])
    assert report.pays_without_access == report.settled_orders == [alice.email]


def test_dry_run_reports_the_same_and_writes_nothing(reconcile, app: Flask, alice: Person, at_stripe) -> None:
    at_stripe.pay(session_id_in(alice.buy("lifetime").location))

    report = reconcile(dry_run=True)

    assert report.settled_orders == [alice.email]
    assert (alice.role, order_states(app)) == ("free", ["pending"])


def test_second_run_finds_nothing_to_repair(reconcile, alice: Person, at_stripe) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    reconcile()

    report = reconcile()

    assert report == DriftReport(checked=1)


def test_open_session_is_left_to_its_buyer(reconcile, app: Flask, alice: Person) -> None:
    alice.buy("pro")

    report = reconcile()

    assert order_states(app) == ["pending"]
    assert report == DriftReport(checked=1)


def test_expired_session_closes_its_order(reconcile, app: Flask, alice: Person, at_stripe) -> None:
    at_stripe.v1.checkout.sessions.expire(session_id_in(alice.buy("pro").location))

    reconcile()

    assert order_states(app) == ["expired"]


def test_debit_on_its_way_stays_open_and_a_failed_one_is_closed(
    reconcile, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.pay_by_debit(session_id_in(alice.buy("lifetime").location), "IT60X0542811101000000123456")
    reconcile()
    on_its_way = order_states(app)
    emulator.advance(seconds=60)

    reconcile()

    assert (on_its_way, order_states(app)) == (["pending"], ["failed"])


def test_order_that_never_got_a_session_is_closed_after_a_day(reconcile, app: Flask, alice: Person) -> None:
    alice.buy("pro")
    with app.app_context():
        order = db.session.scalars(db.select(Order)).one()
        order.stripe_checkout_session_id = None
        db.session.commit()
        young = reconcile().settled_orders
        order.created_at = utcnow() - timedelta(days=1, minutes=1)
        db.session.commit()

    report = reconcile()

    assert young == []
    assert report.settled_orders == [alice.email]
    assert order_states(app) == ["expired"]


def test_lifetime_bought_through_the_link_without_a_webhook_is_found(
    reconcile, app_with, app: Flask, at_stripe: Stripe
) -> None:
    selling = app_with(stripe_payment_links={"lifetime": "https://buy.stripe.com/test_lifetime"})
    alice = Person.sign_up(selling, "alice@example.com")
    wanted = {"mode": "payment", "success_url": "https://example.com"}
    wanted |= {"line_items": [{"price": at_stripe.price("shop_lifetime"), "quantity": 1}]}
    for order_id in ("somebody-elses", alice.buy("lifetime").location.rpartition("=")[2]):
        at_stripe.pay(at_stripe.v1.checkout.sessions.create({**wanted, "client_reference_id": order_id}).id)

    with selling.app_context():
        report = sync_all()

    assert report.settled_orders == [alice.email]
    assert (alice.role, order_states(app)) == ("pro", ["fulfilled"])


def test_canceled_subscription_without_a_webhook_is_found(reconcile, app: Flask, alice: Person, at_stripe) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    reconcile()
    at_stripe.v1.subscriptions.cancel(at_stripe.subscriptions()[0]["id"])

    report = reconcile()

    assert alice.role == "free"
    assert report.has_access_without_paying == [alice.email]


def test_subscription_that_stripe_no_longer_has_counts_as_canceled(
    reconcile, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    reconcile()
    emulator.reset()

    report = reconcile()

    assert alice.role == "free"
    assert report.has_access_without_paying == [alice.email]
    with app.app_context():
        assert db.session.scalars(db.select(Subscription.status)).one() == "canceled"


def test_two_subscriptions_at_once_are_reported_and_the_better_one_counts(
    reconcile, alice: Person, at_stripe: Stripe
) -> None:
    session = at_stripe.pay(session_id_in(alice.buy("basic").location))
    at_stripe.subscribe(session["customer"], at_stripe.price("shop_pro_month"))

    report = reconcile()

    assert alice.role == "pro"
    assert report.several_subscriptions == [alice.email]


def test_price_that_no_plan_knows_grants_nothing_and_is_reported(reconcile, alice: Person, at_stripe: Stripe) -> None:
    customer = at_stripe.pay(session_id_in(alice.buy("lifetime").location))["customer"]
    price = {"currency": "usd", "unit_amount": 100, "recurring": {"interval": "month"}, "product_data": {"name": "Odd"}}
    odd = at_stripe.subscribe(customer, at_stripe.v1.prices.create(price).id)

    report = reconcile()

    assert report.unknown_prices == [odd["id"]]


def test_stripe_out_of_reach_changes_nothing(reconcile, app_with, app: Flask, alice: Person, at_stripe) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    reconcile()
    offline = app_with(stripe_api_base="http://127.0.0.1:9")

    with offline.app_context():
        report = sync_all()

    assert report.checked == 0
    assert len(report.failed) == 1
    assert alice.role == "pro"


def test_what_was_repaired_of_somebody_is_undone_where_the_rest_cannot_be(
    reconcile, app: Flask, alice: Person, bob: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    """Of two subscriptions the older one costs more than can be written down, which is found out at the second."""
    unwritable, other = sorted((alice, bob), key=lambda person: person.id)
    session = at_stripe.pay(session_id_in(unwritable.buy("basic").location))
    at_stripe.subscribe(session["customer"], at_stripe.price("shop_pro_month"))
    found = emulator.get("subscription", session["subscription"])
    found["items"]["data"][0]["price"]["unit_amount"] = LARGEST_AMOUNT
    found["items"]["data"][0]["quantity"] = 2
    emulator.overwrite(found)
    with app.app_context():
        db.session.execute(db.update(Order).where(Order.user_id.is_not(None)).values(state="failed"))
        db.session.commit()
    at_stripe.pay(session_id_in(other.buy("pro").location))

    report = reconcile()

    assert report.failed == [str(unwritable.id)]
    other_id = other.id
    with app.app_context():
        assert db.session.scalars(db.select(Subscription.user_id)).all() == [other_id]


@pytest.mark.slow
def test_more_subscriptions_than_stripe_lists_at_once_are_all_read(
    app: Flask, catalogue: None, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    customer = at_stripe.v1.customers.create({}).id
    wanted: Any = {"customer": customer, "items": [{"price": at_stripe.price("shop_pro_month")}]}
    for _ in range(101):
        at_stripe.v1.subscriptions.create(wanted | {"trial_period_days": 14})

    with app.app_context():
        assert len(subscriptions_of(customer, current_scope())) == 101


def test_subscription_that_cannot_be_read_stops_nobody_elses_comparison(
    reconcile, alice: Person, bob: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    unreadable, other = sorted((alice, bob), key=lambda person: person.id)
    for person in (unreadable, other):
        subscription = at_stripe.pay(session_id_in(person.buy("pro").location))["subscription"]
        if person is unreadable:
            found = emulator.get("subscription", subscription)
            found["items"]["data"] = []
            emulator.overwrite(found)

    report = reconcile()

    assert report.failed == [str(unreadable.id)]
    assert (unreadable.role, other.role) == ("free", "pro")
