"""What can be bought beside a subscription, and what a button of one's own plan does."""

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.models.payments import Order
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.database import db
from app.mail.compose import compose
from app.mail.outbox import OutboxMail
from app.templating import date
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def subscribed(alice: Person, at_stripe: Stripe) -> Person:
    """Alice, subscribed to Pro by the month."""
    at_stripe.mute()
    pay_for(alice, "pro", at_stripe)
    return alice


def pay_for(person: Person, plan: str, at_stripe: Stripe) -> None:
    session_id = session_id_in(person.buy(plan).location)
    at_stripe.pay(session_id)
    person.get(f"/checkout/success?session_id={session_id}")


def mirrored(app: Flask) -> Subscription:
    with app.app_context():
        return db.session.scalars(db.select(Subscription)).one()


def test_one_time_plan_is_sold_to_a_subscriber_and_ends_the_subscription_with_its_period(
    app: Flask, subscribed: Person, at_stripe: Stripe
) -> None:
    pay_for(subscribed, "lifetime", at_stripe)

    [subscription] = at_stripe.subscriptions()
    assert (subscription["status"], subscription["cancel_at_period_end"]) == ("active", True)
    assert (mirrored(app).is_canceling, subscribed.role) == (True, "pro")


def test_page_and_mail_say_that_the_subscription_ends(app: Flask, subscribed: Person, at_stripe: Stripe) -> None:
    pay_for(subscribed, "lifetime", at_stripe)

    ends = date(mirrored(app).current_period_end)
    page = subscribed.get("/account").text
    with app.test_request_context():
        order_id = db.session.scalars(db.select(Order.id).where(Order.plan_key == "lifetime")).one()
        mail = db.session.scalars(db.select(OutboxMail).where(OutboxMail.cause == f"order_confirmed:{order_id}")).one()
        written = " ".join(compose(mail).get_body(("plain",)).get_content().split())
    assert "yours for good" in page
    assert f"Your Pro subscription ends on {ends}" in page.replace("&#39;", "'")
    assert f"Your Pro subscription ends on {ends} and is not charged again." in written


def test_one_time_plan_that_is_not_paid_ends_nothing(subscribed: Person, at_stripe: Stripe) -> None:
    subscribed.buy("lifetime")

    assert at_stripe.subscriptions()[0]["cancel_at_period_end"] is False


def test_one_time_plan_of_a_trial_ends_it_before_it_is_charged(app_with, app: Flask, at_stripe: Stripe) -> None:
    at_stripe.mute()
    alice = Person.sign_up(app_with(trial_days=14), "alice@example.com")
    pay_for(alice, "pro", at_stripe)

    pay_for(alice, "lifetime", at_stripe)

    [subscription] = at_stripe.subscriptions()
    assert (subscription["status"], subscription["cancel_at_period_end"]) == ("trialing", True)


def test_subscription_that_still_renews_beside_what_is_owned_says_so(
    app: Flask, subscribed: Person, at_stripe: Stripe
) -> None:
    pay_for(subscribed, "lifetime", at_stripe)
    at_stripe.v1.subscriptions.update(at_stripe.subscriptions()[0]["id"], {"cancel_at_period_end": False})

    subscribed.get("/account?from=portal")

    page = subscribed.get("/account").text

    assert "It renews on" in page and "nothing more to pay" not in page


def test_operator_is_shown_who_pays_for_what_they_own(
    app: Flask, subscribed: Person, bob: Person, at_stripe: Stripe
) -> None:
    """With the way to cancel it; nobody who is set to end is named."""
    pay_for(subscribed, "lifetime", at_stripe)
    bob.become_admin()
    set_to_end = bob.get("/admin/").text
    at_stripe.v1.subscriptions.update(at_stripe.subscriptions()[0]["id"], {"cancel_at_period_end": False})
    subscribed.get("/account?from=portal")

    renews = bob.get("/admin/").text

    sentence = f"{subscribed.email} has Lifetime for good, and goes on paying for Pro."
    assert (sentence in set_to_end, sentence in renews) == (False, True)
    assert f"/admin/users/{subscribed.id}" in renews


def test_another_applications_subscription_keeps_nobody_from_buying(
    app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.mute()
    alice.buy("pro")
    with app.app_context():
        customer = db.session.scalars(db.select(StripeCustomer.stripe_customer_id)).one()
    retainer = at_stripe.v1.prices.create(
        {"currency": "usd", "unit_amount": 50000, "recurring": {"interval": "month"}, "product_data": {"name": "Work"}}
    ).id
    at_stripe.subscribe(customer, retainer)
    app.test_cli_runner().invoke(args=["billing", "sync"])

    pay_for(alice, "pro", at_stripe)

    with app.app_context():
        assert db.session.scalars(db.select(Order.state).order_by(Order.created_at)).all()[-1] == "fulfilled"
    assert alice.role == "pro"
    assert {
        one["items"]["data"][0]["price"]["id"] for one in at_stripe.subscriptions() if one["status"] == "active"
    } == {
        retainer,
        at_stripe.price("shop_pro_month"),
    }
    # What is bought for good does not end it either.
    pay_for(alice, "lifetime", at_stripe)
    ending = [
        one["items"]["data"][0]["price"]["id"] for one in at_stripe.subscriptions() if one["cancel_at_period_end"]
    ]
    assert ending == [at_stripe.price("shop_pro_month")]


def test_own_plan_on_an_older_price_leads_to_the_portal_and_to_no_other_price(
    subscribed: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    old = at_stripe.v1.prices.retrieve(at_stripe.price("shop_pro_month"))
    wanted = {"currency": "usd", "unit_amount": 2900, "recurring": {"interval": "month"}, "product": old.product}
    at_stripe.v1.prices.create({**wanted, "lookup_key": "shop_pro_month", "transfer_lookup_key": True})
    subscribed.app.extensions.pop("stripe_prices", None)

    address = subscribed.buy("pro").location

    [session] = emulator.find("billing_portal.session", url=address)
    assert session["flow"] is None
