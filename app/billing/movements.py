"""How recurring revenue moved from month to month: new, more, less, lost, and won back. Minor units, UTC.

Changes are written down when somebody asks, and every night: a webhook pays nothing for them. Each customer's month
is compared with the one before, so opening and movements always come to the closing, to the cent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.billing.gateway.account import StripeScope
from app.billing.models.subscription import RecurringChange, Subscription
from app.billing.reports import IN_A_MONTH, MONTHLY_AMOUNT, MONTHS_SHOWN, NEVER_PAID, in_month, last_months, month_of
from app.billing.statuses import SubscriptionStatus
from app.database import allowed_to_write, db, insert, utcnow

# What was seen later than that after the subscription last changed has another reason, such as a customer's discount.
LATELY = timedelta(days=2)
BATCH = 1000


@dataclass(frozen=True)
class MonthOfMovements:
    """What recurring revenue was before a month and after it, in one currency, and why; each counts what it moves."""

    month: str
    currency: str
    opening: int
    new: int = 0
    reactivation: int = 0
    expansion: int = 0
    contraction: int = 0
    churn: int = 0

    @property
    def closing(self) -> int:
        return self.opening + self.new + self.reactivation + self.expansion + self.contraction + self.churn


KINDS = tuple(field.name for field in fields(MonthOfMovements)[3:])


def note_changes(scope: StripeScope, now: datetime | None = None) -> int:
    """Write down what changed since this was last done; how many changes. Commits, in a GET too.

    `now` is when a change counts that no moment of Stripe's explains.
    """
    changed = list(_changed_rows(scope))
    found = [values for row in changed for values in _values(row, scope, now or utcnow())]
    if found:
        with allowed_to_write():
            for start in range(0, len(found), BATCH):
                # Whoever wrote the same number first was looking at the same change.
                db.session.execute(insert(RecurringChange).on_conflict_do_nothing(), found[start : start + BATCH])
            db.session.commit()
    return len(found)


def movements(scope: StripeScope, months: int = MONTHS_SHOWN, now: datetime | None = None) -> list[MonthOfMovements]:
    """The last months in each currency, oldest first; call `note_changes` before."""
    shown = last_months(now or utcnow(), months)
    by_customer = _by_customer(scope).subquery()
    kind = _kind_of(by_customer)
    moved: dict[tuple[str, str], dict[str, int]] = {}
    opening: dict[str, int] = {}
    query = sa.select(by_customer.c.month, by_customer.c.currency, kind, sa.func.sum(by_customer.c.difference))
    for month, currency, name, amount in db.session.execute(query.group_by(*query.selected_columns[:3])):
        opening.setdefault(currency, 0)
        if month < shown[0]:
            opening[currency] += int(amount)
        else:
            # What a clock that is ahead dates later belongs to the month that goes on.
            moved.setdefault((min(month, shown[-1]), currency), dict.fromkeys(KINDS, 0))[name] += int(amount)
    return list(_rows_of(shown, opening, moved))


@dataclass(frozen=True)
class Movement:
    """What one customer's month did to recurring revenue."""

    stripe_customer_id: str
    kind: str
    before: int
    after: int
    difference: int


def movements_of(scope: StripeScope, month: str, currency: str, kind: str = "") -> list[Movement]:
    """Whose revenue moved in a month, the largest difference first; of one kind where that is named."""
    # Whoever did not move in the month need not be summed up.
    moved = sa.select(RecurringChange.stripe_customer_id).where(
        scope.covers(RecurringChange), in_month(RecurringChange.at, month)
    )
    by_customer = _by_customer(scope, RecurringChange.stripe_customer_id.in_(moved)).subquery()
    is_meant = (by_customer.c.month == month, by_customer.c.currency == currency)
    found = sa.select(by_customer, _kind_of(by_customer).label("kind")).where(*is_meant)
    rows = [
        Movement(
            row.stripe_customer_id, row.kind, int(row.after) - int(row.difference), int(row.after), int(row.difference)
        )
        for row in db.session.execute(found)
        if row.difference and kind in ("", row.kind)
    ]
    return sorted(rows, key=lambda row: (-abs(row.difference), row.stripe_customer_id))


