"""Long lists, newest first: each page starts after a row, so the millionth costs what the first does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from app.database import db

PAGE_SIZE = 50
SEPARATOR = "~"
Row = TypeVar("Row")
Cursor = tuple[datetime, Any]


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and where the older ones begin (None at the end)."""

    rows: list[Row]
    older: str | None = None


def newest_first(
    query: sa.Select[Row],
    at: InstrumentedAttribute[Any],
    key: InstrumentedAttribute[Any],
    after: str | None,
    *,
    look_through: int | None = None,
) -> Page[Row]:
    """A page of this query in falling order of `at` and then `key`, starting after the row that `after` names.

    A filter that few rows pass would read a whole table for one page: with `look_through` it reads so many rows at
    most, and the page may be short, or empty, with older ones still to come.
    """
    start = _read_cursor(after, key)
    oldest = _boundary(at, start, look_through) if look_through else None
    if start:
        query = query.where(sa.tuple_(at, key) < sa.tuple_(*start))
    if oldest:
        query = query.where(at >= oldest)
    rows: list[Row] = list(db.session.scalars(query.order_by(at.desc(), key.desc()).limit(PAGE_SIZE + 1)))
    if len(rows) > PAGE_SIZE:
        last = rows[PAGE_SIZE - 1]
        return Page(rows[:PAGE_SIZE], _write_cursor(getattr(last, at.key), getattr(last, key.key)))
    else:
        return Page(rows, _write_cursor(oldest, "") if oldest else None)


def _boundary(at: InstrumentedAttribute[Any], start: Cursor | None, count: int) -> datetime | None:
    """The time of the row so many rows further on; None when there are not that many."""
    times = sa.select(at).order_by(at.desc()).offset(count).limit(1)
    found: datetime | None = db.session.scalar(times.where(at <= start[0]) if start else times)
    return found


def _write_cursor(at: datetime, key: object) -> str:
    return f"{at.isoformat()}{SEPARATOR}{key}"


def _read_cursor(after: str | None, key: InstrumentedAttribute[Any]) -> Cursor | None:
    """The values that a page starts after; a cursor that was tampered with starts at the newest."""
    moment, _, last_key = (after or "").partition(SEPARATOR)
    try:
        at = datetime.fromisoformat(moment)
        return (at, key.type.python_type(last_key)) if at.tzinfo else None
    except ValueError:
        return None
