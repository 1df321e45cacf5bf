"""What an operator chose of a list, read from the address: a value, a range of days, a column to sort by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import InstrumentedAttribute

from app.admin.paging import Page
from app.database import db

Column = InstrumentedAttribute[Any]
# Counting on would cost more than the page that tells it.
COUNTED_TO = 1_000


@dataclass(frozen=True)
class DayRange:
    """From the beginning of one day to the end of another (UTC), either of them open."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def from_request(cls) -> "DayRange":
        """Read `from` and `to`; what is no day is left out."""
        first, last = _day("from"), _day("to")
        return cls(_midnight(first), _midnight(last + timedelta(days=1)) if last and last < date.max else None)

    def within(self, query: sa.Select[Any], column: Column) -> sa.Select[Any]:
        """The rows of the query whose `column` lies in this range."""
        if self.since:
            query = query.where(column >= self.since)
        return query.where(column < self.until) if self.until else query


@dataclass(frozen=True)
class Sort:
    """What a list is sorted by, by its name in the address, and which end comes first."""

    name: str
    columns: tuple[Column, ...]
    is_ascending: bool

    @classmethod
    def from_request(cls, columns: Mapping[str, tuple[Column, ...]], default: str) -> "Sort":
        """Read `sort`: a column's name, after a minus for falling order; what is no column is the default."""
        asked = request.args.get("sort", default)
        if asked.removeprefix("-") not in columns:
            asked = default
        name = asked.removeprefix("-")
        return cls(name, columns[name], asked == name)

    @property
    def words(self) -> str:
        """Its value in the address."""
        return self.name if self.is_ascending else f"-{self.name}"

    def turned(self, name: str, is_first_ascending: bool) -> str:
        """What the address says to sort by this column, or, if that is so already, to sort it the other way round."""
        is_ascending = not self.is_ascending if name == self.name else is_first_ascending
        return name if is_ascending else f"-{name}"


def counted(query: sa.Select[Any], page: Page[Any] | None = None) -> str:
    """How many rows there are, in words: "204", or "1,000+" where there are more; `page` is what is shown of them."""
    if page and not page.older and not request.args.get("after"):
        return f"{len(page.rows):,}"
    rows = query.with_only_columns(sa.literal(1), maintain_column_froms=True).limit(COUNTED_TO + 1)
    count = db.session.scalar(sa.select(sa.func.count()).select_from(rows.subquery())) or 0
    return f"{COUNTED_TO:,}+" if count > COUNTED_TO else f"{count:,}"


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
