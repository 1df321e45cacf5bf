"""People are quick: two tabs, the return page and the webhook, a cancellation and a renewal, all at once."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import stripe as sdk
from flask import Flask
from stripe_emulator import Emulator

from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.subscription import Subscription
from app.database import db
from app.mail.outbox import OutboxMail
from tests.billing.lives.oracle import assert_everything_equals_stripe
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe, event_of, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")
TABS = 6


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Do these at the same moment; what each answered."""
    answers: list[Any] = [None] * len(actions)
    start = threading.Barrier(len(actions))

    def do(number: int) -> None:
        start.wait()
        answers[number] = actions[number]()

    threads = [threading.Thread(target=do, args=(number,)) for number in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.fixture(autouse=True)
def _usual_pause_between_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who meets a key that is in use waits as long as the SDK does, not the other tests' hundredth of a second."""
    monkeypatch.setattr(sdk.HTTPClient, "INITIAL_DELAY", 0.5)
    monkeypatch.setattr(sdk.HTTPClient, "MAX_DELAY", 5)


@pytest.fixture
def tabs(app: Flask, alice: Person) -> list[Person]:
    """Alice in several browsers at once."""
    people = [alice]
    for _ in range(TABS - 1):
        another = Person(app, app.test_client(), alice.email)
        assert another.post("/login", page="/login", email=alice.email, password=PASSWORD).status_code == 303
        people.append(another)
    return people


def press(tab: Person, plan: str) -> Callable[[], Any]:
    """A press of the button, with the form already filled in."""
    token = tab.csrf_token("/pricing")
    return lambda: tab.client.post(f"/checkout/{plan}", data={"csrf_token": token, "interval": "month"})


def test_first_checkouts_in_several_tabs_share_one_customer_order_and_session(
    app: Flask, tabs: list[Person], at_stripe: Stripe
) -> None:
    answers = at_once(*(press(tab, "pro") for tab in tabs))

    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1
    assert len(at_stripe.v1.customers.list({}).data) == 1
    assert len(at_stripe.v1.checkout.sessions.list({}).data) == 1
    with app.app_context():
        assert db.session.scalars(db.select(Order.state)).all() == ["pending"]


def test_different_plans_in_several_tabs_leave_one_session_open(
    app: Flask, tabs: list[Person], at_stripe: Stripe
) -> None:
    answers = at_once(*(press(tab, plan) for tab, plan in zip(tabs, ["basic", "pro", "lifetime"] * 2, strict=True)))

    assert {answer.status_code for answer in answers} <= {303, 503}
    still_open = at_stripe.v1.checkout.sessions.list({"status": "open"}).data
    assert len(still_open) <= 1
    with app.app_context():
        pending = list(db.session.scalars(db.select(Order).where(Order.state == "pending")))
    assert len(pending) <= 1


def test_return_page_and_webhooks_at_once_fulfill_once(
    site: str, app: Flask, tabs: list[Person], at_stripe: Stripe, emulator: Emulator
) -> None:
    session_id = session_id_in(tabs[0].buy("lifetime").location)
    come_back = [lambda tab=tab: tab.get(f"/checkout/success?session_id={session_id}") for tab in tabs]

    answers = at_once(lambda: at_stripe.pay(session_id), *come_back)
    emulator.wait_until_idle()

    assert {answer.status_code for answer in answers[1:]} == {200}
    with app.app_context():
        assert db.session.scalars(db.select(Order.state)).all() == ["fulfilled"]
        assert len(db.session.scalars(db.select(Payment)).all()) == 1
        assert len(db.session.scalars(db.select(RoleChange)).all()) == 1
        mails = db.session.scalars(db.select(OutboxMail.template)).all()
    assert mails.count("order_confirmed") == 1


def test_paying_while_another_tab_changes_its_mind_never_sells_two_subscriptions(
    site: str, tabs: list[Person], at_stripe: Stripe, emulator: Emulator
) -> None:
    session_id = session_id_in(tabs[0].buy("basic").location)

    def pay() -> None:
        with suppress(sdk.InvalidRequestError):
            at_stripe.pay(session_id)

    at_once(pay, *(press(tab, "pro") for tab in tabs[1:]))
    emulator.wait_until_idle()
    for tab in tabs:
        address = tab.buy("pro").location
        if "/c/pay/" in address:
            at_stripe.pay(session_id_in(address))

    live = [one for one in at_stripe.subscriptions() if one["status"] == "active"]
    assert len(live) == 1


def test_cancellation_racing_the_renewal_ends_as_stripe_says(
    site: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    subscription = at_stripe.pay(session_id_in(alice.buy("pro").location))["subscription"]
    emulator.wait_until_idle()

    at_once(lambda: emulator.advance(days=31), lambda: at_stripe.v1.subscriptions.cancel(subscription))
    emulator.wait_until_idle()

    assert_everything_equals_stripe(app, at_stripe)
    assert alice.role == "free"
    with app.app_context():
        assert db.session.scalars(db.select(Subscription.status)).all() == ["canceled"]


def test_refunds_of_one_charge_at_once_leave_the_largest_amount(
    app: Flask, alice: Person, at_stripe: Stripe, deliver: Callable[..., Any]
) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    deliver(at_stripe.events("invoice.paid")[0])
    [charge] = at_stripe.charges()
    refunded = [event_of("charge.refunded", {**charge, "amount_refunded": 100 * part}) for part in range(1, 17)]
    deliver(refunded[0])

    answers = at_once(*(lambda event=event: deliver(event).status_code for event in refunded))

    assert set(answers) == {200}
    with app.app_context():
        assert db.session.scalars(db.select(Payment.amount_refunded)).all() == [1600]
