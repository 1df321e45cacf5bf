"""`flask billing sync`."""

import sys
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from app.billing.gateway.account import current_scope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.connection import ConnectionState, ask_state
from app.billing.reconcile.drift import DriftReport
from app.billing.reconcile.users import sync_all, users_to_sync
from app.commands.console import as_json, tell_json
from app.commands.lookup import user_with

FINDINGS = {
    "has_access_without_paying": "has access without paying",
    "pays_without_access": "pays without access",
    "several_subscriptions": "has several subscriptions",
    "settled_orders": "had an order whose webhook never came",
    "repaired_payments": "was not recorded as Stripe has it",
    "unknown_prices": "has a price that no plan knows",
    "failed": "could not be asked about",
}


@click.command()
@click.option("--email", help="Only this user.")
@click.option("--dry-run", is_flag=True, help="Report, and change nothing.")
@as_json
@with_appcontext
def sync(email: str | None, dry_run: bool, as_json: bool) -> None:
    """Read subscriptions and payments from Stripe, repair what differs, and report the drift."""
    address = user_with(email).email if email else None
    if ask_state(get_gateway()) != ConnectionState.CONNECTED:
        raise click.ClickException("Stripe does not let us in; see `flask billing status`.")
    count = len(users_to_sync(current_scope(), address))
    shown_at = sys.stderr
    with click.progressbar(length=count, label="Asking Stripe", file=shown_at) as progress:
        report = sync_all(dry_run=dry_run, email=address, on_progress=lambda: progress.update(1))
    if as_json:
        tell_json(asdict(report))
    else:
        _show(report, dry_run)
    if report.failed:
        raise click.ClickException(f"Stripe could not be asked about {len(report.failed)}; run it again.")


def _show(report: DriftReport, dry_run: bool) -> None:
    for name, words in FINDINGS.items():
        for who in getattr(report, name):
            click.echo(f"{who} {words}")
    repaired = f"{report.repaired} {'would be repaired' if dry_run else 'repaired'}"
    click.echo(f"{report.checked} checked, {repaired}.")
