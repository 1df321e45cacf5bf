"""`flask billing …`, `flask users …`, `flask jobs …` and `flask db …`, each imported when it is called."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import click
from flask import Flask, has_app_context
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DatabaseError

from app.billing.errors import BillingError
from app.database import db
from app.database_errors import driver_says, is_away, why_no_answer


class LazyGroup(AppGroup):
    """A group whose commands stand in modules of their own; billing's errors are one line and exit code 1."""

    def __init__(self, name: str, help: str, places: dict[str, str]) -> None:
        super().__init__(name, help=help)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names, in the order in which they are listed here."""
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that holds this command."""
        if cmd_name not in self.places:
            return None
        module = import_module(f"app.commands.{self.places[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what billing or the database could not do is told in one line."""
        with told_in_one_line(ctx):
            return super().invoke(ctx)


class Migrations(click.Group):
    """`flask db …`: the commands of Flask-Migrate, which no page needs."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options of Flask-Migrate's own group."""
        return _flask_migrate().get_params(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Flask-Migrate's commands."""
        return _flask_migrate().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of Flask-Migrate's commands."""
        return _flask_migrate().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what the database could not do is told in one line."""
        self.callback = _flask_migrate().callback
        with told_in_one_line(ctx):
            return super().invoke(ctx)


def _flask_migrate() -> click.Group:
    from flask_migrate.cli import db  # type: ignore[import-not-found]

    group: click.Group = db
    return group


@contextmanager
def told_in_one_line(ctx: click.Context) -> Iterator[None]:
    """End with one line and exit code 1 where billing or the database could not do what was asked."""
    try:
        yield
    except BillingError as error:
        raise click.ClickException(str(error)) from error
    except DatabaseError as error:
        if is_away(error):
            raise click.ClickException(f"{why_no_answer(error)} ({driver_says(error)}).") from error
        problem = _problem_of_the_database(ctx)
        if problem is None:
            raise
        raise click.ClickException(f"{problem}.") from error


def _problem_of_the_database(ctx: click.Context) -> str | None:
    """Why no command could use it; None when it is ready, and the error is another's."""
    from app.health import problem_of_the_database

    if has_app_context():
        # SQLite lets one transaction write at a time; the command's own must not be the one that is waited for.
        db.session.rollback()
    with ctx.ensure_object(ScriptInfo).load_app().app_context():
        return problem_of_the_database()


BILLING = {
    "push": "push",
    "status": "connection",
    "check": "connection",
    "sync": "sync",
    "events": "events",
    "replay": "events",
    "prune": "events",
    "payments": "payments",
    "why": "roles",
    "grant": "roles",
    "revoke": "roles",
    "refund": "support",
    "cancel": "support",
    "extend": "support",
    "connect": "connect",
    "disconnect": "connect",
}
USERS = dict.fromkeys(("create", "show", "promote", "demote", "set-email", "sign-out", "delete"), "users")
USERS |= {"suspend": "users", "lift": "users"}
USERS["reset-factors"] = "factors"


def register_commands(app: Flask) -> None:
    """Give the application its commands."""
    app.cli.add_command(LazyGroup("billing", "Stripe: set up, watch, repair.", BILLING))
    app.cli.add_command(LazyGroup("users", "The people with accounts.", USERS))
    app.cli.add_command(Migrations("db", help="Perform database migrations."))
    app.cli.add_command(LazyGroup("jobs", "What runs in the background.", {"run": "jobs"}))
