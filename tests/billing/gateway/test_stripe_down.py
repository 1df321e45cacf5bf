"""Stripe down, slow, or refusing: the user is told that nothing was charged, and nothing half-made stays behind."""

from collections.abc import Iterator

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.gateway.client import StripeGateway
from app.billing.models.payments import Order
from app.billing.models.stripe import StripeEvent
from app.database import db
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.people import Person
from tests.stripe_actions import Stripe, event_of, session_id_in, signed

pytestmark = [pytest.mark.usefixtures("catalogue"), pytest.mark.slow, pytest.mark.database]
STATUSES = [400, 401, 429, 500]


@pytest.fixture
def misbehaving(emulator: Emulator) -> Iterator[MisbehavingStripe]:
    with MisbehavingStripe(emulator.url) as proxy:
        yield proxy


@pytest.fixture
def shaky(app_with, misbehaving: MisbehavingStripe) -> Flask:
    """The site, with a Stripe that may misbehave."""
    return app_with(stripe_api_base=misbehaving.url)


@pytest.fixture
def carol(shaky: Flask) -> Person:
    """Somebody who tries to buy on a bad day."""
    return Person.sign_up(shaky, "carol@example.com")


def orders(app: Flask) -> list[Order]:
    with app.app_context():
        return list(db.session.scalars(db.select(Order).order_by(Order.created_at)))


@pytest.mark.parametrize(
    ("path", "status"),
    [(path, status) for path in ("/v1/customers", "/v1/prices", "/v1/checkout/sessions") for status in (400, 401, 429)]
    + [("/v1/account", 500), ("/v1/checkout/sessions", 500), ("/v1/checkout/sessions", 403)],
)
def test_refused_checkout_is_a_503_page_and_leaves_no_order(
    carol: Person, misbehaving: MisbehavingStripe, status: int, path: str
) -> None:
    misbehaving.answer(status, path)

    answer = carol.buy("pro")

    assert answer.status_code == 503
    assert "You haven't been charged" in answer.text.replace("&#39;", "'")
    assert orders(carol.app) == []


def test_checkout_works_as_soon_as_stripe_does(carol: Person, misbehaving: MisbehavingStripe) -> None:
    misbehaving.answer(500, "/v1/checkout")
    carol.buy("pro")
    misbehaving.behave()

    assert "/c/pay/" in carol.buy("pro").location


def test_unreachable_stripe_is_a_503_page(app_with, app: Flask) -> None:
    carol = Person.sign_up(app_with(stripe_api_base="http://127.0.0.1:9"), "carol@example.com")

    answer = carol.buy("pro")

    assert answer.status_code == 503
    assert orders(app) == []


def test_slow_stripe_is_given_up_on(carol: Person, shaky: Flask, misbehaving: MisbehavingStripe) -> None:
    impatient = StripeGateway(shaky.extensions["settings"], read_seconds=0.2)
    shaky.extensions["stripe_gateway"] = impatient
    misbehaving.hold("/v1/checkout/sessions", 1)

    answer = carol.buy("pro")

    assert answer.status_code == 503
    assert orders(carol.app) == []


def test_customer_whose_creation_was_not_heard_of_is_not_made_twice(
    carol: Person, misbehaving: MisbehavingStripe, at_stripe: Stripe
) -> None:
    misbehaving.lose_answer("/v1/customers")
    carol.buy("pro")
    misbehaving.behave()

    carol.buy("pro")

    assert len(at_stripe.v1.customers.list({}).data) == 1


def test_session_whose_creation_was_not_heard_of_sells_nothing_by_itself(
    carol: Person, misbehaving: MisbehavingStripe, at_stripe: Stripe
) -> None:
    misbehaving.lose_answer("/v1/checkout/sessions")
    carol.buy("pro")
    misbehaving.behave()

    address = carol.buy("pro").location
    at_stripe.pay(session_id_in(address))

    assert len(at_stripe.subscriptions()) == 1
    assert [order.state for order in orders(carol.app)] == ["pending"]


