"""Made-up payments of the recommended plan, for the landing page."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from app.billing.catalog.plans import Interval, Price
from app.figures.lifeline import Kind, Lifeline, Mark, lifeline
from app.pricing.presenters import PlanView
from app.templating import date as in_full
from app.templating import money, rhythm, seats

PAID_BEFORE = 4
SEATS = 5


def example_life(plan: PlanView | None, today: date) -> tuple[str, Lifeline] | None:
    """What the account page says of this plan, and its line; None where no plan renews."""
    return _life(plan.name, plan.price, today) if plan else None


@lru_cache(maxsize=8)
def _life(name: str, price: Price, today: date) -> tuple[str, Lifeline] | None:
    count = SEATS if price.per_seat else 1
    asked, often = money(price.amount * count, price.currency), rhythm(str(price.interval))
    days = 365 if price.interval == Interval.YEAR else 30
    now = datetime.combine(today, datetime.min.time(), UTC)
    next_at = now + timedelta(days=days * 3 // 4)
    past = [_mark(next_at - timedelta(days=days * number), asked, days) for number in range(PAID_BEFORE, 0, -1)]
    coming = Mark(next_at, Kind.NEXT, "Next", f"{next_at.day} {next_at:%b}, {asked}", f"{in_full(next_at)}: {asked}")
    with_seats = f" {seats(count)}," if price.per_seat else ""
    line = lifeline(past, now, coming)
    return (f"You're on {name},{with_seats} {asked} {often}. It renews on {in_full(next_at)}.", line) if line else None


def _mark(at: datetime, asked: str, days: int) -> Mark:
    below = f"{at.day} {at:%b}" if days < 365 else f"{at:%b %Y}"
    return Mark(at, Kind.PAID, asked, below, f"{in_full(at)}: {asked} paid.")
