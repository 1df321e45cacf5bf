import shutil
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade

from app import create_app
from app.auth.models import User, UserSession
from app.billing.models.payments import Order
from app.config.settings import Settings
from app.database import db, utcnow

WIDER_ADDRESSES = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "fork", "{head}"


def upgrade():
    with op.batch_alter_table("users") as users:
        users.alter_column("email", existing_type=sa.String(254), type_=sa.String(320))
"""


@pytest.fixture
def empty_app(settings: Settings, tmp_path: Path, application: Flask):
    """An application whose database has no tables; on PostgreSQL a schema of its own."""
    url = settings.database_url.get_secret_value()
    if url:
        with application.app_context(), db.engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA IF EXISTS migrations_test CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA migrations_test"))
        url += f"{'&' if '?' in url else '?'}options=-csearch_path%3Dmigrations_test"
    app = create_app(
        settings.model_copy(update={"instance_path": tmp_path, "database_url": type(settings.database_url)(url)})
    )
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def tables(app: Flask) -> set[str]:
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def foreign_keys_hold() -> bool:
    """Whether the database refuses a row that refers to nothing, as it did before."""
    db.session.add(UserSession(user_id=uuid.uuid4(), expires_at=utcnow()))
    try:
        db.session.commit()
    except sa.exc.IntegrityError:
        return True
    else:
        return False


def test_upgrade_from_empty_equals_the_models(empty_app):
    upgrade()

    with db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), db.metadata)
    assert differences == []
    assert tables(empty_app) == set(db.metadata.tables)


def test_column_that_goes_is_there_and_named_by_no_statement() -> None:
    """So that the release after this one can drop it while this one runs."""
    assert "checkout_url" in Order.__table__.columns
    assert "checkout_url" not in str(sa.select(Order))
    assert "checkout_url" not in sa.inspect(Order).attrs


def test_downgrade_takes_everything_back(empty_app):
    upgrade()

    downgrade(revision="base")

    assert tables(empty_app) == set()


def test_migration_that_rebuilds_a_table_keeps_what_refers_to_it(empty_app, tmp_path):
    """On SQLite a batch operation drops the old table, and with it would go whatever is deleted along with its rows."""
    upgrade()
    alice = User(email="alice@example.com", password_hash="-")
    alice.sessions.append(UserSession(expires_at=utcnow()))
    db.session.add(alice)
    db.session.commit()
    fork = shutil.copytree("migrations", tmp_path / "migrations")
    (fork / "versions" / "of_a_fork.py").write_text(
        WIDER_ADDRESSES.format(head=ScriptDirectory(fork).get_current_head())
    )

    upgrade(directory=str(fork))

    assert db.session.scalar(sa.select(sa.func.count()).select_from(UserSession)) == 1
    assert foreign_keys_hold()


def test_flask_db_is_there_for_the_operator(empty_app):
    runner = empty_app.test_cli_runner()

    upgraded = runner.invoke(args=["db", "upgrade"])
    current = runner.invoke(args=["db", "current"])

    assert (upgraded.exit_code, current.exit_code) == (0, 0), upgraded.output + current.output
    assert tables(empty_app) == set(db.metadata.tables)


def test_flask_db_is_listed(empty_app):
    listed = empty_app.test_cli_runner().invoke(args=["--help"])

    assert "Perform database migrations" in listed.output


def test_readyz_waits_for_the_newest_migration(empty_app):
    client = empty_app.test_client()

    before = client.get("/readyz").status_code
    upgrade()

    assert before == 503
    assert client.get("/readyz").status_code == 200
    assert client.get("/healthz").json == {"status": "ok"}
