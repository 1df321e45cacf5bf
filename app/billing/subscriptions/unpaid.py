"""A subscription that is past due: since when it is not paid, and what of it is paid for.

A change of plan or seats takes effect before it is paid. Where its invoice is not, the subscription tells of the new
plan alone; only the invoices tell what was paid before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from app.billing.asking import ask
from app.billing.catalog.entitlements import plan_of
from app.billing.catalog.plans import Role, current_catalog
from app.billing.errors import StripeObjectMissing
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import InvoiceLine, InvoiceObject, PriceObject
from app.billing.gateway.read import invoices_of, retrieve
from app.billing.models.payments import Order
from app.billing.models.subscription import Subscription
from app.billing.statuses import SubscriptionStatus
from app.billing.subscriptions.snapshot import SubscriptionSnapshot
from app.database import db, utcnow


@dataclass(frozen=True)
class PaidTime:
    """A time for which a price was paid (UTC), so many times."""

    stripe_price_id: str
    quantity: int
    start: datetime
    end: datetime


@dataclass(frozen=True)
class _Bought:
    """What a price bought: the plan's key and its role."""

    plan_key: str
    role: Role


def with_unpaid_time(snapshot: SubscriptionSnapshot, scope: StripeScope) -> SubscriptionSnapshot:
    """The snapshot with what its invoices say of it, if it is past due; one that is not stays as it is.

    Inside `ask_then_lock`.
    """
    if snapshot.status != SubscriptionStatus.PAST_DUE:
        return snapshot
    invoices = ask(invoices_of, snapshot.stripe_subscription_id, scope)
    since = unpaid_since(invoices)
    return _with_paid(replace(snapshot, unpaid_since=since), since, paid_times(invoices), scope) if since else snapshot


def unpaid_since(invoices: list[InvoiceObject]) -> datetime | None:
    """When the oldest invoice that is still asked for came due; of those given up, the newest. None without any."""
    still_open = [invoice.due_at for invoice in invoices if invoice.status == "open"]
    given_up = [invoice.due_at for invoice in invoices if invoice.status == "uncollectible"]
    return min(still_open, default=max(given_up, default=None))


def paid_times(invoices: list[InvoiceObject]) -> list[PaidTime]:
    """What the paid invoices paid for; what they gave back again, at a change of plan or seats, is cut off."""
    paid: list[PaidTime] = []
    for invoice in sorted(invoices, key=lambda one: one.created):
        if invoice.status == "paid":
            lines = invoice.lines.data if invoice.lines else []
            for given_back in _times_of(lines, credits=True):
                paid = [_cut(time, given_back) for time in paid]
            paid += _times_of(lines, credits=False)
    return paid


def bought_at(stripe_price_id: str, scope: StripeScope) -> Subscription | Order | None:
    """Some subscription or order that names the plan that this price bought."""
    mirrored = sa.select(Subscription).where(
        Subscription.stripe_price_id == stripe_price_id, Subscription.plan_key.is_not(None), scope.covers(Subscription)
    )
    ordered = sa.select(Order).where(Order.stripe_price_id == stripe_price_id, scope.covers(Order))
    found: Subscription | Order | None = db.session.scalar(mirrored.limit(1)) or db.session.scalar(ordered.limit(1))
    return found


def _times_of(lines: list[InvoiceLine], *, credits: bool) -> Iterator[PaidTime]:
    for line in lines:
        if line.stripe_price_id and line.period and ((line.amount or 0) < 0) == credits:
            yield PaidTime(line.stripe_price_id, line.quantity or 1, line.period.start, line.period.end)


def _cut(paid: PaidTime, given_back: PaidTime) -> PaidTime:
    """What is left of a paid time; it may be nothing."""
    if paid.stripe_price_id == given_back.stripe_price_id and given_back.start < paid.end:
        return replace(paid, end=given_back.start)
    else:
        return paid


def _with_paid(
    snapshot: SubscriptionSnapshot, since: datetime, paid: list[PaidTime], scope: StripeScope
) -> SubscriptionSnapshot:
    """The snapshot with the highest role that goes on being paid for, if there is any."""
    now = max(since, utcnow())
    going_on = [(_bought(time.stripe_price_id, scope), time) for time in paid if time.start < time.end > now]
    known = [(bought, time) for bought, time in going_on if bought]
    if not known:
        return snapshot
    bought, time = max(known, key=lambda one: (one[0].role.rank, one[1].end))
    return replace(
        snapshot,
        paid_until=time.end,
        paid_plan_key=bought.plan_key,
        paid_quantity=time.quantity,
        paid_role=bought.role.key,
        paid_role_rank=bought.role.rank,
    )


def _bought(stripe_price_id: str, scope: StripeScope) -> _Bought | None:
    """What a price bought: by its id in the settings, what is remembered of it, or else its lookup key at Stripe."""
    plan = plan_of(stripe_price_id, None)
    known = None if plan else bought_at(stripe_price_id, scope)
    if known and known.plan_key and known.role:
        return _Bought(known.plan_key, current_catalog().role(known.role, known.role_rank))
    try:
        plan = plan or plan_of(stripe_price_id, ask(retrieve, PriceObject, stripe_price_id, scope).lookup_key)
    except StripeObjectMissing:
        return None
    return _Bought(plan.key, current_catalog().role(plan.role)) if plan else None
