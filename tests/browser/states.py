"""Bringing a subscriber into each billing state, by driving the emulator as Stripe's own API."""

from collections.abc import Callable

from stripe_emulator import Emulator

from tests.people import Person
from tests.stripe_actions import Json, Stripe, session_id_in

FAILING_CARD = "tok_chargeCustomerFail"


class Subscriber:
    """A person, and the Stripe that they pay through."""

    def __init__(self, person: Person, emulator: Emulator) -> None:
        self.person = person
        self.emulator = emulator
        self.at_stripe = Stripe(emulator)

    def buy(self, plan: str = "pro") -> str:
        """Buy a plan to the end; the session's id."""
        session_id = session_id_in(self.person.buy(plan).location)
        self.at_stripe.pay(session_id)
        self.emulator.wait_until_idle()
        return session_id

    @property
    def subscription(self) -> Json:
        return self.at_stripe.subscriptions()[0]

    def change(self, **params: object) -> None:
        self.at_stripe.v1.subscriptions.update(self.subscription["id"], params)
        self.emulator.wait_until_idle()


def free(subscriber: Subscriber) -> None:
    """Nothing bought."""


def active(subscriber: Subscriber) -> None:
    subscriber.buy()


def trialing(subscriber: Subscriber) -> None:
    subscriber.buy()
    subscriber.change(trial_end=subscriber.subscription["items"]["data"][0]["current_period_end"])


def canceling(subscriber: Subscriber) -> None:
    subscriber.buy()
    subscriber.at_stripe.cancel_in_portal(subscriber.subscription["id"])
    subscriber.emulator.wait_until_idle()


def past_due(subscriber: Subscriber) -> None:
    subscriber.buy()
    subscriber.at_stripe.use_card(subscriber.subscription["customer"], FAILING_CARD)
    subscriber.emulator.advance(days=31.2)
    subscriber.emulator.wait_until_idle()


def unpaid(subscriber: Subscriber) -> None:
    subscriber.buy()
    subscriber.at_stripe.v1.subscriptions.pause(subscriber.subscription["id"])
    subscriber.emulator.wait_until_idle()


def ended(subscriber: Subscriber) -> None:
    subscriber.buy()
    subscriber.at_stripe.v1.subscriptions.cancel(subscriber.subscription["id"])
    subscriber.emulator.wait_until_idle()


def incomplete(subscriber: Subscriber) -> None:
    """The first payment of a subscription that was made by hand asks for 3-D Secure."""
    assert subscriber.person.buy("pro").status_code == 303
    at_stripe = subscriber.at_stripe
    customer = at_stripe.v1.customers.list().data[0].id
    at_stripe.subscribe(customer, at_stripe.price("shop_pro_month"), token="tok_threeDSecure2Required")
    subscriber.emulator.wait_until_idle()


def lifetime(subscriber: Subscriber) -> None:
    subscriber.buy("lifetime")


STATES: dict[str, Callable[[Subscriber], None]] = {
    state.__name__: state
    for state in (free, incomplete, trialing, active, canceling, past_due, unpaid, ended, lifetime)
}
