"""`flask users create`, `flask users promote` and `flask users logout`."""

import sys

import click
from flask.cli import with_appcontext

from app.auth import security_log
from app.auth.email_addresses import InvalidAddress, normalize_address
from app.auth.factors.removal import has_factor
from app.auth.factors.reset import ask_for_reset, stop_reset
from app.auth.password_rules import password_problem
from app.auth.sessions import end_sessions
from app.auth.sign_in import create_user
from app.commands.lookup import user_with
from app.database import db, utcnow
from app.templating import datetime


@click.command()
@click.argument("email")
@click.option("--admin", is_flag=True, help="Let this user see the operator's pages.")
@with_appcontext
def create(email: str, admin: bool) -> None:
    """Make an account; asks for the password twice, also from a pipe."""
    try:
        address = normalize_address(email)
    except InvalidAddress as error:
        raise click.ClickException(f"{email} is not an e-mail address.") from error
    password = _ask_twice()
    problem = password_problem(password, address)
    if problem:
        raise click.ClickException(problem)
    user = create_user(address, password, is_admin=admin)
    if user is None:
        raise click.ClickException(f"{address} already has an account.")
    # Whoever may run this command vouches for the address.
    user.email_verified_at = utcnow()
    db.session.commit()
    click.echo(f"Created {address}{' as an admin' if admin else ''}.")


@click.command()
@click.argument("email")
@with_appcontext
def promote(email: str) -> None:
    """Let a user see the operator's pages; they log in again to do so."""
    user = user_with(email)
    user.is_admin = True
    end_sessions(user.id)
    db.session.commit()
    click.echo(f"{user.email} is an admin now.")


@click.command()
@click.argument("email")
@with_appcontext
def logout(email: str) -> None:
    """Log a user out of every browser."""
    user = user_with(email)
    end_sessions(user.id)
    security_log.record(user.id, security_log.Kind.SESSIONS_ENDED)
    db.session.commit()
    click.echo(f"{user.email} is logged out everywhere.")


@click.command("reset-factors")
@click.argument("email")
@click.option("--cancel", is_flag=True, help="Take it back: the factors stay.")
@with_appcontext
def reset_factors(email: str, cancel: bool) -> None:
    """Take every second factor off an account after a waiting time, in which its owner can object.

    For who has lost them all. The owner is told by mail at once, and once it is done.
    """
    user = user_with(email)
    if cancel:
        message = f"The factors of {user.email} stay." if stop_reset(user) else f"Nothing was asked for {user.email}."
    elif has_factor(user.id):
        due = ask_for_reset(user).due_at
        message = f"{user.email} is told by mail, and logs in without a second factor from {datetime(due)} on."
    else:
        raise click.ClickException(f"{user.email} has no second factor.")
    db.session.commit()
    click.echo(message)


def _ask_twice() -> str:
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    # The terminal's own prompt would ignore the pipe and ask the terminal.
    password, again = (sys.stdin.readline().rstrip("\r\n") for _ in range(2))
    if not password:
        raise click.ClickException("No password came through the pipe.")
    elif password != again:
        raise click.ClickException("The two passwords differ.")
    return password
