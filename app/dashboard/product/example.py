"""Made-up figures, for the window on the landing page."""

from datetime import date, timedelta
from functools import lru_cache
from gettext import NullTranslations

from app.dashboard.product.figures import Figures, Sum, figures_of, months_before
from app.dashboard.product.models import Kind
from app.languages import current_texts, noted
from app.languages import gettext as _
from app.templating import money, short_day

# Each month's income and spending in thousandths of the first month's income; the last is what the window tells of.
MONTHS = [
    *((960, 880), (985, 870), (1010, 905), (1000, 850), (1040, 845), (1060, 870)),
    *((1075, 866), (1130, 840), (1100, 870), (1160, 838), (1225, 850)),
]
NOW = (1370, 780)
LINES = [
    (noted("Invoices paid"), 1310),
    (noted("Interest"), 60),
    (noted("Rent"), -520),
    (noted("Tools"), -168),
    (noted("Travel"), -92),
]
WHOLE = 300000


def example_figures(today: date, currency: str) -> Figures:
    """A year of somebody who does well."""
    return _figures(current_texts(), today, currency)


def example_entries(today: date, currency: str) -> tuple[tuple[str, str, str], ...]:
    """The same month as it was written down: a day, what it was, and how much."""
    return _entries(current_texts(), today, currency)


@lru_cache(maxsize=8)
def _figures(texts: NullTranslations, today: date, currency: str) -> Figures:
    months = months_before(today, len(MONTHS) + 1)
    shares = [*MONTHS, NOW]
    pairs = list(zip(months, shares, strict=True))
    sums = [
        Sum(month, kind.value, amount * WHOLE // 1000)
        for month, share in pairs
        for kind, amount in zip(Kind, share, strict=True)
    ]
    lines = [(_(label), amount * WHOLE // 1000) for label, amount in LINES]
    return figures_of(sums, lines, today, currency)


@lru_cache(maxsize=8)
def _entries(texts: NullTranslations, today: date, currency: str) -> tuple[tuple[str, str, str], ...]:
    days = [today - timedelta(days=2 * number) for number in range(len(LINES))]
    return tuple(
        (short_day(day), _(label), money(amount * WHOLE // 1000, currency, exact=True))
        for day, (label, amount) in zip(days, LINES, strict=True)
    )
