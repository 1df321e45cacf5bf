"""`flask billing status` and `flask billing check`."""

from itertools import chain

import click
from flask import current_app
from flask.cli import with_appcontext

from app.billing.gateway.access import TURNED_AWAY
from app.billing.gateway.account import connected_account, current_scope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.connection import ConnectionState, ask_state
from app.billing.setup.checks import Mark, record_checks, stripe_checks
from app.billing.setup.prices import check_prices, subscriptions_at_unknown_prices
from app.billing.setup.removed import removed_in_use
from app.billing.webhooks import log as event_log
from app.billing.webhooks.refusals import refusals
from app.commands.deployment_checks import deployment_checks
from app.commands.site_checks import deliver as deliver_event
from app.commands.site_checks import site_checks
from app.mail.alerts import open_alerts

COLOURS = {Mark.OK: "green", Mark.FAIL: "red", Mark.LATER: "yellow"}


@click.command()
@with_appcontext
def status() -> None:
    """Tell whether Stripe answers, in which mode, and what needs a look."""
    gateway = get_gateway()
    state = ask_state(gateway)
    click.echo(f"connection     {state.value}")
    click.echo(f"account        {connected_account() or 'that of the key'}")
    click.echo(f"mode           {'live' if gateway.livemode else 'test'}")
    last = event_log.last_event()
    arrived = f"{last.type}, {last.received_at:%Y-%m-%d %H:%M:%S} UTC, {last.outcome}" if last else "none yet"
    click.echo(f"last webhook   {arrived}")
    for alert in (*refusals(), *open_alerts(TURNED_AWAY)):
        click.echo(f"attention      {alert.message} Last {alert.last_at:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"failed events  {event_log.count_failed()}")
    if state == ConnectionState.CONNECTED:
        _say_price_drift()
    if refusals():
        raise click.ClickException("Webhooks are refused: nobody's payment takes effect until that is mended.")


@click.command()
@click.option("--deliver", is_flag=True, help="Send a signed event through the public address.")
@click.option("--mail", metavar="ADDRESS", help="Send a mail there.")
@with_appcontext
def check(deliver: bool, mail: str | None) -> None:
    """Go through the pre-launch checklist; exit 1 if one point fails."""
    settings = current_app.extensions["settings"]
    failed = 0
    checks = chain(
        stripe_checks(get_gateway(), settings),
        record_checks(),
        deployment_checks(settings, mail_to=mail),
        site_checks(settings),
        [deliver_event(settings)] if deliver else [],
    )
    for point in checks:
        failed += point.mark == Mark.FAIL
        detail = f": {point.detail}" if point.detail else ""
        click.echo(f"{click.style(f'{point.mark.value:<5}', fg=COLOURS[point.mark])}  {point.name}{detail}")
    if failed:
        raise click.ClickException(f"{failed} {'point fails' if failed == 1 else 'points fail'}.")


def _say_price_drift() -> None:
    scope = current_scope()
    problems = check_prices(get_gateway(), current_app.extensions["settings"], scope)
    wrong = {lookup_key: problem for lookup_key, problem in problems.items() if problem}
    click.echo(f"price drift    {len(wrong) or 'none'}")
    for lookup_key, problem in wrong.items():
        click.echo(f"  {lookup_key} {problem}")
    for subscription_id in subscriptions_at_unknown_prices(scope):
        click.echo(f"  {subscription_id} has a price that no plan knows")
    for line in removed_in_use(scope):
        click.echo(f"  {line}")
