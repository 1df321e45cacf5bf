"""`flask billing push`."""

import click
from flask import current_app
from flask.cli import with_appcontext

from app.billing.gateway.client import get_gateway
from app.billing.setup.push import push_catalogue
from app.billing.setup.push_run import PushRun


@click.command()
@with_appcontext
def push() -> None:
    """Create or update the catalogue, the portal and the webhook endpoint in Stripe."""
    run = push_catalogue(get_gateway(), current_app.extensions["settings"])
    for line in run.lines:
        click.echo(line)
    for warning in run.warnings:
        click.secho(f"Warning: {warning}", fg="yellow", err=True)
    click.echo()
    _say_how_events_arrive(run)
    _say_what_goes_into_env(run)


def _say_how_events_arrive(run: PushRun) -> None:
    if run.listen_command:
        click.echo("Stripe cannot reach this address. Forward its events with the Stripe CLI,")
        click.echo("and put the secret it shows into .env as STRIPE_WEBHOOK_SECRET:\n")
        click.echo(f"    {run.listen_command}\n")
    elif run.settings.uses_emulator:
        kept = run.settings.emulator_secret_file
        click.echo(f"The emulator signs its events with {kept.read_text().strip()},")
        click.echo(f"which is kept in {kept.parent.name}/{kept.name}: .env needs no webhook secret.\n")


def _say_what_goes_into_env(run: PushRun) -> None:
    if run.webhook_secret and not run.settings.uses_emulator:
        click.echo("Put this into .env (Stripe shows the secret only once):\n")
        click.echo(f"STRIPE_WEBHOOK_SECRET={run.webhook_secret}\n")
    click.echo("Prices are found by their lookup keys. To pin them, put these lines into .env without the #:\n")
    for setting, price_id in run.price_ids.items():
        click.echo(f"# {setting}={price_id}")
