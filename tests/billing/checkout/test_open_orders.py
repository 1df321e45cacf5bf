"""An order that is still open: when its session is used again, and what may happen to it meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.models.payments import Order
from app.database import db
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.people import Person
from tests.stripe_actions import Stripe, event_of, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")


def states(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Order.state).order_by(Order.created_at)))


def write(app: Flask, statement: Any) -> None:
    with app.app_context():
        db.session.execute(statement)
        db.session.commit()


@pytest.mark.parametrize("outdated", [{"amount": 1900}, {"currency": "eur"}])
def test_open_session_of_another_price_is_not_used_again(
    app: Flask, alice: Person, at_stripe: Stripe, outdated: dict[str, Any]
) -> None:
    first = session_id_in(alice.buy("pro").location)
    write(app, db.update(Order).values(**outdated))

    second = session_id_in(alice.buy("pro").location)

    assert [at_stripe.session(one)["status"] for one in (first, second)] == ["expired", "open"]
    assert states(app) == ["expired", "pending"]


@pytest.mark.parametrize(
    ("meanwhile", "status", "left"),
    [(db.update(Order).values(state="expired"), 303, ["expired", "pending"]), (db.delete(Order), 503, [])],
    ids=["closed", "given up"],
)
def test_session_of_an_order_that_another_tab_has_ended_meanwhile_sells_nothing(
    app_with: Callable[..., Flask], emulator: Emulator, at_stripe: Stripe, meanwhile: Any, status: int, left: list[str]
) -> None:
    with MisbehavingStripe(emulator.url) as between:
        alice = Person.sign_up(app_with(stripe_api_base=between.url), "alice@example.com")
        ended: list[None] = []

        def end(method: str, path: str) -> None:
            if (method, path) == ("POST", "/v1/checkout/sessions") and not ended:
                ended.append(write(alice.app, meanwhile))

        between.after = end
        answer = alice.buy("pro")

    assert (answer.status_code, states(alice.app)) == (status, left)
    if status == 303:
        still_open = at_stripe.v1.checkout.sessions.list({"status": "open"}).data
        assert [one.id for one in still_open] == [session_id_in(answer.location)]


@pytest.mark.parametrize(
    ("trial_days", "payment_status", "amount"),
    [(0, "no_payment_required", 0), (14, "paid", 0), (14, "no_payment_required", 100)],
)
def test_trial_alone_excuses_an_amount_and_only_nothing(
    app: Flask, alice: Person, at_stripe: Stripe, deliver, trial_days: int, payment_status: str, amount: int
) -> None:
    at_stripe.mute()
    session = at_stripe.pay(session_id_in(alice.buy("pro").location))
    write(app, db.update(Order).values(trial_days=trial_days))

    changed = {"payment_status": payment_status, "amount_subtotal": amount, "amount_total": amount}
    deliver(event_of("checkout.session.completed", session | changed))

    assert states(app) == ["mismatched"]
