"""Starting a purchase: the order first, one session for it, and never two subscriptions."""

import uuid
from datetime import UTC, datetime

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.auth.models import User
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.database import db
from app.mail.compose import compose
from app.mail.outbox import OutboxMail
from app.templating import date
from tests.people import Person
from tests.stripe_actions import Stripe, event_of, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")
LIVE = ["incomplete", "trialing", "active", "past_due", "unpaid", "paused"]


@pytest.fixture
def orders(app: Flask):  # type: ignore[no-untyped-def]
    """Every order, oldest first."""

    def read() -> list[Order]:
        with app.app_context():
            return list(db.session.scalars(db.select(Order).order_by(Order.created_at)))

    return read


@pytest.fixture
def subscribed(app: Flask, alice: Person, at_stripe: Stripe) -> Person:
    """Alice, subscribed to Basic by the month."""
    at_stripe.mute()
    session_id = session_id_in(alice.buy("basic").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    return alice


def confirmation_of(person: Person) -> str:
    """The mail that confirmed the one order."""
    with person.app.test_request_context():
        mail = db.session.scalars(db.select(OutboxMail).where(OutboxMail.template == "order_confirmed")).one()
        return str(compose(mail).get_body(("plain",)).get_content())


def set_status(app: Flask, status: str) -> None:
    with app.app_context():
        db.session.execute(db.update(Subscription).values(status=status))
        db.session.commit()


def test_order_is_written_and_named_in_the_session(alice: Person, at_stripe: Stripe, orders) -> None:
    answer = alice.buy("pro", "year")

    [order] = orders()
    session = at_stripe.session(session_id_in(answer.location))
    assert answer.status_code == 303
    assert (order.state, order.plan_key, order.interval) == ("pending", "pro", "year")
    assert (order.amount, order.currency) == (29000, "usd")
    assert session["client_reference_id"] == str(order.id)
    assert session["cancel_url"].endswith("/pricing?checkout=cancelled")
    assert session["metadata"] == {"userId": str(alice.id), "orderId": str(order.id)}
    assert (session["mode"], session["customer"]) == ("subscription", order.stripe_customer_id)
    assert session["allow_promotion_codes"] is True


def test_subscription_carries_the_orders_ids(subscribed: Person, at_stripe: Stripe, orders) -> None:
    [order] = orders()

    assert at_stripe.subscriptions()[0]["metadata"] == {"userId": str(subscribed.id), "orderId": str(order.id)}


def test_success_page_names_the_receipt_once_it_is_known(
    subscribed: Person, at_stripe: Stripe, deliver, orders
) -> None:
    page = f"/checkout/success?session_id={orders()[0].stripe_checkout_session_id}"
    [invoice] = at_stripe.invoices()
    before = subscribed.read(page)

    deliver(at_stripe.events("invoice.paid")[0])

    assert invoice["number"] not in before
    assert invoice["number"] in subscribed.read(page)


def test_payment_for_life_carries_the_orders_ids(alice: Person, at_stripe: Stripe, orders) -> None:
    session = at_stripe.pay(session_id_in(alice.buy("lifetime").location))

    [order] = orders()
    intent = at_stripe.v1.payment_intents.retrieve(session["payment_intent"])
    assert session["mode"] == "payment"
    assert dict(intent.metadata.to_dict()) == {"userId": str(alice.id), "orderId": str(order.id)}


def test_customer_names_the_user_and_is_made_once(alice: Person, app: Flask, at_stripe: Stripe) -> None:
    alice.buy("pro")
    alice.buy("basic")

    [customer] = at_stripe.v1.customers.list({}).data
    assert customer.metadata.to_dict() == {"userId": str(alice.id)}
    with app.app_context():
        assert db.session.scalars(db.select(StripeCustomer.stripe_customer_id)).all() == [customer.id]


def test_open_session_for_the_same_plan_is_used_again(alice: Person, orders) -> None:
    first, second = alice.buy("pro").location, alice.buy("pro").location

    assert first == second
    assert len(orders()) == 1


@pytest.mark.parametrize(("plan", "interval"), [("basic", "month"), ("pro", "year"), ("lifetime", "month")])
def test_open_session_for_something_else_is_expired_first(
    alice: Person, at_stripe: Stripe, orders, plan: str, interval: str
) -> None:
    first = session_id_in(alice.buy("pro").location)

    second = session_id_in(alice.buy(plan, interval).location)

    assert at_stripe.session(first)["status"] == "expired"
    assert at_stripe.session(second)["status"] == "open"
    assert [order.state for order in orders()] == ["expired", "pending"]


def test_expired_session_is_replaced(alice: Person, at_stripe: Stripe, orders) -> None:
    at_stripe.mute()
    first = session_id_in(alice.buy("pro").location)
    at_stripe.v1.checkout.sessions.expire(first)

    second = session_id_in(alice.buy("pro").location)

    assert second != first
    assert [order.state for order in orders()] == ["expired", "pending"]


def test_paid_session_whose_webhook_has_not_come_counts_as_a_subscription(
    alice: Person, at_stripe: Stripe, orders
) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))

    answer = alice.buy("pro")

    assert "/p/session" in answer.location
    assert alice.role == "pro"
    assert [order.state for order in orders()] == ["fulfilled"]
    assert len(at_stripe.subscriptions()) == 1


