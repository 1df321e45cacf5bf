"""`flask billing connect` and `disconnect`: another Stripe account, by OAuth."""

import secrets
from urllib.parse import parse_qs, urlsplit

import click
from flask import current_app
from flask.cli import with_appcontext

from app.account.connections import connect_account, disconnect_account
from app.audit import COMMAND_LINE
from app.billing.gateway import oauth
from app.billing.gateway.client import get_gateway
from app.billing.gateway.connection import current_connection
from app.commands.console import yes
from app.config.settings import Settings
from app.database import end_transaction


@click.command()
@click.option("--code", help="What the address says after `code=`, where you have it already.")
@with_appcontext
def connect(code: str | None) -> None:
    """Connect a Stripe account; a browser has to agree to it, on whatever machine."""
    settings = _settings()
    if code is None:
        state = secrets.token_urlsafe(16)
        click.echo("Open this address, choose the account and agree:\n")
        click.echo(f"    {oauth.authorize_url(get_gateway(), settings, state)}\n")
        click.echo(
            "Stripe then sends the browser to this site, which asks you to log in or says that it did not expect"
        )
        click.echo("this: that is right. Copy the address that Stripe led to; it ends with a code.\n")
        end_transaction()
        code = _code_in(click.prompt("The address, or the code in it"), state)
    account = connect_account(code, actor=COMMAND_LINE)
    click.echo(f"Connected to {account}. Run `flask billing push` for its catalogue.")


@click.command()
@yes
@with_appcontext
def disconnect(yes: bool) -> None:
    """Give the permission back, and work with the key's own account."""
    _settings()
    connection = current_connection()
    if connection is None:
        raise click.ClickException("No account is connected.")
    account = connection.stripe_account
    end_transaction()
    if not yes:
        click.confirm(f"Disconnect {account}? Its subscribers keep paying there, and this site hears no more of it.",
                      abort=True)  # fmt: skip
    disconnect_account(actor=COMMAND_LINE)
    click.echo("The account is disconnected. Payments go to the account of the secret key.")


def _code_in(pasted: str, state: str) -> str:
    """The code that was pasted, alone or in its address; an answer to another question is refused."""
    query = parse_qs(urlsplit(pasted.strip()).query)
    if not query:
        return pasted.strip()
    if query.get("state") != [state]:
        raise click.ClickException("That address answers another question. Start again.")
    if "code" not in query:
        raise click.ClickException("The account was not connected: Stripe was told not to.")
    return query["code"][0]


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    if not settings.stripe_connect_client_id:
        raise click.ClickException("Set STRIPE_CONNECT_CLIENT_ID to connect accounts by OAuth.")
    return settings
