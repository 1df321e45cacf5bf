"""What belongs to another Stripe account or mode counts nowhere, and is shown nowhere."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from stripe_emulator import Emulator

from app.account.deletion import deletion_summary
from app.auth.models import User
from app.billing.customers import customer_of, owner_is_gone, owner_of
from app.billing.figure_rows import paying_subscriptions
from app.billing.figures import (
    cohorts,
    reasons_for_leaving,
    recovered_payments,
    revenue_by_plan,
    revenue_churn,
    trial_conversion,
)
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.gateway.objects import NO_METADATA, ChargeObject, CheckoutSessionObject, Metadata
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeAccount, StripeCustomer
from app.billing.models.subscription import Subscription
from app.billing.movements import movements, note_changes
from app.billing.payments.cards import card_on_file, forget_card, users_of_card
from app.billing.payments.charges import known_order
from app.billing.payments.order_lookup import find_order, order_named_in
from app.billing.payments.orders import bought_for_good, pending_orders
from app.billing.payments.trials import has_subscribed, has_used_trial
from app.billing.reconcile.orders import sessions_of_deleted_users
from app.billing.reconcile.users import sync_all, sync_user, users_to_sync
from app.billing.reports import (
    active_subscribers_by_plan,
    churn,
    count_payments_to_refund,
    monthly_recurring_revenue,
    revenue_by_month,
)
from app.billing.roles.decision import decide_role
from app.billing.setup.prices import subscriptions_at_unknown_prices
from app.billing.subscriptions.lookup import latest_subscription, live_subscriptions
from app.billing.subscriptions.next_charge import forget_next_charges
from app.billing.subscriptions.unpaid import bought_at
from app.billing.support.evidence import open_disputes
from app.billing.support.refunds import find_payment
from app.database import db
from tests.billing.elsewhere import ELSEWHERE, id_in, live_elsewhere, order_id_in
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.catalogue import FREE
from tests.people import PASSWORD, Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def scopes(alice: Person) -> list[StripeScope]:
    """Where else Alice has everything that can be had."""
    return live_elsewhere(alice)


@pytest.fixture
def olga(app: Flask) -> Person:
    """The operator."""
    olga = Person.sign_up(app, "olga@example.com")
    olga.become_admin()
    return olga


def test_account_page_tells_of_nothing_bought_elsewhere(alice: Person, scopes: list[StripeScope]) -> None:
    page = alice.get("/account").text

    assert "on the free plan" in page
    assert "yours for good" not in page
    assert ELSEWHERE not in page
    assert "payment" not in page.lower().partition("<main")[0]
    assert ELSEWHERE not in alice.get("/account/invoices").text


def test_pricing_page_offers_what_was_bought_elsewhere(alice: Person, scopes: list[StripeScope]) -> None:
    page = alice.get("/pricing").text

    assert "Choose Pro" in page
    assert "Manage your plan" not in page
    assert "See your receipt" not in page


def session(scope: StripeScope) -> CheckoutSessionObject:
    """A session without metadata that an order of this scope knows."""
    now = int(time.time())
    amounts = {"amount_total": 19900, "created": now, "mode": "payment", "payment_status": "paid"}
    return CheckoutSessionObject.read({"id": id_in(scope, "cs_pending"), **amounts})


def charge(scope: StripeScope) -> ChargeObject:
    """A charge that an order of this scope was paid with."""
    return ChargeObject.model_construct(payment_intent=id_in(scope, "pi_fulfilled"), metadata=NO_METADATA)


def forgotten(scope: StripeScope, there: StripeScope) -> bool:
    """Whether what comes next of a subscription is asked again, once something has changed for its customer."""
    forget_next_charges(id_in(there, "cus"), scope)
    return db.session.get_one(Subscription, id_in(there, "sub_active")).next_asked_for is None


@dataclass(frozen=True)
class Search:
    """Looking in a scope for what a user has in another one, or, for comparison, in the same one."""

    user: User
    scope: StripeScope
    there: StripeScope


WAYS: Mapping[str, Callable[[Search], Any]] = {
    "the customer": lambda at: customer_of(at.user.id, at.scope),
    "whose a customer is": lambda at: owner_of(id_in(at.there, "cus"), NO_METADATA, at.scope),
    "whose a deleted customer was": lambda at: owner_of(id_in(at.there, "cus_former"), NO_METADATA, at.scope),
    "that its account is gone": lambda at: owner_is_gone(id_in(at.there, "cus_gone"), at.scope),
    "the order by its session": lambda at: find_order(session(at.there), at.scope),
    "the order by its payment": lambda at: known_order(charge(at.there), at.scope),
    "the order by its name": lambda at: order_named_in(
        Metadata.model_construct(user_id=at.user.id, order_id=order_id_in(at.there, "pending")), at.scope
    ),
    "an open order": lambda at: pending_orders(at.user.id, at.scope),
    "what was bought for good": lambda at: bought_for_good(at.user, at.scope),
    "a live subscription": lambda at: live_subscriptions(at.user, at.scope),
    "any subscription": lambda at: latest_subscription(at.user, at.scope),
    "a subscription ever": lambda at: has_subscribed(at.user.id, at.scope),
    "a trial": lambda at: has_used_trial(at.user.id, at.scope),
    "a role": lambda at: decide_role(at.user, at.scope).role != FREE,
    "whom to compare": lambda at: users_to_sync(at.scope),
    "whom to settle for": lambda at: sessions_of_deleted_users(at.scope),
    "what a subscriber's price bought": lambda at: bought_at("price_of_no_plan", at.scope),
    "what an order's price bought": lambda at: bought_at("price_ordered", at.scope),
    "what comes next": lambda at: forgotten(at.scope, at.there),
    "revenue": lambda at: sum(month.amount for month in revenue_by_month(at.scope)),
    "what comes in a month": lambda at: monthly_recurring_revenue(at.scope),
    "subscribers": lambda at: active_subscribers_by_plan(at.scope),
    "who left": lambda at: churn(at.scope).subscribed,
    "what to give back": lambda at: count_payments_to_refund(at.scope),
    "who stays": lambda at: cohorts(at.scope),
    "trials that were paid for": lambda at: trial_conversion(at.scope).whole,
    "what failed at first": lambda at: recovered_payments(at.scope),
    "what comes in no more": lambda at: revenue_churn(at.scope),
    "why they left": lambda at: reasons_for_leaving(at.scope),
    "what a plan brings": lambda at: revenue_by_plan(at.scope),
    "a payment by its number": lambda at: find_payment(f"{ELSEWHERE}-paid", at.scope),
    "the card": lambda at: card_on_file(at.user, at.scope, again=False),
    "a card that changed": lambda at: forget_card(id_in(at.there, "cus"), None, at.scope),
    "what brings something in": lambda at: db.session.scalars(paying_subscriptions(at.scope)).all(),
    "what moved": lambda at: movements(at.scope),
    "what is to be written down as moved": lambda at: note_changes(at.scope),
    "open disputes": lambda at: open_disputes(at.scope),
    "who pays with a card": lambda at: db.session.scalars(users_of_card(ELSEWHERE, at.scope)).all(),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_is_elsewhere_is_found_there_alone(
    alice: Person, scopes: list[StripeScope], way: Callable[[Search], Any], app: Flask
) -> None:
    alice_id = alice.id
    with app.app_context():
        user, here = db.session.get_one(User, alice_id), current_scope()

        assert not [scope for scope in scopes if way(Search(user, here, scope))]
        assert all(way(Search(user, scope, scope)) for scope in scopes)


def test_one_way_of_several_leads_to_whom_to_compare(alice: Person, scopes: list[StripeScope], app: Flask) -> None:
    """A customer, a subscription and an open order would each do: the others are taken away in turn."""
    alice_id = alice.id
    with app.app_context():
        here = current_scope()
        for kept in (StripeCustomer, Subscription, Order):
            for table in {StripeCustomer, Subscription, Order} - {kept}:
                db.session.execute(db.delete(table))

            assert users_to_sync(here) == []
            assert [users_to_sync(scope) for scope in scopes] == [[alice_id], [alice_id]]
            db.session.rollback()


def test_nobody_asks_stripe_about_what_is_elsewhere(
    alice: Person, scopes: list[StripeScope], app_with: Callable[..., Flask], emulator: Emulator
) -> None:
    alice_id = alice.id
    with MisbehavingStripe(emulator.url) as stripe, app_with(stripe_api_base=stripe.url).app_context():
        current_scope()
        stripe.requests.clear()

        report = sync_all()
        sync_user(db.session.get_one(User, alice_id), with_payments=True)

        assert (report.checked, report.failed, report.unknown_prices, stripe.requests) == (0, [], [], [])


def test_new_key_asks_about_the_customers_of_its_mode_alone(
    alice: Person, scopes: list[StripeScope], app_with: Callable[..., Flask], emulator: Emulator
) -> None:
    with MisbehavingStripe(emulator.url) as stripe:
        key = {"stripe_secret_key": "sk_test_rolled00000", "stripe_webhook_secret": "whsec_1"}
        with app_with(stripe_api_base=stripe.url, **key).app_context():
            current_scope()

    asked = [path for _, path in stripe.requests]
    assert asked == ["/v1/customers/cus_acct_another_test", "/v1/account"]


def test_first_subscription_here_has_its_trial(
    alice: Person, scopes: list[StripeScope], app_with: Callable[..., Flask], at_stripe: Stripe
) -> None:
    site = app_with(trial_days=14)
    buyer = Person(site, site.test_client(), alice.email)
    buyer.post("/login", page="/login", email=alice.email, password=PASSWORD)

    assert "14" in buyer.get("/pricing").text
    session = at_stripe.session(session_id_in(buyer.buy("pro").location))
    at_stripe.pay(session["id"])

    assert at_stripe.subscriptions()[0]["status"] == "trialing"


def test_event_that_names_an_order_of_elsewhere_fulfills_nothing(
    alice: Person, scopes: list[StripeScope], deliver: Callable[..., object], at_stripe: Stripe, app: Flask
) -> None:
    at_stripe.mute()
    session = at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    with app.app_context():
        pending = db.select(Order.id).where(Order.note == ELSEWHERE, Order.state == "pending")
        foreign = [str(order_id) for order_id in db.session.scalars(pending)]
        states = dict(db.session.execute(db.select(Order.id, Order.state).where(Order.note == ELSEWHERE)).all())

    for order_id in foreign:
        metadata = {"orderId": order_id, "userId": str(alice.id)}
        named: Json = {"id": "cs_test_elsewhere", "client_reference_id": order_id, "metadata": metadata}
        deliver(event_of("checkout.session.completed", session | named | {"customer": None}))

    with app.app_context():
        assert states == dict(db.session.execute(db.select(Order.id, Order.state).where(Order.note == ELSEWHERE)).all())
    assert alice.role == "free"


@pytest.mark.needs("app/admin")
def test_operator_is_shown_what_is_here_alone(
    alice: Person, scopes: list[StripeScope], olga: Person, app: Flask
) -> None:
    assert "All is in order" in olga.get("/admin/").text
    alice_id = alice.id
    with app.app_context():
        assert subscriptions_at_unknown_prices(current_scope()) == []
    for path in ("/admin/orders", "/admin/subscriptions", "/admin/payments", f"/admin/users/{alice_id}"):
        page = olga.get(path).text

        assert ELSEWHERE not in page
        assert "acct_another" not in page
        assert not {amount for amount in ("$199", "$398", "9876") if amount in page}


@pytest.mark.needs("app/admin")
def test_operator_counts_and_downloads_what_is_here_alone(scopes: list[StripeScope], olga: Person) -> None:
    counted = re.findall(r"Subscriptions \d+", olga.read("/admin/users"))

    assert set(counted) <= {"Subscriptions 0"}
    for name in ("subscriptions", "orders", "payments"):
        header, *rows = olga.post(f"/admin/{name}.csv").text.splitlines()
        assert (header[: len(name)], rows) == (name, [])


@pytest.mark.needs("app/admin")
def test_operator_can_change_nothing_that_is_elsewhere(scopes: list[StripeScope], olga: Person, app: Flask) -> None:
    with app.app_context():
        payments = db.session.scalars(db.select(Payment.id)).all()
        orders = [order_id_in(scope, "mismatched") for scope in scopes]

    pages = [f"/admin/payments/{one}/{act}" for one in payments for act in ("refund", "dispute")]
    pages += [f"/admin/orders/{one}/{act}" for one in orders for act in ("settle", "attach")]

    assert {olga.get(page).status_code for page in pages} == {404}


def test_command_lists_the_payments_of_here_alone(alice: Person, scopes: list[StripeScope], app: Flask) -> None:
    listed: Result = app.test_cli_runner().invoke(args=["billing", "payments"])

    assert listed.output == "No payments yet.\n"


def test_account_that_pays_elsewhere_can_be_deleted(alice: Person, scopes: list[StripeScope], app: Flask) -> None:
    alice_id = alice.id
    with app.app_context():
        user = db.session.get(User, alice_id)
        assert user is not None
        assert not [line for line in deletion_summary(user) if "subscription" in line]

    assert alice.post("/account/delete", current_password=PASSWORD).status_code == 303

    with app.app_context():
        assert db.session.get(User, alice_id) is None
        elsewhere = db.session.scalars(db.select(Subscription.status).order_by(Subscription.status)).all()
        assert elsewhere == ["active"] * 2 + ["canceled"] * 4 + ["past_due"] * 2


def test_account_that_pays_in_live_mode_alone_is_deleted_without_asking_stripe(
    alice: Person, scopes: list[StripeScope], app_with: Callable[..., Flask], app: Flask
) -> None:
    with app.app_context():
        for table in (StripeCustomer, Subscription, Order):
            db.session.execute(db.delete(table).where(table.livemode.is_(False)))
        db.session.execute(db.delete(StripeAccount))
        db.session.commit()

    answer = alice.on(app_with(stripe_api_base="http://127.0.0.1:9")).post("/account/delete", current_password=PASSWORD)

    assert answer.status_code == 303


def test_subscription_is_canceled_before_a_new_key_has_asked_anything(
    alice: Person, app_with: Callable[..., Flask], at_stripe: Stripe, app: Flask
) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    rolled = app_with(
        stripe_secret_key="sk_test_rolled00000", stripe_publishable_key="", stripe_webhook_secret="whsec_1"
    )
    returning = Person(rolled, rolled.test_client(), alice.email)
    returning.post("/login", page="/login", email=alice.email, password=PASSWORD)

    assert returning.post("/account/delete", current_password=PASSWORD).status_code == 303

    assert at_stripe.subscriptions()[0]["status"] == "canceled"
