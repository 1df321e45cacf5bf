"""`flask billing events`, `replay` and `prune`."""

from datetime import timedelta

import click
from flask.cli import with_appcontext

from app.billing.errors import UnknownEvent
from app.billing.statuses import EventOutcome
from app.billing.webhooks import log as event_log
from app.billing.webhooks import process as billing_events
from app.billing.webhooks.log import EventFilter


@click.command()
@click.option("--failed", is_flag=True, help="Only those that could not be processed.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@with_appcontext
def events(failed: bool, limit: int) -> None:
    """Show the event log, newest first."""
    chosen = EventFilter(outcome=EventOutcome.FAILED if failed else None)
    shown = event_log.recent_events(chosen, limit=limit)
    for event in shown:
        tries = f", {event.tries} tries" if event.tries > 1 else ""
        click.echo(f"{event.received_at:%Y-%m-%d %H:%M:%S}  {event.id}  {event.type}  {event.outcome}{tries}")
        if event.error:
            click.echo(f"    {event.error}")
    if not shown:
        click.echo("No failed events." if failed else "No events yet.")


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
        outcome = billing_events.replay(event_id)
    except UnknownEvent:
        raise
    except Exception as error:
        # Whatever it was, it is recorded with the event.
        raise click.ClickException(f"{event_id} fails again: {_in_a_line(error)}") from error
    click.echo(f"{event_id}  {outcome.value}")


def _replay_failed() -> None:
    """Each gets its turn, whatever becomes of those before it."""
    chosen, still_failing = event_log.failed_ids(), []
    for event_id in chosen:
        try:
            click.echo(f"{event_id}  {billing_events.replay(event_id).value}")
        except Exception as error:
            click.echo(f"{event_id}  fails again: {_in_a_line(error)}", err=True)
            still_failing.append(event_id)
    if not chosen:
        click.echo("No failed events.")
    if still_failing:
        raise click.ClickException(f"Still failing: {', '.join(still_failing)}.")


def _in_a_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
