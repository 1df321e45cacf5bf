"""A subscription to the first plan that renews, in every state: made up for the page of components."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.account.presenters import Summary, describe
from app.billing.catalog.plans import current_catalog
from app.billing.models.subscription import NextCharge, PaidBefore
from app.figures.lifeline import Kind, Lifeline, Mark, lifeline
from app.templating import money

NEXT = datetime(2026, 12, 20, tzinfo=UTC)


@dataclass(frozen=True)
class SampleSubscription:
    """As much of a subscription as the words ask about."""

    plan_name: str
    amount: int
    currency: str
    interval: str
    seats: int | None
    status: str = "active"
    current_period_end: datetime | None = NEXT
    trial_end: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None
    interval_count: int = 1
    is_canceling: bool = False
    is_charged_again: bool = True
    skips_next_charge: bool = False
    collection_resumes_at: datetime | None = None
    next_charge: NextCharge | None = None
    has_ended: bool = False
    needs_payment: bool = False
    grants_access: bool = True
    is_in_grace: bool = False
    paid_before: PaidBefore | None = None


def sample_subscription() -> SampleSubscription | None:
    """A subscription to the first plan on sale that renews, with five seats where they are counted; None if none is."""
    catalog = current_catalog()
    for plan in catalog.sold_plans:
        for price in plan.prices:
            if price.interval:
                seats = 5 if price.per_seat else None
                return SampleSubscription(plan.name, price.amount * (seats or 1), price.currency, price.interval, seats)
    return None


def sample_summaries() -> list[tuple[str, Summary]]:
    """Every state with its name, as the account page tells it; none where no plan renews."""
    active = sample_subscription()
    if active is None:
        return []
    past_due = replace(active, status="past_due", needs_payment=True)
    samples = {
        "none": None,
        "incomplete": replace(active, status="incomplete", needs_payment=True, grants_access=False),
        "trialing": replace(active, status="trialing", trial_end=NEXT),
        "active": active,
        "canceling": replace(active, is_canceling=True, is_charged_again=False, cancel_at=NEXT),
        "past_due": past_due,
        "unpaid": replace(past_due, status="unpaid", grants_access=False),
        "ended": replace(active, status="canceled", has_ended=True, ended_at=NEXT, grants_access=False),
    }
    told = [(name, describe(subscription)) for name, subscription in samples.items()]
    return [*told, ("unknown", describe(active, is_stale=True))]


def sample_rows() -> list[tuple[str, int]]:
    """Made-up months with an amount each, in minor units of the catalogue's currency."""
    return [("August", 412000), ("September", 398550), ("October", 436200), ("November", 451000)]


def sample_lives() -> list[tuple[str, Lifeline]]:
    """A lifeline in every state: begun today, running, after a failure, with a refund, ending."""
    currency, day = current_catalog().currency, NEXT - timedelta(days=15)
    asked = money(2000, currency)
    past = [
        Mark(NEXT - timedelta(days=30 * number), Kind.PAID, asked, f"{number} before", f"{asked} paid.")
        for number in range(4, 0, -1)
    ]
    coming = Mark(NEXT, Kind.NEXT, "Next", f"20 Dec, {asked}", f"20 December: the next charge, {asked}.")
    ending = Mark(NEXT, Kind.END, "Last day", "20 Dec", "20 December: the last day.")
    failed = replace(past[-1], kind=Kind.FAILED, words=f"The payment of {asked} did not go through.")
    refunded = replace(past[-2], kind=Kind.REFUNDED, words=f"{asked}, refunded.")
    samples = {
        "begun": ([replace(past[-1], at=day)], coming),
        "running": (past, coming),
        "failed": ([*past[:-1], failed], None),
        "refunded": ([*past[:2], refunded, past[-1]], coming),
        "ending": (past, ending),
    }
    drawn = [(name, lifeline(marks, day, after)) for name, (marks, after) in samples.items()]
    return [(name, life) for name, life in drawn if life]
