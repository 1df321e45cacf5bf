"""The figures of a month in words, sums and points of a chart; data in, nothing asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.dashboard.product.models import Kind
from app.figures.charts import Point
from app.languages import current_language
from app.languages import gettext as _
from app.languages.formats import month_in
from app.templating import money

MONTHS_SHOWN = 12
Figure = tuple[str, str, str, str]


@dataclass(frozen=True)
class Sum:
    """What came in or went out on a day, in minor units."""

    happened_on: date
    kind: str
    amount: int

    @property
    def signed(self) -> int:
        return self.amount if self.kind == Kind.IN else -self.amount


@dataclass(frozen=True)
class Figures:
    """One month as the page shows it; `points` are what was left in each of the last months."""

    sentence: str
    month: str
    figures: tuple[Figure, ...]
    points: tuple[Point, ...]
    rows: tuple[tuple[str, str], ...]
    total: tuple[str, str]


def months_before(today: date, count: int) -> list[date]:
    """The first days of this month and those before it, oldest first."""
    newest = today.year * 12 + today.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(newest - count + 1, newest + 1)]


def month_points(sums: Sequence[Sum], today: date, currency: str) -> tuple[Point, ...]:
    """What was left in each month."""
    left = dict.fromkeys(months_before(today, MONTHS_SHOWN), 0)
    for one in sums:
        month = one.happened_on.replace(day=1)
        if month in left:
            left[month] += one.signed
    return tuple(
        (month_in(current_language(), month), amount, money(amount, currency)) for month, amount in left.items()
    )


def figures_of(sums: Sequence[Sum], lines: Sequence[tuple[str, int]], today: date, currency: str) -> Figures:
    """This month, against the one before; `lines` are its largest labels with what they came to."""
    before, this = months_before(today, 2)
    now = {kind: _sum(sums, this, kind) for kind in Kind}
    then = {kind: _sum(sums, before, kind) for kind in Kind}
    left, left_then = now[Kind.IN] - now[Kind.OUT], then[Kind.IN] - then[Kind.OUT]
    since, month = month_in(current_language(), before, "full"), month_in(current_language(), this, "full")
    return Figures(
        sentence=_sentence(now[Kind.IN], now[Kind.OUT], month, currency),
        month=f"{month} {this.year}",
        figures=(
            (_("Came in"), money(now[Kind.IN], currency), *_change(now[Kind.IN] - then[Kind.IN], since, currency)),
            (
                _("Went out"),
                money(now[Kind.OUT], currency),
                *_change(now[Kind.OUT] - then[Kind.OUT], since, currency, -1),
            ),
            (_("Left"), money(left, currency), *_change(left - left_then, since, currency)),
        ),
        points=month_points(sums, today, currency),
        rows=_rows(lines, left, currency),
        total=(_("Left"), money(left, currency, exact=True)),
    )


def _sum(sums: Sequence[Sum], month: date, kind: Kind) -> int:
    return sum(one.amount for one in sums if one.kind == kind and one.happened_on.replace(day=1) == month)


def _sentence(came_in: int, went_out: int, month: str, currency: str) -> str:
    left = came_in - went_out
    if not came_in and not went_out:
        return _("Nothing is written down for %(month)s yet.", month=month)
    income, rest = money(came_in, currency), money(abs(left), currency)
    if left >= 0:
        return _("%(income)s came in. %(rest)s is left to keep.", income=income, rest=rest)
    else:
        return _("%(income)s came in, and %(rest)s more than that went out.", income=income, rest=rest)


def _change(amount: int, since: str, currency: str, good: int = 1) -> tuple[str, str]:
    """The difference in words, and whether it is for the better (up) or the worse (down)."""
    if not amount:
        return _("As in %(month)s", month=since), ""
    sign = "+" if amount > 0 else ""
    words = _("%(amount)s on %(month)s", amount=f"{sign}{money(amount, currency)}", month=since)
    return words, "up" if amount * good > 0 else "down"


def _rows(lines: Sequence[tuple[str, int]], left: int, currency: str) -> tuple[tuple[str, str], ...]:
    rest = left - sum(amount for _label, amount in lines)
    shown = [*lines, (_("Everything else"), rest)] if rest else lines
    return tuple((label, money(amount, currency, exact=True)) for label, amount in shown)
