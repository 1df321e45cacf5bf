"""Long lists, newest first: each page starts after a row, so the millionth costs what the first does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from app.database import db

PAGE_SIZE = 50
SEPARATOR = "~"
Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and where the older ones begin (None at the end)."""

    rows: list[Row]
    older: str | None = None


def newest_first(
    query: sa.Select[Row], at: sa.orm.InstrumentedAttribute[Any], key: sa.orm.InstrumentedAttribute[Any],
    after: str | None,
) -> Page[Row]:  # fmt: skip
    """A page of this query in falling order of `at` and then `key`, which starts after the row that `after` names."""
    start = _read_cursor(after, key)
    if start:
        query = query.where(sa.tuple_(at, key) < sa.tuple_(*start))
    rows = list(db.session.scalars(query.order_by(at.desc(), key.desc()).limit(PAGE_SIZE + 1)))
    if len(rows) <= PAGE_SIZE:
        return Page(rows)
    else:
        last = rows[PAGE_SIZE - 1]
        return Page(rows[:PAGE_SIZE], f"{getattr(last, at.key).isoformat()}{SEPARATOR}{getattr(last, key.key)}")


def _read_cursor(after: str | None, key: sa.orm.InstrumentedAttribute[Any]) -> tuple[Any, Any] | None:
    """The values that a page starts after; a cursor that was tampered with starts at the newest."""
    moment, _, last_key = (after or "").partition(SEPARATOR)
    try:
        at = datetime.fromisoformat(moment)
        return (at, _as_type(last_key, key)) if at.tzinfo else None
    except ValueError:
        return None


def _as_type(text: str, key: sa.orm.InstrumentedAttribute[Any]) -> Any:
    return key.type.python_type(text)
