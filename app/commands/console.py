"""How commands tell facts: tables on a terminal, plain columns in a pipe, JSON where it is asked for."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import click
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.status import Status
from rich.table import Table
from rich.text import Text

from app.database import end_transaction

# Nothing is cut off or wrapped where a program may read it.
WIDE = 10_000
STYLES = {
    **dict.fromkeys(("ok", "paid", "processed", "connected", "active", "yes"), "green"),
    **dict.fromkeys(("fail", "failed", "revoked", "needs_reconnect", "action_required", "uncollectible"), "red"),
    **dict.fromkeys(("later", "past_due", "overdue", "open", "trialing"), "yellow"),
}

because = click.option("--reason", default="", help="Kept in the audit.")
yes = click.option("--yes", is_flag=True, help="Ask nothing.")
as_json = click.option("--json", "as_json", is_flag=True, help="As JSON: amounts in minor units, times as ISO 8601.")


def tell_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], *, nothing: str) -> None:
    """Show a table, whose numbers (`#` before a column's name) stand at the right; or say that there is nothing.

    Where the terminal is too narrow for it, each row becomes a small list.
    """
    if not rows:
        click.echo(nothing)
        return
    console = _console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name.removeprefix("#"), justify="right" if name.startswith("#") else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(_cell, row))
    if Measurement.get(console, console.options.update(max_width=WIDE), table).maximum <= console.width:
        _show(console, table)
    else:
        for position, row in enumerate(rows):
            if position:
                click.echo()
            tell_facts({name.removeprefix("#"): value for name, value in zip(columns, row, strict=True)})


def tell_facts(facts: dict[str, str]) -> None:
    """Show names and values, those that are empty left out."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value:
            table.add_row(_cell(name), _cell(value))
    _show(_console(), table)


def tell(words: str, as_json: bool, **facts: object) -> None:
    """Say what was done: in words, or as JSON with the facts."""
    if as_json:
        tell_json({"message": words} | facts)
    else:
        click.echo(words)


def ask(question: str, yes: bool) -> None:
    """Go on once somebody says yes, or at once with `--yes`; a no ends the command. What was read is let go of."""
    # Nothing stays open while somebody thinks.
    end_transaction()
    if not yes:
        click.confirm(question, abort=True, err=True)


def tell_json(value: object) -> None:
    """Write a value as JSON."""
    click.echo(json.dumps(value, indent=2, default=_plain, ensure_ascii=False))


@contextmanager
def working(words: str) -> Iterator[Status]:
    """Show that something takes its time, where somebody watches; what is written meanwhile stays readable."""
    with Console(stderr=True).status(words) as status:
        yield status


def _console() -> Console:
    console = Console(file=sys.stdout, highlight=False)
    return console if console.is_terminal else Console(file=console.file, highlight=False, width=WIDE)


def _cell(value: str) -> Text:
    return Text(value, style=STYLES.get(value.lower(), ""))


def _show(console: Console, what: RenderableType) -> None:
    with console.capture() as captured:
        console.print(what)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