def _rows_of(
    shown: list[str], opening: dict[str, int], moved: dict[tuple[str, str], dict[str, int]]
) -> Iterator[MonthOfMovements]:
    for currency, amount in sorted(opening.items()):
        for month in shown:
            row = MonthOfMovements(month, currency, amount, **moved.get((month, currency), {}))
            amount = row.closing
            yield row


def _by_customer(scope: StripeScope, *of: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """What each customer's month moved, what they brought after it, and which was their first."""
    month = month_of(RecurringChange.at)
    whose = (RecurringChange.stripe_customer_id, RecurringChange.currency)
    net = (
        sa.select(*whose, month.label("month"), sa.func.sum(RecurringChange.difference).label("difference"))
        .where(scope.covers(RecurringChange), *of)
        .group_by(*whose, month)
        .subquery()
    )
    customer = [net.c.stripe_customer_id, net.c.currency]
    after = sa.func.sum(net.c.difference).over(partition_by=customer, order_by=net.c.month)
    first_month = sa.func.min(net.c.month).over(partition_by=customer)
    return sa.select(*net.c, after.label("after"), first_month.label("first_month"))


def _kind_of(by_customer: sa.Subquery) -> sa.ColumnElement[str]:
    columns = by_customer.c
    before = columns.after - columns.difference
    return sa.case(
        (sa.and_(before == 0, columns.month == columns.first_month), "new"),
        (before == 0, "reactivation"),
        (columns.after == 0, "churn"),
        (columns.difference > 0, "expansion"),
        else_="contraction",
    )


def _changed_rows(scope: StripeScope) -> sa.Result[Any]:
    """The subscriptions that bring another amount than what is written down, and those that ended unnoticed."""
    known = (
        sa.select(
            RecurringChange.stripe_subscription_id,
            sa.func.max(RecurringChange.number).label("number"),
            sa.func.max(RecurringChange.at).label("at"),
            sa.func.sum(RecurringChange.difference).label("amount"),
        )
        .where(scope.covers(RecurringChange))
        .group_by(RecurringChange.stripe_subscription_id)
        .subquery()
    )
    amount = sa.func.coalesce(known.c.amount, 0)
    has_ended = sa.and_(Subscription.status == SubscriptionStatus.CANCELED, ~NEVER_PAID, MONTHLY_AMOUNT > 0)
    return db.session.execute(
        sa.select(
            *(Subscription.stripe_subscription_id, Subscription.stripe_customer_id, Subscription.currency),
            *(Subscription.started_at, Subscription.trial_end, Subscription.ended_at, Subscription.snapshot_at),
            *(known.c.number, known.c.at.label("changed_at"), amount.label("brought")),
            *(IN_A_MONTH.label("brings"), MONTHLY_AMOUNT.label("amount")),
        )
        .outerjoin(known, known.c.stripe_subscription_id == Subscription.stripe_subscription_id)
        .where(
            scope.covers(Subscription),
            Subscription.currency.is_not(None),
            Subscription.started_at.is_not(None),
            sa.or_(amount != IN_A_MONTH, sa.and_(known.c.number.is_(None), has_ended)),
        )
    )


def _values(row: Any, scope: StripeScope, now: datetime) -> Iterator[dict[str, Any]]:
    whose = {
        "stripe_subscription_id": row.stripe_subscription_id,
        "stripe_customer_id": row.stripe_customer_id,
        "stripe_account": scope.stripe_account,
        "livemode": scope.livemode,
        "currency": row.currency,
    }
    if row.number is None:
        began = max(filter(None, (row.started_at, row.trial_end)))
        yield whose | {"number": 1, "at": began, "difference": int(row.amount)}
        if not row.brings:
            yield whose | {"number": 2, "at": max(row.ended_at or now, began), "difference": -int(row.amount)}
    else:
        at = max(_moment_of_change(row, now), row.changed_at)
        yield whose | {"number": row.number + 1, "at": at, "difference": int(row.brings) - int(row.brought)}


def _moment_of_change(row: Any, now: datetime) -> datetime:
    at: datetime = row.snapshot_at if abs(now - row.snapshot_at) < LATELY else now
    return row.ended_at or at
