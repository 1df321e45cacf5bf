"""Billing periods: intervals counted from an anchor, so that the 31st comes back after February."""

import calendar
from datetime import UTC, datetime

from stripe_emulator.state.documents import Json

SECONDS = {"day": 86_400, "week": 7 * 86_400}
MONTHS = {"month": 1, "year": 12}


def add_months(moment: int, months: int) -> int:
    """Return the same day and time `months` later, or the month's last day where it has no such day."""
    start = datetime.fromtimestamp(moment, UTC)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def add_intervals(moment: int, recurring: Json, times: int = 1) -> int:
    """Return the moment this many of the price's billing intervals after `moment`."""
    count: int = recurring["interval_count"] * times
    interval: str = recurring["interval"]
    if interval in SECONDS:
        result = moment + SECONDS[interval] * count
    else:
        result = add_months(moment, MONTHS[interval] * count)
    return result


def next_boundary(anchor: int, after: int, recurring: Json) -> int:
    """Return the first moment later than `after` that is a whole number of intervals from the anchor."""
    times = _estimate(anchor, after, recurring)
    while add_intervals(anchor, recurring, times) > after:
        times -= 1
    while add_intervals(anchor, recurring, times) <= after:
        times += 1
    return add_intervals(anchor, recurring, times)


def period_at(anchor: int, moment: int, recurring: Json) -> tuple[int, int]:
    """Return the start and end of the period around `moment`, counted in whole intervals from the anchor."""
    times = _estimate(anchor, moment, recurring) + 2
    while add_intervals(anchor, recurring, times) > moment:
        times -= 1
    return add_intervals(anchor, recurring, times), add_intervals(anchor, recurring, times + 1)


def _estimate(anchor: int, after: int, recurring: Json) -> int:
    interval: str = recurring["interval"]
    seconds = SECONDS.get(interval) or MONTHS[interval] * 30 * 86_400
    step: int = seconds * recurring["interval_count"]
    return (after - anchor) // step