@pytest.mark.parametrize(
    ("status", "plan"), [*((status, "pro") for status in LIVE), ("active", "basic"), ("past_due", "basic")]
)
def test_live_subscription_of_any_status_leads_to_the_portal(
    subscribed: Person, app: Flask, orders, status: str, plan: str
) -> None:
    set_status(app, status)

    answer = subscribed.buy(plan)

    assert answer.status_code == 303
    assert "/p/session" in answer.location
    assert len(orders()) == 1


def test_change_of_plan_leads_to_the_page_that_confirms_it(
    subscribed: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    address = subscribed.buy("pro", "year").location

    [session] = emulator.find("billing_portal.session", url=address)
    [item] = session["flow"]["subscription_update_confirm"]["items"]
    assert session["flow"]["type"] == "subscription_update_confirm"
    assert item["price"] == at_stripe.price("shop_pro_year")


@pytest.mark.parametrize("status", ["canceled", "incomplete_expired"])
def test_subscription_that_is_over_leads_to_checkout(subscribed: Person, app: Flask, status: str) -> None:
    set_status(app, status)

    assert "/c/pay/" in subscribed.buy("pro").location


def test_paid_amount_other_than_ordered_is_mismatched_and_grants_nothing(
    app: Flask, alice: Person, at_stripe: Stripe, orders
) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("lifetime").location)
    with app.app_context():
        db.session.execute(db.update(Order).values(amount=20000))
        db.session.commit()
    at_stripe.pay(session_id)

    page = alice.get(f"/checkout/success?session_id={session_id}")

    [order] = orders()
    assert (order.state, alice.role) == ("mismatched", "free")
    assert "19900" in order.note
    assert "looking into" in page.text


def test_paid_currency_other_than_ordered_is_mismatched(app: Flask, alice: Person, at_stripe: Stripe, orders) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("lifetime").location)
    with app.app_context():
        db.session.execute(db.update(Order).values(currency="eur"))
        db.session.commit()
    at_stripe.pay(session_id)

    alice.get(f"/checkout/success?session_id={session_id}")

    assert (orders()[0].state, alice.role) == ("mismatched", "free")


def test_mismatched_subscription_still_gives_its_prices_role(
    app: Flask, alice: Person, at_stripe: Stripe, orders
) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("pro").location)
    with app.app_context():
        db.session.execute(db.update(Order).values(amount=1))
        db.session.commit()
    at_stripe.pay(session_id)

    alice.get(f"/checkout/success?session_id={session_id}")

    assert (orders()[0].state, alice.role) == ("mismatched", "pro")


