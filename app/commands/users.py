"""`flask users …`: the people with accounts. What changes something leaves a row of the audit."""

import sys
from collections.abc import Callable
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from app.account import support
from app.account.deletion import deletion_summary
from app.audit import COMMAND_LINE, Act, ActKind, record_act
from app.auth.email_addresses import InvalidAddress, normalize_address
from app.auth.models import User, UserSession
from app.auth.password_rules import password_problem
from app.auth.sign_in import create_user
from app.commands.console import as_json, ask, because, tell, tell_facts, tell_json, yes
from app.commands.lookup import user_with
from app.database import db, utcnow
from app.templating import datetime as in_words

Option = Callable[[Callable[..., Any]], Callable[..., Any]]
FACTS = (
    *("id", "email", "email_verified_at", "pending_email", "role", "plan_key", "role_expires_at", "is_admin"),
    *("suspended_at", "suspension_reason", "created_at"),
)


@click.command()
@click.argument("email")
@click.option("--admin", is_flag=True, help="Let this user see the operator's pages.")
@as_json
@with_appcontext
def create(email: str, admin: bool, as_json: bool) -> None:
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
    tell(f"Created {address}{' as an admin' if admin else ''}.", as_json, user=_facts(user))


@click.command()
@click.argument("email")
@as_json
@with_appcontext
def show(email: str, as_json: bool) -> None:
    """Tell what there is to know of a user: role, plan, address, sessions."""
    user = user_with(email)
    sessions = sa.select(sa.func.count()).where(UserSession.user_id == user.id, UserSession.expires_at > utcnow())
    count = db.session.scalar(sessions)
    if as_json:
        tell_json(_facts(user) | {"devices": count})
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
        "signed in": f"on {count} {'device' if count == 1 else 'devices'}",
    }
    tell_facts(told)


def on_user(*options: Option) -> Callable[[Callable[..., str]], click.Command]:
    """Make a command of what is done to a user: it finds them, takes a reason, and says what was done, or `--json`."""

    def decorate(do: Callable[..., str]) -> click.Command:
        def command(email: str, as_json: bool, **values: Any) -> None:
            user = user_with(email)
            user_id, words = user.id, do(user, **values)
            left = db.session.get(User, user_id)
            tell(words, as_json, user=_facts(left) if left else None)

        command.__name__, command.__doc__ = do.__name__, do.__doc__
        wrapped = with_appcontext(as_json(because(command)))
        for option in options:
            wrapped = option(wrapped)
        return click.command()(click.argument("email")(wrapped))

    return decorate


@on_user()
def promote(user: User, reason: str) -> str:
    """Let a user see the operator's pages; they log in again to do so."""
    support.set_admin(user, True, actor=COMMAND_LINE, reason=reason)
    return f"{user.email} is an admin now."


@on_user()
def demote(user: User, reason: str) -> str:
    """Take the operator's pages from a user."""
    support.set_admin(user, False, actor=COMMAND_LINE, reason=reason)
    return f"{user.email} is no admin any more."


@on_user(click.argument("new_email"))
def set_email(user: User, new_email: str, reason: str) -> str:
    """Give an account another address, for somebody who lost their mailbox; be sure that it is them."""
    before = user.email
    support.set_email(user, new_email, actor=COMMAND_LINE, reason=reason)
    return f"{before} is {user.email} now, logged out everywhere, and has a link to confirm the address."


@on_user()
def sign_out(user: User, reason: str) -> str:
    """Log a user out of every browser."""
    support.sign_out(user, actor=COMMAND_LINE, reason=reason)
    return f"{user.email} is logged out everywhere."


@on_user()
def suspend(user: User, reason: str) -> str:
    """Shut a user out until it is lifted; what they pay for goes on. The reason stands on their page here."""
    if not reason:
        raise click.UsageError("Say why, with --reason.")
    support.suspend(user, actor=COMMAND_LINE, reason=reason)
    return f"{user.email} is suspended, and logged out everywhere."


@on_user()
def lift(user: User, reason: str) -> str:
    """Let a suspended user log in again."""
    support.lift_suspension(user, actor=COMMAND_LINE, reason=reason)
    return f"{user.email} can log in again."


@on_user(yes)
def delete(user: User, reason: str, yes: bool) -> str:
    """Delete an account for good; what they pay for is cancelled at Stripe first."""
    address = user.email
    for line in deletion_summary(user):
        click.echo(f"- {line}", err=True)
    ask(f"Delete {address} for good?", yes)
    support.delete_user(user, actor=COMMAND_LINE, reason=reason)
    return f"{address} is deleted."


def _facts(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in FACTS}


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
