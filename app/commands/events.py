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
    chosen = event_log.failed_ids() if failed else [str(event_id)]
    still_failing = [chosen_id for chosen_id in chosen if not _replay(chosen_id)]
    if not chosen:
        click.echo("No failed events.")
    if still_failing:
        raise click.ClickException(f"Still failing: {', '.join(still_failing)}.")


@click.command()
@click.option("--older-than", "days", required=True, type=click.IntRange(min=1), metavar="DAYS")
@with_appcontext
def prune(days: int) -> None:
    """Empty the payloads of settled events; the events themselves stay, so that none takes effect twice."""
    count = event_log.prune_payloads(timedelta(days=days))
    click.echo(f"{count} {'payload' if count == 1 else 'payloads'} emptied.")


def _replay(event_id: str) -> bool:
    try:
        outcome = billing_events.replay(event_id)
    except UnknownEvent:
        raise
    except Exception as error:
        # Whatever it was, it is recorded with the event; the others get their turn.
        click.echo(f"{event_id}  failed: {type(error).__name__}: {error}", err=True)
        return False
    click.echo(f"{event_id}  {outcome.value}")
    return True