def test_promotion_code_lowers_the_price_and_not_the_orders_match(alice: Person, at_stripe: Stripe, orders) -> None:
    at_stripe.mute()
    coupon = at_stripe.v1.coupons.create({"percent_off": 50, "duration": "once"}).id
    promotion = {"type": "coupon", "coupon": coupon}
    at_stripe.v1.promotion_codes.create({"promotion": promotion, "code": "HALF"})
    session_id = session_id_in(alice.buy("lifetime").location)

    session = at_stripe.pay(session_id, promotion_code="HALF")
    alice.get(f"/checkout/success?session_id={session_id}")

    assert session["amount_total"] == 9950
    assert (orders()[0].state, alice.role) == ("fulfilled", "pro")
    assert "We received $99.50 for Lifetime." in confirmation_of(alice)


def test_promotion_code_for_all_of_it_is_fulfilled_without_a_payment(alice: Person, at_stripe: Stripe, orders) -> None:
    at_stripe.mute()
    coupon = at_stripe.v1.coupons.create({"percent_off": 100, "duration": "once"}).id
    at_stripe.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon}, "code": "GIFT"})
    session_id = session_id_in(alice.buy("lifetime").location)

    at_stripe.confirm(session_id, promotion_code="GIFT")
    alice.get(f"/checkout/success?session_id={session_id}")

    assert (orders()[0].state, alice.role) == ("fulfilled", "pro")
    with alice.app.app_context():
        assert db.session.scalars(db.select(Payment)).all() == []
    assert "There was nothing to pay" in confirmation_of(alice)


def test_confirmation_says_when_the_plan_renews(alice: Person, at_stripe: Stripe, orders) -> None:
    session_id = session_id_in(alice.buy("pro").location)

    session = at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")

    renews_at = at_stripe.subscription(session["subscription"])["items"]["data"][0]["current_period_end"]
    assert f"It renews on {date(datetime.fromtimestamp(renews_at, UTC))}." in confirmation_of(alice)


def test_trial_is_fulfilled_with_nothing_paid_and_is_for_the_first_subscription_alone(
    app_with, at_stripe: Stripe, orders
) -> None:
    at_stripe.mute()
    alice = Person.sign_up(app_with(trial_days=14), "alice@example.com")
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    [trial] = at_stripe.subscriptions()
    at_stripe.v1.subscriptions.cancel(trial["id"])
    set_status(alice.app, "canceled")

    again = at_stripe.session(session_id_in(alice.buy("pro").location))

    assert trial["status"] == "trialing"
    assert [(order.state, order.trial_days) for order in orders()] == [("fulfilled", 14), ("pending", 0)]
    assert again["amount_total"] == 2900


def test_someone_elses_and_unknown_sessions_are_not_found(alice: Person, bob: Person) -> None:
    session_id = session_id_in(alice.buy("pro").location)

    answers = [
        bob.get(f"/checkout/success?session_id={given}").status_code
        for given in (session_id, "cs_test_unknown", "nonsense", "", "cs_../customers", "cs_%00")
    ]

    assert answers == [404] * 6


def test_session_of_another_product_on_the_account_is_not_found(alice: Person, at_stripe: Stripe) -> None:
    foreign = at_stripe.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://example.com",
            "line_items": [{"price": at_stripe.price("shop_lifetime"), "quantity": 1}],
            "client_reference_id": str(uuid.uuid4()),
        }
    )

    assert alice.get(f"/checkout/success?session_id={foreign.id}").status_code == 404


def test_customer_deleted_at_stripe_is_replaced(alice: Person, at_stripe: Stripe, orders) -> None:
    at_stripe.mute()
    alice.buy("pro")
    old = orders()[0].stripe_customer_id
    at_stripe.v1.customers.delete(old)

    answer = alice.buy("basic")

    new = at_stripe.session(session_id_in(answer.location))["customer"]
    assert new != old


def test_customer_deleted_while_its_session_is_open_is_replaced(alice: Person, at_stripe: Stripe, orders) -> None:
    at_stripe.mute()
    first = session_id_in(alice.buy("pro").location)
    at_stripe.v1.customers.delete(orders()[0].stripe_customer_id)
    at_stripe.v1.checkout.sessions.expire(first)

    answer = alice.buy("pro")

    assert at_stripe.session(session_id_in(answer.location))["status"] == "open"


