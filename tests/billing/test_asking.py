"""Ask first, then lock: what changes while Stripe is asked is never overwritten by the older answer."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.asking import ROUNDS, ask, ask_then_lock
from app.billing.customers import lock_user
from app.billing.errors import StillChanging, TransactionOpen
from app.billing.gateway.client import StripeGateway, get_gateway
from app.billing.models.subscription import Subscription
from app.billing.reconcile.users import sync_user
from app.database import db, in_transaction
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.people import Person
from tests.stripe_actions import Stripe, event_of, session_id_in, signed

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def between(emulator: Emulator) -> Iterator[MisbehavingStripe]:
    with MisbehavingStripe(emulator.url) as proxy:
        yield proxy


@pytest.fixture
def shop(app_with: Callable[..., Flask], between: MisbehavingStripe, at_stripe: Stripe) -> Flask:
    at_stripe.mute()
    return app_with(stripe_api_base=between.url)


@pytest.fixture
def carol(shop: Flask, at_stripe: Stripe) -> Person:
    """Somebody who subscribed to Basic."""
    carol = Person.sign_up(shop, "carol@example.com")
    session_id = session_id_in(carol.buy("basic").location)
    at_stripe.pay(session_id)
    carol.get(f"/checkout/success?session_id={session_id}")
    return carol


def bring(shop: Flask, event: dict[str, Any]) -> int:
    body, headers = signed(event, shop.extensions["settings"].webhook_secrets[0])
    return shop.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code


def newer(subscription: dict[str, Any], seconds: int) -> dict[str, Any]:
    """An event that is certainly newer than what is mirrored, so that Stripe need not be asked about it."""
    event = event_of("customer.subscription.updated", subscription)
    return event | {"created": event["created"] + seconds}


class Rival:
    """Changes the plan, and brings the event, after Stripe has looked up its answer and before that arrives."""

    def __init__(self, shop: Flask, at_stripe: Stripe, between: MisbehavingStripe, times: int) -> None:
        self.shop, self.at_stripe, self.left = shop, at_stripe, times
        self.answered = 0
        between.after = self._interfere

    def _interfere(self, method: str, path: str) -> None:
        if method != "GET" or not path.startswith("/v1/subscriptions"):
            return
        self.answered += 1
        if self.left:
            self.left -= 1
            [subscription] = self.at_stripe.subscriptions()
            self.at_stripe.swap_price(
                subscription["id"], "shop_pro_month" if self.left % 2 == 0 else "shop_basic_month"
            )
            assert bring(self.shop, newer(self.at_stripe.subscriptions()[0], 60 * self.answered)) == 200


def mirrored(shop: Flask) -> str:
    with shop.app_context():
        return str(db.session.scalars(db.select(Subscription.lookup_key)).one())


def test_answer_that_aged_while_it_was_awaited_is_asked_for_again(
    shop: Flask, carol: Person, at_stripe: Stripe, between: MisbehavingStripe, user_of: Callable[[str], Any]
) -> None:
    rival = Rival(shop, at_stripe, between, times=1)

    with shop.app_context():
        sync_user(user_of(carol.email))

    assert (carol.role, mirrored(shop)) == ("pro", "shop_pro_month")
    assert rival.answered == 2


def test_event_in_doubt_never_undoes_a_newer_one_that_came_meanwhile(
    shop: Flask, carol: Person, at_stripe: Stripe, between: MisbehavingStripe
) -> None:
    [old] = at_stripe.events("customer.subscription.created")
    rival = Rival(shop, at_stripe, between, times=1)

    assert bring(shop, old) == 200

    assert (carol.role, mirrored(shop)) == ("pro", "shop_pro_month")
    assert rival.answered == 2


def test_what_changes_all_the_time_is_given_up_with_nothing_half_done(
    shop: Flask, carol: Person, at_stripe: Stripe, between: MisbehavingStripe, user_of: Callable[[str], Any]
) -> None:
    [old] = at_stripe.events("customer.subscription.created")
    rival = Rival(shop, at_stripe, between, times=2 * ROUNDS)

    answer = bring(shop, old)
    with shop.app_context(), pytest.raises(StillChanging):
        sync_user(user_of(carol.email))

    assert answer == 500
    assert rival.answered == 2 * ROUNDS
    between.behave()
    assert bring(shop, old) == 200
    assert mirrored(shop) == at_stripe.subscriptions()[0]["items"]["data"][0]["price"]["lookup_key"]


def test_buyer_who_comes_back_while_everything_changes_is_told_what_is_known(
    shop: Flask, at_stripe: Stripe, between: MisbehavingStripe
) -> None:
    dave = Person.sign_up(shop, "dave@example.com")
    session_id = session_id_in(dave.buy("basic").location)
    at_stripe.pay(session_id)

    def change(method: str, path: str) -> None:
        with shop.app_context():
            assert lock_user(uuid.UUID(str(dave.id)))
            db.session.commit()

    between.after = change
    answer = dave.get(f"/checkout/success?session_id={session_id}")

    assert answer.status_code == 200
    assert "Confirming your payment" in answer.text
    between.behave()
    assert "Basic is yours" in dave.get(f"/checkout/success?session_id={session_id}").text


def test_questions_are_asked_once_each_and_with_nothing_open(app: Flask, alice: Person) -> None:
    asked: list[tuple[str, bool]] = []

    def question(name: str) -> str:
        asked.append((name, in_transaction()))
        return name.upper()

    def work() -> list[str]:
        assert lock_user(alice.id)
        return [ask(question, name) for name in ("first", "second", "first")]

    with app.app_context():
        assert ask_then_lock(work) == ["FIRST", "SECOND", "FIRST"]

    assert asked == [("first", False), ("second", False)]


def test_gateway_refuses_to_be_used_inside_a_transaction(app: Flask, alice: Person) -> None:
    with app.app_context():
        lock_user(alice.id)

        with pytest.raises(TransactionOpen), get_gateway().errors():
            pytest.fail("Stripe was asked.")


def test_in_production_a_transaction_that_waits_for_stripe_is_logged_and_nobody_is_turned_away(
    app: Flask, alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = StripeGateway(app.extensions["settings"].model_copy(update={"app_env": "production"}))

    with app.app_context():
        lock_user(alice.id)
        with gateway.errors():
            pass

    assert "Stripe is asked while a transaction is open." in caplog.text
