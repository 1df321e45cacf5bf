"""Only what our server wrote is believed: somebody else's payment is nobody's order here, whatever it names."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.auth.models import User
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeCustomer, StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.reconcile.users import sync_all
from app.billing.webhooks.event import Event
from app.billing.webhooks.process import process
from app.database import db
from tests.people import PASSWORD, Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in, signed

pytestmark = pytest.mark.usefixtures("catalogue")
LINK = "https://buy.stripe.com/test_lifetime"
Deliver = Callable[[Json], TestResponse]


@pytest.fixture
def seller(app_with) -> Flask:
    """A site that sells Lifetime through a Payment Link."""
    return app_with(stripe_payment_links={"lifetime": LINK})


@pytest.fixture
def anna(seller: Flask, at_stripe: Stripe) -> Person:
    """Somebody who has pressed the button that leads to the link."""
    at_stripe.mute()
    anna = Person.sign_up(seller, "anna@example.com")
    anna.buy("lifetime")
    return anna


@pytest.fixture
def mallory(app: Flask, at_stripe: Stripe) -> Person:
    """Somebody who has an order that waits to be paid."""
    at_stripe.mute()
    mallory = Person.sign_up(app, "mallory@example.com")
    mallory.buy("pro")
    return mallory


@pytest.fixture
def victim(at_stripe: Stripe) -> str:
    """The customer of another product on the account."""
    return str(at_stripe.v1.customers.create({"email": "victim@example.com"}).id)


def order_of(app: Flask) -> Order:
    with app.app_context():
        return db.session.scalars(db.select(Order).order_by(Order.created_at.desc())).first()


def links_of(app: Flask) -> tuple[list[str], list[str], list[str | None]]:
    """The customers, subscriptions and payments that belong to anybody."""
    with app.app_context():
        customers = db.session.scalars(db.select(StripeCustomer.stripe_customer_id)).all()
        subscriptions = db.session.scalars(db.select(Subscription.stripe_subscription_id)).all()
        payments = db.session.scalars(db.select(Payment.stripe_payment_intent_id)).all()
        assert set(db.session.scalars(db.select(StripeEvent.outcome))) <= {"ignored", "processed"}
        return list(customers), list(subscriptions), list(payments)


def sold_elsewhere(at_stripe: Stripe, order_id: uuid.UUID, **params: Any) -> str:
    """A session of another product's Payment Link, whose visitor was given somebody's order in the address."""
    price = {"currency": "usd", "unit_amount": 19900, "product_data": {"name": "Another product"}}
    if params.get("mode") == "subscription":
        price |= {"unit_amount": 2900, "recurring": {"interval": "month"}}
    wanted = {"mode": "payment", "success_url": "https://example.com", "client_reference_id": str(order_id)}
    return str(
        at_stripe.v1.checkout.sessions.create(
            {**wanted, "line_items": [{"price_data": price, "quantity": 1}], **params}
        ).id
    )


@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_payment_of_another_product_that_names_an_order_links_and_grants_nothing(
    app: Flask, mallory: Person, victim: str, at_stripe: Stripe, deliver: Deliver, mode: str
) -> None:
    before = links_of(app)
    paid = at_stripe.pay(sold_elsewhere(at_stripe, order_of(app).id, mode=mode, customer=victim))

    for event in at_stripe.events():
        assert deliver(event).status_code == 200
    with app.app_context():
        sync_all()

    assert paid["status"] == "complete"
    assert (mallory.role, order_of(app).state, links_of(app)) == ("free", "pending", before)


def test_code_of_another_product_that_makes_it_free_buys_nothing(
    app: Flask, mallory: Person, at_stripe: Stripe, deliver: Deliver
) -> None:
    coupon = at_stripe.v1.coupons.create({"percent_off": 100, "duration": "once"}).id
    discounts = {"discounts": [{"coupon": coupon}]}
    free = at_stripe.confirm(sold_elsewhere(at_stripe, order_of(app).id, **discounts))

    answer = deliver(event_of("checkout.session.completed", free))

    assert (free["payment_status"], answer.status_code) == ("no_payment_required", 200)
    assert (mallory.role, order_of(app).state) == ("free", "pending")


def test_session_that_names_an_order_is_not_its_users_on_the_success_page(
    app: Flask, mallory: Person, at_stripe: Stripe
) -> None:
    paid = at_stripe.pay(sold_elsewhere(at_stripe, order_of(app).id))

    assert mallory.get(f"/checkout/success?session_id={paid['id']}").status_code == 404


@pytest.mark.parametrize("kind", ["checkout.session.expired", "checkout.session.async_payment_failed"])
def test_session_of_another_product_closes_no_order(
    app: Flask, mallory: Person, at_stripe: Stripe, deliver: Deliver, kind: str
) -> None:
    session = at_stripe.session(sold_elsewhere(at_stripe, order_of(app).id))

    deliver(event_of(kind, session))

    assert order_of(app).state == "pending"


def test_another_product_of_the_same_amount_is_not_what_the_link_sells(
    app: Flask, anna: Person, victim: str, at_stripe: Stripe, deliver: Deliver
) -> None:
    before = links_of(app)
    paid = at_stripe.pay(sold_elsewhere(at_stripe, order_of(app).id, customer=victim))

    answer = deliver(event_of("checkout.session.completed", paid))

    assert answer.status_code == 200
    assert (anna.role, order_of(app).state, links_of(app)) == ("free", "pending", before)


def test_refund_of_another_products_payment_leaves_the_order_alone(
    seller: Flask, anna: Person, at_stripe: Stripe
) -> None:
    paid = at_stripe.pay(sold_elsewhere(at_stripe, order_of(seller).id))
    at_stripe.v1.refunds.create({"payment_intent": paid["payment_intent"]})
    [refunded] = at_stripe.events("charge.refunded")

    with seller.app_context():
        process(Event.parse(signed(refunded, "whsec")[0]))

    assert (order_of(seller).state, links_of(seller)) == ("pending", ([], [], []))


def test_subscription_that_names_a_links_order_is_not_it(
    app: Flask, anna: Person, victim: str, at_stripe: Stripe, deliver: Deliver
) -> None:
    before = links_of(app)
    session = sold_elsewhere(at_stripe, order_of(app).id, mode="subscription", customer=victim)

    deliver(event_of("checkout.session.completed", at_stripe.pay(session)))

    assert (anna.role, order_of(app).state, links_of(app)) == ("free", "pending", before)


def test_what_the_link_sells_is_bought_and_whoever_paid_is_linked_to_nobody(
    app: Flask, anna: Person, victim: str, at_stripe: Stripe, deliver: Deliver
) -> None:
    wanted = {"line_items": [{"price": at_stripe.price("shop_lifetime"), "quantity": 1}], "customer": victim}
    paid = at_stripe.pay(sold_elsewhere(at_stripe, order_of(app).id, **wanted))

    answer = deliver(event_of("checkout.session.completed", paid))

    customers, subscriptions, payments = links_of(app)
    assert answer.status_code == 200
    assert (anna.role, order_of(app).state) == ("pro", "fulfilled")
    assert (customers, subscriptions, payments) == ([], [], [paid["payment_intent"]])


@pytest.mark.parametrize("user_id", [None, "somebody else's"])
def test_metadata_that_does_not_name_the_orders_user_is_not_ours(
    app: Flask, mallory: Person, bob: Person, at_stripe: Stripe, deliver: Deliver, user_id: str | None
) -> None:
    metadata = {"orderId": str(order_of(app).id), **({"userId": str(bob.id)} if user_id else {})}
    wanted = {"metadata": metadata, "line_items": [{"price": at_stripe.price("shop_pro_month"), "quantity": 1}]}
    paid = at_stripe.pay(sold_elsewhere(at_stripe, order_of(app).id, mode="subscription", **wanted))

    answer = deliver(event_of("checkout.session.completed", paid))

    assert answer.status_code == 200
    assert (mallory.role, bob.role, order_of(app).state) == ("free", "free", "pending")


def test_subscription_that_names_a_user_with_another_users_customer_is_nobodys(
    app: Flask, alice: Person, bob: Person, at_stripe: Stripe, deliver: Deliver
) -> None:
    at_stripe.mute()
    customer = at_stripe.v1.customers.create({"metadata": {"userId": str(bob.id)}}).id
    at_stripe.subscribe(customer, at_stripe.price("shop_pro_month"), metadata={"userId": str(alice.id)})

    for event in at_stripe.events():
        assert deliver(event).status_code == 200

    assert (alice.role, bob.role, links_of(app)) == ("free", "free", ([], [], []))


def test_operators_subscription_that_names_its_user_is_theirs(
    app: Flask, alice: Person, at_stripe: Stripe, deliver: Deliver, victim: str
) -> None:
    at_stripe.mute()
    at_stripe.subscribe(victim, at_stripe.price("shop_pro_month"), metadata={"userId": str(alice.id)})

    for event in at_stripe.events():
        assert deliver(event).status_code == 200

    assert (alice.role, links_of(app)[0]) == ("pro", [victim])


def test_order_is_found_by_its_session_without_metadata(
    app: Flask, alice: Person, at_stripe: Stripe, deliver: Deliver
) -> None:
    at_stripe.mute()
    paid = at_stripe.pay(session_id_in(alice.buy("pro").location))

    deliver(event_of("checkout.session.completed", paid | {"metadata": {}, "client_reference_id": None}))

    assert (alice.role, order_of(app).state) == ("pro", "fulfilled")


def test_deleting_the_account_that_named_an_order_cancels_nobody_elses_subscription(
    app: Flask, mallory: Person, victim: str, at_stripe: Stripe, deliver: Deliver
) -> None:
    paid = at_stripe.pay(sold_elsewhere(at_stripe, order_of(app).id, mode="subscription", customer=victim))
    deliver(event_of("checkout.session.completed", paid))
    mallory_id = mallory.id

    mallory.post("/account/delete", page="/account/delete", current_password=PASSWORD)

    with app.app_context():
        assert db.session.get(User, mallory_id) is None
    assert at_stripe.subscription(paid["subscription"])["status"] == "active"
