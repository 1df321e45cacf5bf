"""What the reader has written down, as the pages show it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.auth.sessions import this_user
from app.billing.catalog.plans import current_catalog
from app.dashboard.product.figures import MONTHS_SHOWN, Sum, figures_of, month_points, months_before
from app.dashboard.product.forms import EntryForm, ImportForm
from app.dashboard.product.models import Entry, Kind
from app.database import db, utcnow

ENTRIES_SHOWN = 12
LINES_SHOWN = 5


def figures_of_reader(form: EntryForm | None = None, import_form: ImportForm | None = None) -> dict[str, Any]:
    """Everything that the dashboard shows, with a form that came back if there is one."""
    user, today, catalog = this_user(), utcnow().date(), current_catalog()
    limit, entries = user.limit("entries"), newest_entries(ENTRIES_SHOWN)
    sums = _sums(months_before(today, MONTHS_SHOWN)[0]) if entries else []
    lines = _lines(today.replace(day=1)) if entries else []
    return {
        "shown": figures_of(sums, lines, today, catalog.currency),
        "entries": entries,
        "count": count_entries() if limit is not None else None,
        "limit": limit,
        "form": form or EntryForm(formdata=None),
        "import_form": import_form or ImportForm(formdata=None),
        "roles": sorted(catalog.granted_roles, key=lambda role: role.rank),
    }


def months_of_reader() -> dict[str, Any]:
    """What was left in each of the last twelve months."""
    today = utcnow().date()
    sums = _sums(months_before(today, MONTHS_SHOWN)[0])
    return {"points": month_points(sums, today, current_catalog().currency), "total": sum(one.signed for one in sums)}


def count_entries() -> int:
    """How many entries the reader has."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(Entry).where(_is_own())) or 0


def newest_entries(count: int | None = None) -> Sequence[Entry]:
    """The reader's entries, newest day first."""
    query = sa.select(Entry).where(_is_own()).order_by(Entry.happened_on.desc(), Entry.created_at.desc()).limit(count)
    return db.session.scalars(query).all()


def _sums(since: date) -> list[Sum]:
    total = sa.func.sum(Entry.amount)
    query = sa.select(Entry.happened_on, Entry.kind, total).where(_is_own(), Entry.happened_on >= since)
    return [
        Sum(row[0], row[1], int(row[2])) for row in db.session.execute(query.group_by(Entry.happened_on, Entry.kind))
    ]


def _lines(since: date) -> list[tuple[str, int]]:
    """The largest labels of a month, what came in first."""
    total = sa.func.sum(Entry.amount)
    query = sa.select(Entry.label, Entry.kind, total).where(_is_own(), Entry.happened_on >= since)
    query = query.group_by(Entry.label, Entry.kind).order_by(Entry.kind, total.desc()).limit(LINES_SHOWN)
    return [(row[0], int(row[2]) if row[1] == Kind.IN else -int(row[2])) for row in db.session.execute(query)]


def _is_own() -> sa.ColumnElement[bool]:
    return Entry.user_id == this_user().id
