"""`flask users …`: the people with accounts. What changes something leaves a row of the audit."""

import sys

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from app.account import support
from app.account.deletion import deletion_summary
from app.audit import COMMAND_LINE, Act, ActKind, record_act
from app.auth.email_addresses import InvalidAddress, normalize_address
from app.auth.models import UserSession
from app.auth.password_rules import password_problem
from app.auth.sign_in import create_user
from app.commands.console import as_json, tell_facts, tell_json, yes
from app.commands.lookup import user_with
from app.database import db, utcnow
from app.templating import datetime as in_words

FACTS = (
    *("id", "email", "email_verified_at", "pending_email", "role", "plan_key", "role_expires_at", "is_admin"),
    *("suspended_at", "suspension_reason", "created_at"),
)


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
    record_act(Act(ActKind.CREATE_USER, COMMAND_LINE, user.id, changes={"is_admin": {"before": None, "after": admin}}))
    db.session.commit()
    click.echo(f"Created {address}{' as an admin' if admin else ''}.")


@click.command()
@click.argument("email")
@as_json
@with_appcontext
def show(email: str, as_json: bool) -> None:
    """Tell what there is to know of a user: role, plan, address, sessions."""
    user = user_with(email)
    sessions = sa.select(sa.func.count()).where(UserSession.user_id == user.id, UserSession.expires_at > utcnow())
    if as_json:
        facts = {name: getattr(user, name) for name in FACTS}
        tell_json(facts | {"devices": db.session.scalar(sessions)})
        return
    told = {
        "id": str(user.id),
        "email": user.email,
        "verified": in_words(user.email_verified_at) if user.email_verified_at else "no",
        "new address": user.pending_email or "",
        "role": user.role,
        "plan": user.plan_key or "",
        "until": in_words(user.role_expires_at) if user.role_expires_at else "",
        "suspended": f"{in_words(user.suspended_at)}: {user.suspension_reason}" if user.suspended_at else "",
        "admin": "yes" if user.is_admin else "no",
        "signed up": in_words(user.created_at),
        "signed in": f"on {db.session.scalar(sessions)} devices",
    }
    tell_facts(told)


@click.command()
@click.argument("email")
@with_appcontext
def promote(email: str) -> None:
    """Let a user see the operator's pages; they log in again to do so."""
    user = user_with(email)
    support.set_admin(user, True, actor=COMMAND_LINE)
    click.echo(f"{user.email} is an admin now.")


@click.command()
@click.argument("email")
@with_appcontext
def demote(email: str) -> None:
    """Take the operator's pages from a user."""
    user = user_with(email)
    support.set_admin(user, False, actor=COMMAND_LINE)
    click.echo(f"{user.email} is no admin any more.")


@click.command()
@click.argument("email")
@click.argument("new_email")
@click.option("--reason", default="", help="Kept in the audit.")
@with_appcontext
def set_email(email: str, new_email: str, reason: str) -> None:
    """Give an account another address, for somebody who lost their mailbox; be sure that it is them."""
    user = user_with(email)
    support.set_email(user, new_email, actor=COMMAND_LINE, reason=reason)
    click.echo(f"{email} is {user.email} now, logged out everywhere, and has a link to confirm the address.")


@click.command()
@click.argument("email")
@with_appcontext
def sign_out(email: str) -> None:
    """Log a user out of every browser."""
    user = user_with(email)
    support.sign_out(user, actor=COMMAND_LINE)
    click.echo(f"{user.email} is logged out everywhere.")


@click.command()
@click.argument("email")
@click.option("--reason", required=True, help="Kept on their page and in the audit; they do not read it.")
@with_appcontext
def suspend(email: str, reason: str) -> None:
    """Shut a user out until it is lifted; what they pay for goes on."""
    user = user_with(email)
    support.suspend(user, actor=COMMAND_LINE, reason=reason)
    click.echo(f"{user.email} is suspended, and logged out everywhere.")


@click.command()
@click.argument("email")
@click.option("--reason", default="", help="Kept in the audit.")
@with_appcontext
def lift(email: str, reason: str) -> None:
    """Let a suspended user log in again."""
    user = user_with(email)
    support.lift_suspension(user, actor=COMMAND_LINE, reason=reason)
    click.echo(f"{user.email} can log in again.")


@click.command()
@click.argument("email")
@click.option("--reason", default="", help="Kept in the audit.")
@yes
@with_appcontext
def delete(email: str, reason: str, yes: bool) -> None:
    """Delete an account for good; what they pay for is cancelled at Stripe first."""
    user = user_with(email)
    for line in deletion_summary(user):
        click.echo(f"- {line}")
    db.session.commit()
    if not yes:
        click.confirm(f"Delete {user.email} for good?", abort=True)
    address = user.email
    support.delete_user(user, actor=COMMAND_LINE, reason=reason)
    click.echo(f"{address} is deleted.")


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
