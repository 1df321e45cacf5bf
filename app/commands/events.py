"""`flask billing events`, `replay` and `prune`."""

import sys
from datetime import timedelta

import click
from flask.cli import with_appcontext

from app.billing.errors import UnknownEvent
from app.billing.models.stripe import StripeEvent
from app.billing.statuses import EventOutcome
from app.billing.webhooks import log as event_log
from app.billing.webhooks import process as billing_events
from app.billing.webhooks.log import EventFilter
from app.commands.console import as_json, tell_json, tell_rows
from app.database import db

FACTS = ("id", "type", "outcome", "tries", "error", "object_id", "created_at", "received_at")


@click.command()
@click.option("--failed", is_flag=True, help="Only those that could not be processed.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@as_json
@with_appcontext
def events(failed: bool, limit: int, as_json: bool) -> None:
    """Show the event log, newest first."""
    chosen = EventFilter(outcome=EventOutcome.FAILED if failed else None)
    shown = event_log.recent_events(chosen, limit=limit)
    if as_json:
        tell_json([{name: getattr(event, name) for name in FACTS} for event in shown])
    else:
        rows = [
            (f"{event.received_at:%Y-%m-%d %H:%M:%S}", event.id, event.type, event.outcome, str(event.tries),
             _in_a_line(event.error or ""))
            for event in shown
        ]  # fmt: skip
        nothing = "No failed events." if failed else "No events yet."
        tell_rows(("Arrived (UTC)", "Event", "Type", "Outcome", "#Tries", "Error"), rows, nothing=nothing)


@click.command()
@click.argument("event_id", required=False)
@click.option("--failed", is_flag=True, help="Every event that could not be processed, oldest first.")
@with_appcontext
def replay(event_id: str | None, failed: bool) -> None:
    """Process an event again."""
    if failed == bool(event_id):
        raise click.UsageError("Give an event's id, or --failed.")
    elif event_id:
        _replay(event_id)
    else:
        _replay_failed()


@click.command()
@click.option("--older-than", "days", required=True, type=click.IntRange(min=1), metavar="DAYS")
@with_appcontext
def prune(days: int) -> None:
    """Empty the payloads of settled events; the events themselves stay, so that none takes effect twice."""
    count = event_log.prune_payloads(timedelta(days=days))
    click.echo(f"{count} {'payload' if count == 1 else 'payloads'} emptied.")


def _replay(event_id: str) -> None:
    try:
        billing_events.replay(event_id)
    except UnknownEvent:
        raise
    except Exception as error:
        # Whatever it was, it is recorded with the event.
        raise click.ClickException(f"{event_id} fails again: {_told(error)}") from error
    click.echo(f"{event_id}  {_came_of(event_id)}")


def _replay_failed() -> None:
    """Each gets its turn, whatever becomes of those before it."""
    chosen, still_failing = event_log.failed_ids(), []
    with click.progressbar(chosen, label="Processing", file=sys.stderr) as progress:
        for event_id in progress:
            try:
                billing_events.replay(event_id)
                click.echo(f"{event_id}  {_came_of(event_id)}")
            except Exception as error:
                click.echo(f"{event_id}  fails again: {_told(error)}", err=True)
                still_failing.append(event_id)
    if not chosen:
        click.echo("No failed events.")
    if still_failing:
        raise click.ClickException(f"Still failing: {', '.join(still_failing)}.")


def _came_of(event_id: str) -> str:
    words = event_log.came_of(db.session.get_one(StripeEvent, event_id, populate_existing=True))
    return words[0].lower() + words[1:]


def _told(error: Exception) -> str:
    return _in_a_line(f"{type(error).__name__}: {error}")


def _in_a_line(text: str) -> str:
    return " ".join(text.split())