@pytest.mark.parametrize("status", STATUSES)
def test_portal_is_a_503_page(carol: Person, misbehaving: MisbehavingStripe, at_stripe: Stripe, status: int) -> None:
    at_stripe.mute()
    session_id = session_id_in(carol.buy("pro").location)
    at_stripe.pay(session_id)
    carol.get(f"/checkout/success?session_id={session_id}")
    misbehaving.answer(status, "/v1/billing_portal")

    answers = [carol.post("/account/portal"), carol.post("/account/portal", flow="subscription_cancel")]

    assert [answer.status_code for answer in answers] == [503, 503]


@pytest.mark.parametrize("status", [400, 500])
def test_return_from_checkout_is_a_503_page_until_stripe_answers(
    carol: Person, misbehaving: MisbehavingStripe, at_stripe: Stripe, status: int
) -> None:
    at_stripe.mute()
    session_id = session_id_in(carol.buy("pro").location)
    at_stripe.pay(session_id)
    misbehaving.answer(status)

    broken = carol.get(f"/checkout/success?session_id={session_id}")
    misbehaving.behave()
    mended = carol.get(f"/checkout/success?session_id={session_id}")

    assert (broken.status_code, mended.status_code) == (503, 200)
    assert carol.role == "pro"


@pytest.mark.parametrize("status", STATUSES)
def test_event_that_stripe_cannot_be_asked_about_is_kept_and_settled_by_the_retry(
    carol: Person, shaky: Flask, misbehaving: MisbehavingStripe, at_stripe: Stripe, status: int
) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(carol.buy("pro").location))
    [event] = at_stripe.events("customer.subscription.created")
    misbehaving.answer(status, "/v1/subscriptions")

    broken = [deliver(shaky, event), deliver(shaky, event)]
    kept = recorded(shaky, event["id"])
    misbehaving.behave()
    mended = deliver(shaky, event)

    assert (broken, mended) == ([500, 500], 200)
    assert (kept.outcome, kept.tries) == ("failed", 2)
    assert kept.error
    settled = recorded(shaky, event["id"])
    assert (settled.outcome, settled.tries, settled.error) == ("processed", 3, None)
    assert settled.changes
    assert carol.role == "pro"


def test_event_in_the_fast_path_costs_no_call_to_stripe(
    carol: Person, shaky: Flask, misbehaving: MisbehavingStripe, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(carol.buy("pro").location))
    for event in at_stripe.events():
        deliver(shaky, event)
    [subscription] = at_stripe.subscriptions()
    misbehaving.requests.clear()

    for second in range(60, 65):
        event = event_of("customer.subscription.updated", {**subscription, "cancel_at_period_end": bool(second % 2)})
        assert deliver(shaky, {**event, "created": event["created"] + second}) == 200

    assert misbehaving.requests == []


def test_event_of_a_type_that_we_do_not_handle_is_answered_without_stripe(app_with) -> None:
    cut_off = app_with(stripe_api_base="http://127.0.0.1:9")
    body, headers = signed(
        event_of("coupon.created", {"id": "coupon_1"}), cut_off.extensions["settings"].webhook_secrets[0]
    )

    answer = cut_off.test_client().post("/webhooks/stripe", data=body, headers=headers)

    assert answer.status_code == 200


def test_pages_are_there_without_stripe(carol: Person, misbehaving: MisbehavingStripe) -> None:
    misbehaving.answer(500)

    assert carol.get("/account").status_code == 200
    assert carol.get("/pricing").status_code == 200


def deliver(app: Flask, event: dict[str, object]) -> int:
    body, headers = signed(event, app.extensions["settings"].webhook_secrets[0])
    return app.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code


def recorded(app: Flask, event_id: object) -> StripeEvent:
    with app.app_context():
        return db.session.get_one(StripeEvent, event_id)
