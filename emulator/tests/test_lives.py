"""Random lives of subscriptions: whatever happens, nothing breaks and every change is told in an event."""

import contextlib
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from tests.shop import Shop

DAY = 86400
START = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp())
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired")
#: What is told by the events of other objects, or by none on Stripe either.
UNTOLD = {"customer": {"next_invoice_sequence"}}
KINDS = ("subscription", "invoice", "charge", "customer", "subscription_schedule", "refund")


class Life:
    """One customer on a test clock, to whom one thing after another happens."""

    def __init__(self, shop: Shop, chance: random.Random) -> None:
        self.shop = shop
        self.v1 = shop.client.v1
        self.chance = chance
        self.prices = [shop.basic.id, shop.pro.id, shop.pro_year.id]
        self.clock = shop.clock(START)
        self.customer = shop.customer(clock=self.clock.id)
        params: dict[str, Any] = {"trial_period_days": 7} if chance.random() < 0.3 else {}
        self.id = shop.subscribe(self.customer, shop.pro, **params).id

    def step(self) -> None:
        """Do one thing; a refusal is as good as an answer."""
        actions: list[Callable[[stripe.Subscription], object]] = [
            self.wait,
            self.wait,
            self.wait,
            self.use_another_card,
            self.swap,
            self.cancel_later,
            self.keep,
            self.pause,
            self.resume,
            self.end_trial,
            self.pay,
            self.void,
            self.schedule,
            self.refund,
        ]
        with contextlib.suppress(stripe.InvalidRequestError, stripe.CardError):
            self.chance.choice(actions)(self.v1.subscriptions.retrieve(self.id))

    def wait(self, _: stripe.Subscription) -> None:
        now = self.v1.test_helpers.test_clocks.retrieve(self.clock.id).frozen_time
        self.shop.advance(self.clock, now + self.chance.choice((DAY, 7 * DAY, 31 * DAY)))

    def use_another_card(self, _: stripe.Subscription) -> None:
        method = self.v1.payment_methods.attach(self.chance.choice(CARDS), {"customer": self.customer.id})
        settings: Any = {"default_payment_method": method.id}
        self.v1.customers.update(self.customer.id, {"invoice_settings": settings})

    def swap(self, subscription: stripe.Subscription) -> None:
        item = subscription["items"].data[0].id
        params: Any = {
            "items": [{"id": item, "price": self.chance.choice(self.prices)}],
            "proration_behavior": self.chance.choice(("create_prorations", "always_invoice", "none")),
            "payment_behavior": self.chance.choice(("allow_incomplete", "error_if_incomplete", "default_incomplete")),
        }
        self.v1.subscriptions.update(self.id, params)

    def cancel_later(self, _: stripe.Subscription) -> None:
        params: Any = self.chance.choice(({"cancel_at_period_end": True}, {"cancel_at": "max_period_end"}))
        self.v1.subscriptions.update(self.id, params)

    def keep(self, _: stripe.Subscription) -> None:
        self.v1.subscriptions.update(self.id, {"cancel_at": ""})

    def pause(self, _: stripe.Subscription) -> None:
        self.v1.subscriptions.pause(self.id, {"type": "subscription"})

    def resume(self, _: stripe.Subscription) -> None:
        self.v1.subscriptions.resume(self.id)

    def end_trial(self, _: stripe.Subscription) -> None:
        self.v1.subscriptions.update(self.id, {"trial_end": "now"})

    def pay(self, subscription: stripe.Subscription) -> None:
        self.v1.invoices.pay(str(subscription.latest_invoice))

    def void(self, subscription: stripe.Subscription) -> None:
        self.v1.invoices.void_invoice(str(subscription.latest_invoice))

    def schedule(self, subscription: stripe.Subscription) -> None:
        schedule = self.v1.subscription_schedules.create({"from_subscription": subscription.id})
        phase = schedule.phases[0]
        held: Any = {"items": [{"price": subscription["items"].data[0].price.id}]}
        phases: Any = [
            {**held, "start_date": phase.start_date, "end_date": phase.end_date},
            {"items": [{"price": self.chance.choice(self.prices)}]},
        ]
        self.v1.subscription_schedules.update(schedule.id, {"phases": phases})

    def refund(self, _: stripe.Subscription) -> None:
        charges = self.v1.charges.list({"customer": self.customer.id}).data
        if charges:
            self.v1.refunds.create({"charge": charges[0].id})


@pytest.mark.parametrize("seed", range(8))
def test_every_change_in_a_random_life_is_told(
    client: stripe.StripeClient, emulator: Emulator, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    life = Life(Shop(client, emulator.url, emulator.secret_key), random.Random(seed))

    with caplog.at_level(logging.ERROR, "stripe_emulator"):
        for _ in range(15):
            life.step()

    assert caplog.records == []
    assert untold_changes(emulator, life.customer.id) == []


def untold_changes(emulator: Emulator, customer: str) -> list[tuple[str, str]]:
    """Return which fields of the customer's objects differ from the last event about each."""
    with emulator.store.read() as tx:
        told: dict[str, Any] = {}
        for event in tx.find("event"):
            told.setdefault(event["data"]["object"].get("id"), event["data"]["object"])
        objects = [tx.require("customer", customer)]
        objects += [each for kind in KINDS if kind != "customer" for each in tx.find(kind, customer=customer)]
    return [
        (each["id"], field)
        for each in objects
        for field in each
        if field not in UNTOLD.get(each["object"], ()) and told[each["id"]].get(field) != each[field]
    ]
