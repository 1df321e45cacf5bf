"""Bringing a subscriber into each billing state, by driving the emulator as Stripe's own API."""

from collections.abc import Callable
from typing import Any

import stripe

from stripe_emulator import Emulator
from tests.people import Person

FAILING_CARD = "pm_card_chargeCustomerFail"


class Subscriber:
    """A person, and the Stripe that they pay through."""

    def __init__(self, person: Person, emulator: Emulator) -> None:
        self.person = person
        self.emulator = emulator
        self.stripe = stripe.StripeClient(emulator.secret_key, base_addresses={"api": emulator.url})

    def buy(self, plan: str = "pro", interval: str = "month", card: str = "tok_visa") -> str:
        """Buy a plan to the end, as the CLI does it without a browser; the session's id."""
        assert self.person.buy(plan, interval).status_code == 303
        session = self.stripe.v1.checkout.sessions.list().data[0]
        card_params: Any = {"type": "card", "card": {"token": card}}
        method = self.stripe.v1.payment_methods.create(card_params)
        self.stripe.raw_request(
            "post",
            f"/v1/payment_pages/{session.id}/confirm",
            payment_method=method.id,
            expected_amount=session.amount_total,
        )
        self.emulator.wait_until_idle()
        return session.id

    @property
    def subscription(self) -> stripe.Subscription:
        return self.stripe.v1.subscriptions.list({"status": "all"}).data[0]

    def change(self, **params: Any) -> None:
        self.stripe.v1.subscriptions.update(self.subscription.id, params)  # type: ignore[arg-type]
        self.emulator.wait_until_idle()

    def lose_the_card(self) -> None:
        """From now on the card is declined."""
        customer = str(self.subscription.customer)
        method = self.stripe.v1.payment_methods.attach(FAILING_CARD, {"customer": customer})
        self.stripe.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
        self.stripe.v1.subscriptions.update(self.subscription.id, {"default_payment_method": method.id})

    def wait(self, days: float) -> None:
        self.emulator.advance(days=days)
        self.emulator.wait_until_idle()


def free(subscriber: Subscriber) -> None:
    """Nothing bought."""


def active(subscriber: Subscriber) -> None:
    subscriber.buy()


def trialing(subscriber: Subscriber) -> None:
    subscriber.buy()
    subscriber.change(trial_end=subscriber.subscription["items"].data[0].current_period_end)


def canceling(subscriber: Subscriber) -> None:
    subscriber.buy()
    subscriber.change(cancel_at_period_end=True)


def past_due(subscriber: Subscriber) -> None:
    subscriber.buy()
    subscriber.lose_the_card()
    subscriber.wait(days=31.2)


def unpaid(subscriber: Subscriber) -> None:
    subscriber.buy()
    subscriber.stripe.v1.subscriptions.pause(subscriber.subscription.id)
    subscriber.emulator.wait_until_idle()


def ended(subscriber: Subscriber) -> None:
    subscriber.buy()
    subscriber.stripe.v1.subscriptions.cancel(subscriber.subscription.id)
    subscriber.emulator.wait_until_idle()


def incomplete(subscriber: Subscriber) -> None:
    """The first payment of a subscription that was made by hand asks for 3-D Secure."""
    subscriber.person.post("/checkout/pro", page="/pricing", interval="month")
    v1 = subscriber.stripe.v1
    customer = v1.customers.list().data[0].id
    method = v1.payment_methods.attach("pm_card_threeDSecure2Required", {"customer": customer})
    price = v1.prices.list({"lookup_keys": ["pro_month"]}).data[0].id
    v1.subscriptions.create({"customer": customer, "items": [{"price": price}], "default_payment_method": method.id})
    subscriber.emulator.wait_until_idle()


def lifetime(subscriber: Subscriber) -> None:
    subscriber.buy("lifetime")


STATES: dict[str, Callable[[Subscriber], None]] = {
    state.__name__: state
    for state in (free, incomplete, trialing, active, canceling, past_due, unpaid, ended, lifetime)
}
