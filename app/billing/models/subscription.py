"""The mirror of one Stripe subscription, and what its state means."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.billing.catalog.entitlements import decide_by_subscription, grace_ends_at, plan_of, price_known_as
from app.billing.catalog.plans import Plan, current_catalog
from app.billing.models.stripe import STRIPE_ID, user_id_column
from app.billing.statuses import ENDED_STATUSES, SubscriptionStatus
from app.database import UtcDateTime, db, utcnow

NEED_PAYMENT = frozenset({SubscriptionStatus.INCOMPLETE, SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID})
UNPAID = f"status IN ({', '.join(sorted(repr(status.value) for status in NEED_PAYMENT))})"


@dataclass(frozen=True)
class NextCharge:
    """What Stripe will charge next, minor units, and when (UTC); and the plan and seats of a change that is planned."""

    amount: int
    currency: str
    at: datetime | None
    plan_name: str | None = None
    seats: int | None = None


@dataclass(frozen=True)
class PaidBefore:
    """What goes on being paid for while a change of plan or seats is not: to this day (UTC), and whether it is less."""

    plan_name: str
    seats: int | None
    until: datetime
    is_less: bool


class Subscription(db.Model):  # type: ignore[name-defined]
    """The mirror of one Stripe subscription. `billing.sync` is its only writer.

    `snapshot_at` is the Stripe second that the row is known to reflect: only an event created after it is
    certainly newer. `price` fields are those of the item that gives the highest role; `amount` is that of all items.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        Index("ix_subscriptions_begun", "started_at", "stripe_subscription_id"),
        Index("ix_subscriptions_unpaid", "user_id", postgresql_where=text(UNPAID), sqlite_where=text(UNPAID)),
    )

    stripe_subscription_id: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    user_id: Mapped[uuid.UUID | None] = user_id_column("SET NULL")
    stripe_customer_id: Mapped[str] = mapped_column(STRIPE_ID, index=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    livemode: Mapped[bool]
    status: Mapped[str] = mapped_column(String(32))
    stripe_item_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    stripe_price_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    lookup_key: Mapped[str | None] = mapped_column(STRIPE_ID)
    # What the price bought when the catalogue knew it: a plan that is retired or removed goes on giving this.
    plan_key: Mapped[str | None] = mapped_column(String(32))
    role: Mapped[str | None] = mapped_column(String(32))
    role_rank: Mapped[int] = mapped_column(default=0, server_default="0")
    amount: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(String(3))
    interval: Mapped[str | None] = mapped_column(String(8))
    interval_count: Mapped[int] = mapped_column(default=1, server_default="1")
    quantity: Mapped[int] = mapped_column(default=1)
    current_period_start: Mapped[datetime | None] = mapped_column(UtcDateTime)
    current_period_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When something of it is charged again: something beside the plan may be charged more often.
    renews_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    trial_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_at_period_end: Mapped[bool] = mapped_column(default=False)
    canceled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_collection_paused: Mapped[bool] = mapped_column(default=False)
    collection_resumes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Why it ends, and what the customer said of it in the portal.
    cancellation_reason: Mapped[str | None] = mapped_column(String(64))
    cancellation_feedback: Mapped[str | None] = mapped_column(String(64))
    cancellation_comment: Mapped[str | None] = mapped_column(Text)
    latest_invoice_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # While it is past due: since when, and what of the time before that is paid for goes on.
    unpaid_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_plan_key: Mapped[str | None] = mapped_column(String(32))
    paid_quantity: Mapped[int | None]
    paid_role: Mapped[str | None] = mapped_column(String(32))
    paid_role_rank: Mapped[int] = mapped_column(default=0, server_default="0")
    snapshot_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Stripe's preview of the next invoice, written by `next_charge` alone: what is due, what discounts take
    # off, what they take off what is charged now, and the plan where it is another.
    next_amount: Mapped[int | None] = mapped_column(BigInteger)
    next_currency: Mapped[str | None] = mapped_column(String(3))
    next_charge_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_discount: Mapped[int | None] = mapped_column(BigInteger)
    period_discount: Mapped[int | None] = mapped_column(BigInteger)
    next_discount_names: Mapped[str | None] = mapped_column(Text)
    next_plan_key: Mapped[str | None] = mapped_column(String(32))
    next_quantity: Mapped[int | None]
    # The `snapshot_at` that it was asked for, so that whatever changes the subscription makes it out of date.
    next_asked_for: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def plan(self) -> Plan | None:
        """The plan that the price buys, or bought when it was known; None for a price of no plan of the catalogue."""
        return plan_of(self.stripe_price_id, self.lookup_key) or current_catalog().plan(self.plan_key)

    @property
    def current_plan_key(self) -> str | None:
        """The key of that plan, also of one that has gone from the catalogue."""
        return self.plan.key if self.plan else self.plan_key

    @property
    def plan_name(self) -> str | None:
        """What the plan is called, also one that has gone from the catalogue; None for a price that was never known."""
        if self.plan:
            return self.plan.name
        else:
            return current_catalog().plan_name(self.plan_key) if self.plan_key else None

    @property
    def seats(self) -> int | None:
        """How many seats Stripe charges for; None for a price that is not counted by the seat."""
        price = price_known_as(self.stripe_price_id, self.lookup_key)
        is_counted = price.per_seat if price else self.quantity > 1
        return self.quantity if is_counted else None

    @property
    def granted_seats(self) -> int | None:
        """How many seats may be used now: those that were added and are not paid count for the days of grace."""
        paid = self.paid_before
        return self.seats if paid is None or self.is_in_grace else paid.seats

    @property
    def is_in_grace(self) -> bool:
        """It is past due, and what is not paid yet is given all the same."""
        ends_at = grace_ends_at(self)
        return self.status == SubscriptionStatus.PAST_DUE and ends_at is not None and ends_at > utcnow()

    @property
    def paid_before(self) -> PaidBefore | None:
        """What was paid for and goes on, while a change to something else is not paid; None without such a change."""
        plan_key, quantity, until = self.paid_plan_key, self.paid_quantity or self.quantity, self.paid_until
        is_same = (plan_key, quantity) == (self.current_plan_key, self.quantity)
        if self.status != SubscriptionStatus.PAST_DUE or is_same or not plan_key or not until or until <= utcnow():
            return None
        is_less = (self.paid_role_rank, quantity) < (self.role_rank, self.quantity)
        is_counted = quantity > 1 or (plan_key == self.current_plan_key and self.seats is not None)
        seats = quantity if is_counted else None
        return PaidBefore(current_catalog().plan_name(plan_key), seats, until, is_less)

    @property
    def has_ended(self) -> bool:
        """It is over for good; a new one would have to be bought."""
        return self.status in ENDED_STATUSES

    @property
    def is_canceling(self) -> bool:
        """It will end: flexible billing sets `cancel_at` alone, classic billing the flag."""
        return not self.has_ended and (self.cancel_at_period_end or self.cancel_at is not None)

    @property
    def ends_at(self) -> datetime | None:
        """When a canceling subscription ends."""
        return (self.cancel_at or self.current_period_end) if self.is_canceling else None

    @property
    def is_charged_again(self) -> bool:
        """Whether a period that is not paid yet begins before it ends: what is set to end may renew until then."""
        if self.has_ended or self.cancel_at_period_end:
            return False
        elif self.cancel_at and self.renews_at:
            return self.cancel_at > self.renews_at
        else:
            return self.cancel_at is None

    @property
    def skips_next_charge(self) -> bool:
        """Whether the collection of payments is paused when the next period begins."""
        resumes_at, renews_at = self.collection_resumes_at, self.current_period_end
        return self.is_collection_paused and (resumes_at is None or renews_at is None or resumes_at > renews_at)

    @property
    def next_charge(self) -> NextCharge | None:
        """What Stripe will charge next; None when it was not asked since the subscription changed, or has nothing."""
        if self.next_asked_for != self.snapshot_at or self.next_amount is None or self.next_currency is None:
            return None
        plan_name = current_catalog().plan_name(self.next_plan_key) if self.next_plan_key else None
        is_counted = (self.next_quantity or 1) > 1 if plan_name else self.seats not in (None, self.next_quantity)
        seats = self.next_quantity if is_counted else None
        return NextCharge(self.next_amount, self.next_currency, self.next_charge_at, plan_name, seats)

    @property
    def is_trialing(self) -> bool:
        return self.status == SubscriptionStatus.TRIALING

    @property
    def is_paused(self) -> bool:
        """Its trial ended with nothing to charge: it neither gives nor costs anything until there is."""
        return self.status == SubscriptionStatus.PAUSED

    @property
    def needs_payment(self) -> bool:
        """An open invoice keeps it from being in order."""
        return self.status in NEED_PAYMENT

    @property
    def grants_access(self) -> bool:
        """Whether it gives its plan's role now, the grace after a failed renewal counted in."""
        given = decide_by_subscription(self, utcnow()).role
        return given.rank > current_catalog().lowest_role.rank


class RecurringChange(db.Model):  # type: ignore[name-defined]
    """One change of what a subscription brings in a month, in minor units; `number` counts those of a subscription."""

    __tablename__ = "recurring_changes"
    __table_args__ = (Index("ix_recurring_changes_scope", "stripe_account", "livemode", "at"),)

    stripe_subscription_id: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    stripe_customer_id: Mapped[str] = mapped_column(STRIPE_ID, index=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    livemode: Mapped[bool]
    currency: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    difference: Mapped[int] = mapped_column(BigInteger)
