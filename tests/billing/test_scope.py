"""What belongs to another Stripe account or mode counts nowhere, and is shown nowhere."""

from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

from app.account.deletion import deletion_summary
from app.auth.models import User
from app.billing.customers import owner_of
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.gateway.objects import NO_METADATA
from app.billing.models.payments import Order
from app.billing.models.subscription import Subscription
from app.billing.payments.trials import has_subscribed
from app.billing.reconcile.users import sync_all, users_to_sync
from app.billing.roles.decision import decide_role
from app.billing.setup.prices import subscriptions_at_unknown_prices
from app.database import db
from tests.billing.elsewhere import ELSEWHERE, live_elsewhere
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
    assert ELSEWHERE not in alice.get("/account/invoices").text


def test_pricing_page_offers_what_was_bought_elsewhere(alice: Person, scopes: list[StripeScope]) -> None:
    page = alice.get("/pricing").text

    assert "Choose Pro" in page
    assert "Manage your plan" not in page
    assert "See your receipt" not in page


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


def test_second_subscription_of_one_scope_has_no_trial(
    alice: Person, scopes: list[StripeScope], app_with: Callable[..., Flask]
) -> None:
    alice_id = alice.id
    with app_with(trial_days=14).app_context():
        assert not has_subscribed(alice_id, current_scope())
        assert [has_subscribed(alice_id, scope) for scope in scopes] == [True, True]


def test_role_is_decided_by_what_was_bought_here(alice: Person, scopes: list[StripeScope], app: Flask) -> None:
    alice_id = alice.id
    with app.app_context():
        user = db.session.get(User, alice_id)
        assert user is not None

        assert decide_role(user, current_scope()).role == FREE
        assert [decide_role(user, scope).role.key for scope in scopes] == ["pro", "pro"]


def test_nobody_is_compared_with_stripe_for_what_is_elsewhere(
    alice: Person, scopes: list[StripeScope], app: Flask
) -> None:
    alice_id = alice.id
    with app.app_context():
        assert users_to_sync(current_scope()) == []
        assert [users_to_sync(scope) for scope in scopes] == [[alice_id], [alice_id]]

        report = sync_all()

        assert (report.checked, report.failed, report.unknown_prices) == (0, [], [])


def test_customer_of_elsewhere_is_nobodys_here(alice: Person, scopes: list[StripeScope], app: Flask) -> None:
    alice_id = alice.id
    with app.app_context():
        for scope in scopes:
            customer = f"cus_{scope.name.replace('/', '_')}"

            assert owner_of(customer, NO_METADATA, current_scope()) is None
            assert owner_of(customer, NO_METADATA, scope) == alice_id


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
        assert "$199" not in page


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
        assert elsewhere == ["active", "active", "canceled", "canceled"]


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
