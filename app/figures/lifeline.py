"""The lifeline: a subscription as one hairline, with a mark for each charge, for today, and for what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SHOWN_WIDE = 5
SHOWN_NARROW = 2
# Where the line begins and ends, in percent of the width.
FIRST, LAST = 5.0, 93.0


class Kind(StrEnum):
    """What a mark stands for."""

    PAID = "paid"
    FAILED = "failed"
    REFUNDED = "refunded"
    NEXT = "next"
    END = "end"


@dataclass(frozen=True)
class Mark:
    """Something on the line: when it was or will be, and what to write above and below it."""

    at: datetime
    kind: Kind
    above: str
    below: str
    words: str


@dataclass(frozen=True)
class Line:
    """The marks of one width with their places in percent; `today` is where the tick stands."""

    marks: tuple[tuple[float, Mark], ...]
    today: float


@dataclass(frozen=True)
class Lifeline:
    """The same life for a wide and a narrow page, and in words for those who hear it."""

    wide: Line
    narrow: Line
    words: tuple[str, ...]


def lifeline(past: Sequence[Mark], today: datetime, coming: Mark | None) -> Lifeline | None:
    """Draw what was charged (oldest first), today, and what comes; None where there is nothing to draw.

    The marks stand at even distances, so that none covers another; today stands between them by its time.
    """
    if not past and coming is None:
        return None
    marks = [*past, *([coming] if coming else [])]
    return Lifeline(
        wide=_line([*past[-SHOWN_WIDE:], *([coming] if coming else [])], today),
        narrow=_line([*past[-SHOWN_NARROW:], *([coming] if coming else [])], today),
        words=tuple(mark.words for mark in marks[-SHOWN_WIDE - 1 :]),
    )


def _line(marks: Sequence[Mark], today: datetime) -> Line:
    step = (LAST - FIRST) / len(marks)
    places = [FIRST + step * (index + 0.5) for index in range(len(marks))]
    placed = tuple((round(place, 2), mark) for place, mark in zip(places, marks, strict=True))
    return Line(placed, round(_place_of(today, placed), 2))


def _place_of(today: datetime, placed: Sequence[tuple[float, Mark]]) -> float:
    """Between its neighbours, as far as the time between them has gone."""
    before = [(place, mark.at) for place, mark in placed if mark.at <= today] or [(FIRST, today)]
    after = [(place, mark.at) for place, mark in placed if mark.at > today] or [(LAST, today)]
    (start, began), (end, ends) = before[-1], after[0]
    whole = (ends - began).total_seconds()
    gone = (today - began).total_seconds() / whole if whole > 0 else 0.35
    return start + (end - start) * gone
