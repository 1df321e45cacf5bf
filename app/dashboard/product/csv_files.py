"""Entries as a table for a spreadsheet, out and in: date, what, kind, amount."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date

from app.dashboard.product.forms import EARLIEST, read_amount
from app.dashboard.product.models import LONGEST_LABEL, Entry, Kind
from app.languages import gettext as _
from app.spreadsheet import cell
from app.templating import decimal_amount, number

COLUMNS = ("date", "what", "kind", "amount")
MOST_ROWS = 2000


class BadFile(Exception):
    """A file that cannot be read, in words for whoever sent it."""


def write_entries(entries: Iterable[Entry], currency: str) -> str:
    """The entries as CSV."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for entry in entries:
        amount = decimal_amount(entry.amount, currency)
        table.writerow([entry.happened_on.isoformat(), cell(entry.label), entry.kind, amount])
    return text.getvalue()


def read_entries(content: bytes, currency: str) -> list[Entry]:
    """Read a file with these columns in any order. Raises `BadFile`, which names the line; all or nothing."""
    try:
        table = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), strict=True)
        missing = [name for name in COLUMNS if name not in (table.fieldnames or [])]
        if missing:
            raise BadFile(_("The first line must name these columns: %(names)s.", names=", ".join(COLUMNS)))
        entries = list(_rows(table, currency))
    except (UnicodeDecodeError, csv.Error):
        raise BadFile(_("This is not a CSV file that we can read. Save it as CSV, UTF-8.")) from None
    if not entries:
        raise BadFile(_("There is no entry in this file."))
    return entries


def _rows(table: Iterable[dict[str, str | None]], currency: str) -> Iterator[Entry]:
    for line, row in enumerate(table, start=2):
        if line > MOST_ROWS + 1:
            raise BadFile(_("A file may have %(count)s entries at most.", count=number(MOST_ROWS)))
        try:
            yield _entry({name: (row.get(name) or "").strip() for name in COLUMNS}, currency)
        except ValueError as error:
            raise BadFile(_("Line %(line)s: %(problem)s", line=line, problem=error)) from None


def _entry(row: dict[str, str], currency: str) -> Entry:
    label = " ".join(row["what"].removeprefix("'").split())
    if not label or not label.isprintable() or len(label) > LONGEST_LABEL:
        raise ValueError(_("Say what it was, in %(count)s characters at most.", count=LONGEST_LABEL))
    if row["kind"].lower() not in set(Kind):
        raise ValueError(_('The kind is "in" or "out".'))
    try:
        happened_on = date.fromisoformat(row["date"])
    except ValueError:
        raise ValueError(_("Write the date as 2026-11-25.")) from None
    if happened_on < EARLIEST:
        raise ValueError(_("Choose a later day."))
    amount = read_amount(row["amount"], currency)
    return Entry(happened_on=happened_on, label=label, kind=row["kind"].lower(), amount=amount)
