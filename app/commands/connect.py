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
from app.commands.console import as_json, ask, tell, yes
from app.config.settings import Settings
from app.database import end_transaction

HOW = """Open this address, choose the account and agree:

    {address}

Stripe then sends the browser to this site, which asks you to log in or says that it did not expect
this: that is right. Copy the address that Stripe led to; it ends with a code.
"""


@click.command()
@click.option("--code", help="What the address says after `code=`, where you have it already.")
@as_json
@with_appcontext
def connect(code: str | None, as_json: bool) -> None:
    """Connect a Stripe account; a browser has to agree to it, on whatever machine."""
    settings = _settings()
    if code is None:
        state = secrets.token_urlsafe(16)
        click.echo(HOW.format(address=oauth.authorize_url(get_gateway(), settings, state)), err=True)
        end_transaction()
        code = _code_in(click.prompt("The address, or the code in it", err=True), state)
    account = connect_account(code, actor=COMMAND_LINE)
    tell(f"Connected to {account}. Run `flask billing push` for its catalogue.", as_json, account=account)


@click.command()
@yes
@as_json
@with_appcontext
def disconnect(yes: bool, as_json: bool) -> None:
    """Give the permission back, and work with the key's own account."""
    _settings()
    connection = current_connection()
    if connection is None:
        raise click.ClickException("No account is connected.")
    account = connection.stripe_account
    ask(f"Disconnect {account}? Its subscribers keep paying there, and this site hears no more of it.", yes)
    disconnect_account(actor=COMMAND_LINE)
    words = "The account is disconnected. Payments go to the account of the secret key."
    tell(words, as_json, account=account)


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
