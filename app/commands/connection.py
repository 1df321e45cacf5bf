"""`flask billing status` and `flask billing check`."""

from itertools import chain
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from app.billing.gateway.account import connected_account, current_scope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.connection import TURNED_AWAY, ConnectionState, ask_state
from app.billing.setup.checks import Mark, record_checks, stripe_checks
from app.billing.setup.prices import check_prices, subscriptions_at_unknown_prices
from app.billing.setup.removed import removed_in_use
from app.billing.webhooks import log as event_log
from app.billing.webhooks.refusals import refusals
from app.commands.console import as_json, tell_facts, tell_json, tell_rows, working
from app.commands.deployment_checks import deployment_checks
from app.commands.site_checks import deliver as deliver_event
from app.commands.site_checks import site_checks
from app.mail.alerts import open_alerts


@click.command()
@as_json
@with_appcontext
def status(as_json: bool) -> None:
    """Tell whether Stripe answers, in which mode, and what needs a look."""
    facts = _standing()
    if as_json:
        tell_json(facts)
    else:
        _tell(facts)
    if refusals():
        raise click.ClickException("Webhooks are refused: nobody's payment takes effect until that is mended.")


@click.command()
@click.option("--deliver", is_flag=True, help="Send a signed event through the public address.")
@click.option("--mail", metavar="ADDRESS", help="Send a mail there.")
@as_json
@with_appcontext
def check(deliver: bool, mail: str | None, as_json: bool) -> None:
    """Go through the pre-launch checklist; exit 1 if one point fails."""
    settings = current_app.extensions["settings"]
    checks = chain(
        stripe_checks(get_gateway(), settings),
        record_checks(),
        deployment_checks(settings, mail_to=mail),
        site_checks(settings),
        [deliver_event(settings)] if deliver else [],
    )
    found = []
    with working("Checking…") as shown:
        for point in checks:
            found.append(point)
            shown.update(f"Checked that {point.name}")
    if as_json:
        tell_json([{"mark": point.mark.value, "point": point.name, "detail": point.detail} for point in found])
    else:
        tell_rows(("", "Point", "Detail"), [(p.mark.value, p.name, p.detail) for p in found], nothing="")
    failed = sum(point.mark == Mark.FAIL for point in found)
    if failed:
        raise click.ClickException(f"{failed} {'point fails' if failed == 1 else 'points fail'}.")


def _standing() -> dict[str, Any]:
    """How things stand, as facts; prices are compared where Stripe lets us in."""
    gateway = get_gateway()
    state, last = ask_state(gateway), event_log.last_event()
    facts: dict[str, Any] = {
        "connection": state.value,
        "account": connected_account(),
        "mode": "live" if gateway.livemode else "test",
        "last_webhook": {"type": last.type, "at": last.received_at, "outcome": last.outcome} if last else None,
        "attention": [
            {"message": alert.message, "at": alert.last_at} for alert in (*refusals(), *open_alerts(TURNED_AWAY))
        ],
        "failed_events": event_log.count_failed(),
    }
    return facts | (_price_drift() if state == ConnectionState.CONNECTED else {})


def _price_drift() -> dict[str, Any]:
    scope = current_scope()
    problems = check_prices(get_gateway(), current_app.extensions["settings"], scope)
    return {
        "price_drift": {lookup_key: problem for lookup_key, problem in problems.items() if problem},
        "unknown_prices": subscriptions_at_unknown_prices(scope),
        "removed_in_use": removed_in_use(scope),
    }


def _tell(facts: dict[str, Any]) -> None:
    last, drift = facts["last_webhook"], facts.get("price_drift")
    arrived = f"{last['type']}, {last['at']:%Y-%m-%d %H:%M:%S} UTC, {last['outcome']}" if last else "none yet"
    said = {
        "connection": facts["connection"],
        "account": facts["account"] or "that of the key",
        "mode": facts["mode"],
        "last webhook": arrived,
        "failed events": str(facts["failed_events"]),
        "price drift": "" if drift is None else str(len(drift) or "none"),
    }
    tell_facts(said)
    for alert in facts["attention"]:
        click.echo(f"attention      {alert['message']} Last {alert['at']:%Y-%m-%d %H:%M:%S} UTC")
    for lookup_key, problem in (drift or {}).items():
        click.echo(f"  {lookup_key} {problem}")
    for subscription_id in facts.get("unknown_prices", []):
        click.echo(f"  {subscription_id} has a price that no plan knows")
    for line in facts.get("removed_in_use", []):
        click.echo(f"  {line}")
