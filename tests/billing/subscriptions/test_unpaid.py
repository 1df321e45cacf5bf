"""What is not paid takes nothing that was paid before, and gives no more time than the grace."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.auth.models import User
from app.billing.models.subscription import Subscription
from app.billing.reconcile.users import sync_user
from app.billing.subscriptions.snapshot import SubscriptionSnapshot
from app.billing.webhooks.handlers import HANDLERS
from app.database import db, utcnow
from tests.people import Person
from tests.stripe_actions import Json, Stripe

pytestmark = pytest.mark.usefixtures("catalogue")
DAY = 86400
CARD_THAT_FAILS = "tok_chargeCustomerFail"


class Past:
    """Alice's subscription, which began some days ago: its clock stands still until it is moved."""

    def __init__(self, app: Flask, alice: Person, stripe: Stripe, deliver: Callable[[Json], Any]) -> None:
        self.app, self.alice, self.stripe, self._deliver = app, alice, stripe, deliver
        self.clock = self.customer = self.subscription = ""
        self._told = 0

    def subscribe(self, key: str, days_ago: float, **params: Any) -> None:
        begun = int(time.time() - days_ago * DAY)
        self.clock = self.stripe.v1.test_helpers.test_clocks.create({"frozen_time": begun}).id
        metadata = {"userId": str(self.alice.id)}
        self.customer = self.stripe.v1.customers.create({"test_clock": self.clock, "metadata": metadata}).id
        price = self.stripe.price(key)
        self.subscription = self.stripe.subscribe(self.customer, price, metadata=metadata, **params)["id"]

    def move_to(self, days_ago: float) -> None:
        params = {"frozen_time": int(time.time() - days_ago * DAY)}
        self.stripe.v1.test_helpers.test_clocks.advance(self.clock, params)

    def fail(self) -> None:
        self.stripe.use_card(self.customer, CARD_THAT_FAILS)

    def change(self, **item: Any) -> None:
        """Change the plan or the seats, invoiced at once, with a card that fails."""
        self.fail()
        item["id"] = self.stripe.subscription(self.subscription)["items"]["data"][0]["id"]
        params = {"items": [item], "proration_behavior": "always_invoice"}
        self.stripe.v1.subscriptions.update(self.subscription, params)

    def tell(self, *, backwards: bool = False) -> None:
        """Bring the events since the last time."""
        events = [event for event in self.stripe.events() if event["type"] in HANDLERS]
        self._told, new = len(events), events[self._told :]
        for event in reversed(new) if backwards else new:
            assert self._deliver(event).status_code == 200

    @property
    def standing(self) -> tuple[str, datetime | None]:
        """The role now, and its end."""
        with self.app.app_context():
            user = db.session.scalars(db.select(User).where(User.email == self.alice.email)).one()
            return user.role, user.role_expires_at

    def has(self, role: str, days: float) -> bool:
        """Whether she has this role, and for so many days more."""
        given, ends_at = self.standing
        left = (ends_at - utcnow()) / timedelta(days=1) if ends_at else None
        return given == role and left is not None and abs(left - days) < 0.2

    def mirrored(self) -> Json:
        with self.app.app_context():
            row = db.session.get_one(Subscription, self.subscription)
            return {name: getattr(row, name) for name in SubscriptionSnapshot.__annotations__}


@pytest.fixture
def past(app: Flask, alice: Person, at_stripe: Stripe, deliver) -> Past:
    at_stripe.mute()
    return Past(app, alice, at_stripe, deliver)


def test_unpaid_upgrade_leaves_the_plan_that_was_paid_to_its_end(past: Past) -> None:
    past.subscribe("shop_basic_month", days_ago=28)
    past.move_to(days_ago=8)
    past.change(price=past.stripe.price("shop_pro_month"))

    past.tell()

    assert past.mirrored()["status"] == "past_due"
    assert past.standing == ("basic", past.mirrored()["current_period_end"])
    page = past.alice.get("/account").text
    assert "You&#39;re on Basic: your change to Pro is not paid." in page
    assert "Pro stays on" not in page


def test_unpaid_upgrade_counts_for_the_days_of_grace(past: Past) -> None:
    past.subscribe("shop_basic_month", days_ago=23)
    past.move_to(days_ago=3)
    past.change(price=past.stripe.price("shop_pro_month"))

    past.tell()

    assert past.has("pro", days=4)


def test_seat_that_is_not_paid_takes_nothing_of_a_paid_year(past: Past) -> None:
    past.subscribe("shop_pro_year", days_ago=190)
    past.move_to(days_ago=10)
    past.change(quantity=2)

    past.tell()

    assert (past.mirrored()["status"], past.mirrored()["paid_quantity"]) == ("past_due", 1)
    assert past.has("pro", days=365 - 190)


@pytest.mark.parametrize(("days_unpaid", "granted"), [(1, 3), (8, 2)])
def test_seats_that_are_not_paid_count_for_the_days_of_grace(app: Flask, days_unpaid: int, granted: int) -> None:
    now = utcnow()
    row = Subscription(status="past_due", stripe_subscription_id="sub_1", plan_key="pro", quantity=3, role_rank=20)
    row.paid_plan_key, row.paid_quantity, row.paid_role_rank = "pro", 2, 20
    row.unpaid_since, row.paid_until = now - timedelta(days=days_unpaid), now + timedelta(days=90)

    with app.app_context():
        assert (row.seats, row.granted_seats) == (3, granted)


