"""`flask billing push`."""

from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from app.billing.gateway.client import get_gateway
from app.billing.setup.push import push_catalogue
from app.billing.setup.push_run import PushRun
from app.billing.setup.removed import removed_in_use
from app.commands.console import as_json, tell_json, working


@click.command()
@click.option("--dry-run", "is_dry", is_flag=True, help="Tell what would be done, and change nothing.")
@click.option("--adopt", is_flag=True, help="Take over what another application made under the catalogue's names.")
@as_json
@with_appcontext
def push(is_dry: bool, adopt: bool, as_json: bool) -> None:
    """Create or update the catalogue, the portal and the webhook endpoint in Stripe."""
    with working("Pushing…"):
        run = push_catalogue(get_gateway(), current_app.extensions["settings"], adopt=adopt, is_dry=is_dry)
    removed = removed_in_use(run.scope)
    if as_json:
        tell_json(_facts(run, removed, is_dry))
    else:
        _tell(run, removed, is_dry)
    if not is_dry and (problems := [*removed, *_unknown_secret(run)]):
        raise click.ClickException("\n".join(problems))


def _facts(run: PushRun, removed: list[str], is_dry: bool) -> dict[str, Any]:
    return {
        "is_dry_run": is_dry,
        "lines": run.lines,
        "warnings": run.warnings,
        "removed_in_use": removed,
        "prices": run.price_ids,
        "webhook_secret": run.webhook_secret,
        "listen_command": run.listen_command,
    }


def _tell(run: PushRun, removed: list[str], is_dry: bool) -> None:
    for line in run.lines:
        click.echo(line)
    for warning in [*run.warnings, *(removed if is_dry else [])]:
        click.secho(f"Warning: {warning}", fg="yellow", err=True)
    if is_dry:
        click.echo("\nNothing was changed.")
        return
    click.echo()
    _say_how_events_arrive(run)
    _say_what_goes_into_env(run)


def _unknown_secret(run: PushRun) -> list[str]:
    """A site in production must not go on without the secret of its endpoint: it would refuse every event."""
    if run.settings.is_production and run.webhook_secret and run.webhook_secret not in run.settings.webhook_secrets:
        return ["the webhook endpoint is new: put its secret into STRIPE_WEBHOOK_SECRET, then go on"]
    else:
        return []


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
    if run.price_ids:
        click.echo("Prices are found by their lookup keys. To pin them, put these lines into .env without the #:\n")
    for setting, price_id in run.price_ids.items():
        click.echo(f"# {setting}={price_id}")
