"""Made-up payments of the recommended plan, for the landing page."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from gettext import NullTranslations

from app.billing.catalog.plans import Interval, Price
from app.figures.lifeline import Kind, Lifeline, Mark, lifeline
from app.languages import current_texts
from app.languages import gettext as _
from app.pricing.presenters import PlanView
from app.templating import date as in_full
from app.templating import day, money, rhythm, seats, short_day

PAID_BEFORE = 4
SEATS = 5


def example_life(plan: PlanView | None, today: date) -> tuple[str, Lifeline] | None:
    """What the account page says of this plan, and its line; None where no plan renews."""
    return _life(current_texts(), plan.name, plan.price, today) if plan else None


@lru_cache(maxsize=8)
def _life(texts: NullTranslations, name: str, price: Price, today: date) -> tuple[str, Lifeline] | None:
    count = SEATS if price.per_seat else 1
    asked, often = money(price.amount * count, price.currency), rhythm(str(price.interval))
    days = 365 if price.interval == Interval.YEAR else 30
    now = datetime.combine(today, datetime.min.time(), UTC)
    next_at = now + timedelta(days=days * 3 // 4)
    past = [_mark(next_at - timedelta(days=days * number), asked, days) for number in range(PAID_BEFORE, 0, -1)]
    words = _("%(date)s: the next charge, %(amount)s.", date=in_full(next_at), amount=asked)
    coming = Mark(next_at, Kind.NEXT, _("Next"), f"{short_day(next_at)}, {asked}", words)
    have = [name, seats(count), f"{asked} {often}"] if price.per_seat else [name, f"{asked} {often}"]
    stands, renews = _("You're on %(what)s.", what=", ".join(have)), _("It renews on %(date)s.", date=in_full(next_at))
    line = lifeline(past, now, coming)
    return (f"{stands} {renews}", line) if line else None


def _mark(at: datetime, asked: str, days: int) -> Mark:
    below = short_day(at) if days < 365 else day(at)
    return Mark(at, Kind.PAID, asked, below, _("%(date)s: %(amount)s paid.", date=in_full(at), amount=asked))
