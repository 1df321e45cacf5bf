"""Long lists: each page starts after a row, so the millionth costs what the first does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from app.database import UtcDateTime, db

PAGE_SIZE = 50
SEPARATOR = "~"
Row = TypeVar("Row")
# The values that a page starts after: of what sorts, and then of the key.
Cursor = tuple[Any, ...]


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and where the following ones begin (None at the end)."""

    rows: list[Row]
    older: str | None = None


def newest_first(
    query: sa.Select[Row],
    at: InstrumentedAttribute[Any],
    key: InstrumentedAttribute[Any],
    after: str | None,
    *,
    until: datetime | None = None,
    look_through: int | None = None,
) -> Page[Row]:
    """A page of this query in falling order of `at` and then `key`, starting after the row that `after` names.

    A filter that few rows pass would read a whole table for one page: with `look_through` it reads so many rows at
    most, before `until` if the query ends there, and the page may be short, or empty, with older ones still to come.
    """
    start = _read_cursor(after, (at, key))
    oldest = _boundary(at, start[0] if start else until, look_through) if look_through else None
    if oldest:
        query = query.where(at >= oldest)
    page = in_order(query, (at, key), after)
    return Page(page.rows, page.older or (_write_cursor((oldest, "")) if oldest else None))


def in_order(
    query: sa.Select[Row],
    columns: Sequence[InstrumentedAttribute[Any]],
    after: str | None,
    *,
    is_ascending: bool = False,
) -> Page[Row]:
    """A page of this query in the order of these columns, starting after the row that `after` names.

    The last of them is the key: without it rows that are alike would be left out between two pages.
    """
    start, place = _read_cursor(after, columns), sa.tuple_(*columns)
    if start:
        query = query.where(place > sa.tuple_(*start) if is_ascending else place < sa.tuple_(*start))
    order = [column.asc() if is_ascending else column.desc() for column in columns]
    rows: list[Row] = list(db.session.scalars(query.order_by(*order).limit(PAGE_SIZE + 1)))
    if len(rows) > PAGE_SIZE:
        last = rows[PAGE_SIZE - 1]
        return Page(rows[:PAGE_SIZE], _write_cursor([getattr(last, column.key) for column in columns]))
    else:
        return Page(rows)


def _boundary(at: InstrumentedAttribute[Any], start: datetime | None, count: int) -> datetime | None:
    """The time of the row so many rows further on; None when there are not that many."""
    times = sa.select(at).order_by(at.desc()).offset(count).limit(1)
    found: datetime | None = db.session.scalar(times.where(at <= start) if start else times)
    return found


def _write_cursor(values: Sequence[object]) -> str:
    return SEPARATOR.join(value.isoformat() if isinstance(value, datetime) else str(value) for value in values)


def _read_cursor(after: str | None, columns: Sequence[InstrumentedAttribute[Any]]) -> Cursor | None:
    """The values that a page starts after; a cursor that was tampered with starts at the beginning."""
    # An address, which is the first if it is any, may have the separator in it.
    texts = (after or "").rsplit(SEPARATOR, len(columns) - 1)
    try:
        return tuple(_read_value(text, column) for text, column in zip(texts, columns, strict=True))
    except ValueError:
        return None


def _read_value(text: str, column: InstrumentedAttribute[Any]) -> Any:
    value = datetime.fromisoformat(text) if isinstance(column.type, UtcDateTime) else column.type.python_type(text)
    is_out = value.tzinfo is None if isinstance(value, datetime) else isinstance(value, int) and abs(value) >= 2**63
    if is_out:
        raise ValueError(f"The database does not know {text}.")
    return value
