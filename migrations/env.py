"""How Alembic reaches our database: through the running Flask application."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from app.database import UtcDateTime, db

# Any number, if only the same for all upgrades of this site.
UPGRADE_LOCK = 5_041_812
OPTIONS: dict[str, Any] = current_app.extensions["migrate"].configure_args


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write our column type as what it is in the database: a migration must not change with the code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    else:
        return False


def skip_empty(context: Any, revision: Any, directives: list[Any]) -> None:
    """Write no migration when the models and the database agree."""
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def run_offline() -> None:
    """Print the SQL instead of running it."""
    url = db.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, target_metadata=db.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


@contextmanager
def foreign_keys_suspended(connection: Connection) -> Iterator[None]:
    """On SQLite, let a batch operation drop a table's old copy without what refers to it going too."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # Through the driver: within a transaction, which SQLAlchemy would begin, SQLite ignores this.
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def run_online() -> None:
    """Run the migrations in one transaction."""
    with db.engine.connect() as connection, foreign_keys_suspended(connection):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_item=render_item,
            process_revision_directives=skip_empty,
            **OPTIONS,
        )
        with context.begin_transaction():
            wait_for_others(connection)
            context.run_migrations()


def wait_for_others(connection: Connection) -> None:
    """Let one upgrade work at a time, for as long as it takes; the next one finds its work done."""
    if connection.dialect.name == "postgresql":
        from app.postgresql import unhurried

        unhurried(connection)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")


if context.is_offline_mode():
    run_offline()
else:
    run_online()