def test_customer_whose_deletion_was_heard_of_is_replaced(deliver, alice: Person, at_stripe: Stripe, orders) -> None:
    at_stripe.mute()
    first = session_id_in(alice.buy("pro").location)
    old = orders()[0].stripe_customer_id
    at_stripe.v1.checkout.sessions.expire(first)
    at_stripe.v1.customers.delete(old)
    deliver(event_of("customer.deleted", {"id": old, "object": "customer"}))

    answer = alice.buy("pro")

    assert at_stripe.session(session_id_in(answer.location))["customer"] != old


def test_subscriber_whose_customer_was_deleted_unheard_may_buy_again(subscribed: Person, at_stripe, orders) -> None:
    at_stripe.v1.customers.delete(orders()[0].stripe_customer_id)

    answer = subscribed.buy("pro")

    assert "/c/pay/" in answer.location
    assert subscribed.role == "free"


def test_portal_without_its_customer_leads_to_the_prices(subscribed: Person, at_stripe, orders) -> None:
    at_stripe.v1.customers.delete(orders()[0].stripe_customer_id)

    assert subscribed.post("/account/portal").location.endswith("/pricing")


def test_portal_configuration_that_is_gone_is_looked_up_again(subscribed: Person, app: Flask) -> None:
    with app.app_context():
        app.extensions["stripe_portal_configuration"] = {current_scope(): "bpc_gone"}

    assert "/p/session" in subscribed.post("/account/portal").location


def test_customer_is_made_again_under_a_new_address(deliver, app: Flask, alice: Person, at_stripe, orders) -> None:
    """Stripe refuses an idempotency key that comes back with another address."""
    at_stripe.mute()
    first = session_id_in(alice.buy("pro").location)
    at_stripe.v1.checkout.sessions.expire(first)
    deliver(event_of("customer.deleted", {"id": orders()[0].stripe_customer_id, "object": "customer"}))
    with app.app_context():
        db.session.execute(db.update(User).values(email="alice@new.example.com"))
        db.session.commit()

    assert "/c/pay/" in alice.buy("pro").location


def test_everything_gone_from_stripe_is_made_again(
    app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator, orders
) -> None:
    alice.buy("pro")
    emulator.reset()
    price = {"currency": "usd", "unit_amount": 2900, "recurring": {"interval": "month"}, "lookup_key": "shop_pro_month"}
    at_stripe.v1.prices.create({**price, "product_data": {"name": "Pro"}})

    answer = alice.buy("pro")

    assert "/c/pay/" in answer.location
    assert [order.state for order in orders()] == ["expired", "pending"]


def test_lifetime_is_sold_through_the_payment_link_where_one_is_set(app_with, orders) -> None:
    link = "https://buy.stripe.com/test_lifetime"
    alice = Person.sign_up(app_with(stripe_payment_links={"lifetime": link}), "alice@example.com")

    first, second = alice.buy("lifetime").location, alice.buy("lifetime").location

    [order] = orders()
    assert first == second == f"{link}?client_reference_id={order.id}"
    assert (order.state, order.amount, order.interval) == ("pending", 19900, None)


def test_lifetime_paid_through_the_link_is_fulfilled_by_its_webhook(
    app_with, app: Flask, deliver, at_stripe: Stripe, orders
) -> None:
    alice = Person.sign_up(
        app_with(stripe_payment_links={"lifetime": "https://buy.stripe.com/test_lifetime"}), "alice@example.com"
    )
    order_id = alice.buy("lifetime").location.rpartition("=")[2]
    session = at_stripe.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://example.com",
            "line_items": [{"price": at_stripe.price("shop_lifetime"), "quantity": 1}],
            "client_reference_id": order_id,
        }
    )

    answer = deliver(event_of("checkout.session.completed", at_stripe.pay(session.id)))

    assert answer.status_code == 200
    assert ([order.state for order in orders()], alice.role) == (["fulfilled"], "pro")


def test_link_left_unpaid_does_not_keep_from_buying_something_else(app_with, orders) -> None:
    link = "https://buy.stripe.com/test_lifetime"
    alice = Person.sign_up(app_with(stripe_payment_links={"lifetime": link}), "alice@example.com")
    alice.buy("lifetime")

    answer = alice.buy("pro")

    assert "/c/pay/" in answer.location
    assert [order.state for order in orders()] == ["expired", "pending"]