def test_another_unpaid_period_gives_no_more_time(past: Past, emulator: Emulator) -> None:
    emulator.configure(dunning_final_status="past_due")
    past.subscribe("shop_pro_month", days_ago=65)
    past.fail()
    for days_ago in (33, 18, 5, 2):
        past.move_to(days_ago=days_ago)

    past.tell()

    assert past.mirrored()["status"] == "past_due"
    assert past.standing == ("free", None)


def test_renewal_that_is_not_paid_ends_with_the_grace(past: Past) -> None:
    past.subscribe("shop_pro_month", days_ago=33)
    past.fail()
    past.move_to(days_ago=0)

    past.tell()

    [_, renewal] = past.stripe.invoices()
    due_at = renewal["status_transitions"]["finalized_at"]
    assert past.standing[0] == "pro"
    assert past.standing[1].timestamp() == due_at + 7 * DAY


@pytest.mark.parametrize("payment", ["pay", "void_invoice"])
def test_oldest_invoice_that_is_settled_is_unpaid_no_more(past: Past, emulator: Emulator, payment: str) -> None:
    emulator.configure(dunning_final_status="past_due")
    past.subscribe("shop_pro_month", days_ago=65)
    past.fail()
    for days_ago in (33, 18, 2):
        past.move_to(days_ago=days_ago)
    past.tell()
    oldest = next(one for one in past.stripe.invoices() if one["status"] == "open")
    params = {"paid_out_of_band": True} if payment == "pay" else {}
    getattr(past.stripe.v1.invoices, payment)(oldest["id"], params)

    past.tell()

    assert past.standing[0] == "pro"


def test_plan_that_was_given_back_is_not_paid_any_more(past: Past) -> None:
    past.subscribe("shop_pro_month", days_ago=29)
    past.move_to(days_ago=20)
    item = past.stripe.subscription(past.subscription)["items"]["data"][0]["id"]
    change = {"items": [{"id": item, "price": past.stripe.price("shop_basic_month")}]}
    past.stripe.v1.subscriptions.update(past.subscription, {**change, "proration_behavior": "always_invoice"})
    past.move_to(days_ago=8)
    past.change(quantity=40)

    past.tell()

    assert past.mirrored()["status"] == "past_due"
    assert past.standing[0] == "basic"


def test_price_of_no_plan_that_is_not_paid_leaves_the_plan_that_was_paid(past: Past) -> None:
    past.subscribe("shop_basic_month", days_ago=20)
    past.move_to(days_ago=1)
    product = past.stripe.v1.products.create({"name": "By hand"}).id
    price = {"product": product, "currency": "usd", "unit_amount": 7800, "recurring": {"interval": "month"}}
    past.change(price=past.stripe.v1.prices.create(price).id)

    past.tell()

    assert past.mirrored()["status"] == "past_due"
    assert past.standing == ("basic", past.mirrored()["paid_until"])


def test_cheaper_plan_for_longer_that_is_not_paid_leaves_the_dearer_one_to_its_end(past: Past) -> None:
    past.subscribe("shop_pro_month", days_ago=28)
    past.move_to(days_ago=1)
    past.change(price=past.stripe.price("shop_basic_year"))

    past.tell()

    assert past.standing[0] == "pro"
    assert timedelta(days=1) < past.standing[1] - utcnow() < timedelta(days=4)


def test_sent_invoice_that_is_overdue_has_the_grace_too(past: Past) -> None:
    past.subscribe("shop_pro_month", days_ago=33, collection_method="send_invoice", days_until_due=30)
    past.move_to(days_ago=0)

    past.tell()

    assert past.mirrored()["status"] == "past_due"
    assert past.has("pro", days=4)


@pytest.mark.parametrize("backwards", [False, True])
def test_what_is_unpaid_is_the_same_in_any_order_and_by_sync(past: Past, backwards: bool) -> None:
    past.subscribe("shop_basic_month", days_ago=28)
    past.move_to(days_ago=8)
    past.change(price=past.stripe.price("shop_pro_month"))

    past.tell(backwards=backwards)
    by_events = past.mirrored()
    with past.app.app_context():
        sync_user(db.session.scalars(db.select(User)).one())

    assert past.mirrored() == by_events
    assert past.standing[0] == "basic"


def test_payment_of_what_was_unpaid_forgets_it(past: Past) -> None:
    past.subscribe("shop_basic_month", days_ago=28)
    past.move_to(days_ago=8)
    past.change(price=past.stripe.price("shop_pro_month"))
    past.tell()
    unpaid = next(one for one in past.stripe.invoices() if one["status"] == "open")
    past.stripe.v1.invoices.pay(unpaid["id"], {"paid_out_of_band": True})

    past.tell()

    assert past.standing[0] == "pro"
    assert (past.mirrored()["unpaid_since"], past.mirrored()["paid_role"]) == (None, None)
