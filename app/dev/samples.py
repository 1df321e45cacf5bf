"""A subscription to the first plan that renews, in every state: made up for the page of components."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.account.presenters import Summary, describe
from app.billing.catalog.plans import Plan, Price, current_catalog
from app.billing.models.subscription import Subscription
from app.database import utcnow
from app.figures.lifeline import Kind, Lifeline, Mark, lifeline
from app.templating import money

NEXT = datetime(2026, 12, 20, tzinfo=UTC)


def sample_summaries() -> list[tuple[str, Summary]]:
    """Every state with its name, as the account page tells it; none where no plan renews."""
    sold = next(
        ((plan, price) for plan in current_catalog().sold_plans for price in plan.prices if price.interval), None
    )
    if sold is None:
        return []
    samples = {
        "none": None,
        "incomplete": _sample(*sold, status="incomplete"),
        "trialing": _sample(*sold, status="trialing", trial_end=NEXT),
        "active": _sample(*sold),
        "canceling": _sample(*sold, cancel_at=NEXT),
        "past_due": _sample(*sold, status="past_due", unpaid_since=utcnow()),
        "unpaid": _sample(*sold, status="unpaid"),
        "ended": _sample(*sold, status="canceled", ended_at=NEXT),
    }
    told = [(name, describe(subscription)) for name, subscription in samples.items()]
    return [*told, ("unknown", describe(samples["active"], is_stale=True))]


def _sample(plan: Plan, price: Price, status: str = "active", **columns: datetime) -> Subscription:
    """A subscription to this plan, with five seats where they are counted."""
    seats = 5 if price.per_seat else 1
    return Subscription(
        status=status,
        lookup_key=price.lookup_key,
        plan_key=plan.key,
        quantity=seats,
        amount=price.amount * seats,
        currency=price.currency,
        interval=price.interval,
        interval_count=1,
        current_period_end=NEXT,
        renews_at=NEXT,
        snapshot_at=NEXT,
        **columns,
    )


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
