"""What changes the next charge: add-ons, credit, discounts that last, planned changes, quarters, invoices by mail."""

from contextlib import suppress
from typing import Any

import stripe as sdk
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.billing.lives.subscriber import Subscriber
from tests.stripe_actions import Json

REFUSED = (sdk.CardError, sdk.InvalidRequestError)
PLANNED = st.sampled_from(["shop_basic_month", "shop_pro_month", "shop_pro_year"])
Term = tuple[str, Any]
# What lives begin with, so that most of them have something beside the price.
TERMS: st.SearchStrategy[Term] = st.sampled_from(
    [
        ("add_an_add_on", "none"),
        ("add_an_add_on", "create_prorations"),
        ("pay_by_the_quarter", 7800),
        ("give_credit", -2000),
        ("give_credit", 300),
        ("give_a_discount", "third_for_good"),
        ("give_a_discount", "two_dollars_twice"),
        ("add_an_add_on_of_another_rhythm", "none"),
        ("plan_a_change", ("shop_basic_month", None)),
        ("plan_a_change", ("shop_pro_year", "third_for_good")),
        ("send_invoices", True),
    ]
)
AT_ONCE = {"proration_behavior": "always_invoice"}


class Terms(Subscriber):
    """The operator, or another system on the account, agrees on other terms with her."""

    @precondition(lambda self: self.live)
    @rule(behavior=st.sampled_from(["none", "always_invoice", "create_prorations"]))
    def add_an_add_on(self, behavior: str) -> None:
        """Something that is charged as often as the plan, and is no plan."""
        subscription = self.chance.choice(self.live)
        recurring = subscription["items"]["data"][0]["price"]["recurring"]
        price = self.stage.add_ons.get((recurring["interval"], recurring["interval_count"]))
        item = {"subscription": subscription["id"], "price": price, "proration_behavior": behavior}
        with suppress(*REFUSED):
            self.stripe.v1.subscription_items.create(item)

    @precondition(lambda self: self.live)
    @rule(behavior=st.sampled_from(["none", "create_prorations"]))
    def add_an_add_on_of_another_rhythm(self, behavior: str) -> None:
        """Something that is charged each month beside a plan by the year, or each year beside one by the month."""
        subscription = self.chance.choice(self.live)
        interval = subscription["items"]["data"][0]["price"]["recurring"]["interval"]
        price = self.stage.add_ons["year" if interval == "month" else "month", 1]
        item = {"subscription": subscription["id"], "price": price, "proration_behavior": behavior}
        with suppress(*REFUSED):
            self.stripe.v1.subscription_items.create(item)

    @precondition(lambda self: self.live)
    @rule(amount=st.just(7800))
    def pay_by_the_quarter(self, amount: int) -> None:
        """A price that somebody made by hand: no plan knows it."""
        subscription = self.chance.choice(self.live)
        items = [{"id": subscription["items"]["data"][0]["id"], "price": self.stage.quarters[amount]}]
        with suppress(*REFUSED):
            self.stripe.v1.subscriptions.update(subscription["id"], {"items": items, **AT_ONCE})

    @precondition(lambda self: self.customer)
    @rule(amount=st.sampled_from([-500, -2000, -100_000, 300]))
    def give_credit(self, amount: int) -> None:
        """Less than nothing is what she has; more than that is what she owes."""
        [customer] = self.all_of("customer")
        given = {"amount": amount, "currency": customer["currency"] or "usd"}
        self.stripe.v1.customers.balance_transactions.create(self.customer, given)

    @precondition(lambda self: self.live)
    @rule(coupon=st.sampled_from(["third_for_good", "two_dollars_twice", "half_of_pro", None]))
    def give_a_discount(self, coupon: str | None) -> None:
        discounts = [{"coupon": self.stage.coupons[coupon]}] if coupon else ""
        with suppress(*REFUSED):
            self.stripe.v1.subscriptions.update(self.one_of(self.live), {"discounts": discounts})

    @precondition(lambda self: self.live)
    @rule(
        planned=st.tuples(PLANNED, st.sampled_from([None, None, "third_for_good", "two_dollars_twice", "half_of_pro"]))
    )
    def plan_a_change(self, planned: tuple[str, str | None]) -> None:
        """As the portal does for a cheaper plan: it begins with the next period, perhaps with a discount."""
        key, coupon = planned
        with suppress(*REFUSED):
            self.stripe.plan_change(self.one_of(self.live), key, self.stage.coupons[coupon] if coupon else None)

    @precondition(lambda self: self.planned)
    @rule(way=st.sampled_from(["release", "release", "cancel"]))
    def give_the_plan_up(self, way: str) -> None:
        with suppress(*REFUSED):
            getattr(self.stripe.v1.subscription_schedules, way)(self.one_of(self.planned))

    @precondition(lambda self: self.live)
    @rule(by_mail=st.booleans())
    def send_invoices(self, by_mail: bool) -> None:
        way = {"collection_method": "send_invoice", "days_until_due": 7}
        params = way if by_mail else {"collection_method": "charge_automatically"}
        with suppress(*REFUSED):
            self.stripe.v1.subscriptions.update(self.one_of(self.live), params)

    @property
    def planned(self) -> list[Json]:
        """The schedules that go on."""
        return self.all_of("subscription_schedule", status="active")
