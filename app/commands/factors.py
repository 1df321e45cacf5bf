"""`flask users reset-factors`: for who has lost every second factor."""

import click
from flask.cli import with_appcontext

from app.audit import COMMAND_LINE, Act, ActKind, record_act
from app.auth.factors.removal import has_factor
from app.auth.factors.reset import ask_for_reset, stop_reset
from app.commands.lookup import user_with
from app.database import db
from app.templating import datetime as in_words


@click.command()
@click.argument("email")
@click.option("--cancel", is_flag=True, help="Take it back: the factors stay.")
@click.option("--reason", default="", help="Kept in the audit.")
@with_appcontext
def reset_factors(email: str, cancel: bool, reason: str) -> None:
    """Take every second factor off an account after three days, in which its owner can object.

    For who has lost them all. The owner is told by mail at once, and again once it is done.
    """
    user = user_with(email)
    if cancel:
        message = f"The factors of {user.email} stay." if stop_reset(user) else f"Nothing was asked for {user.email}."
    elif has_factor(user.id):
        due = in_words(ask_for_reset(user).due_at)
        message = f"{user.email} is told by mail, and logs in without a second factor from {due} on."
    else:
        raise click.ClickException(f"{user.email} has no second factor.")
    record_act(Act(ActKind.KEEP_FACTORS if cancel else ActKind.RESET_FACTORS, COMMAND_LINE, user.id, reason=reason))
    db.session.commit()
    click.echo(message)
