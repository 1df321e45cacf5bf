from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade

from app import create_app
from app.database import db
from app.settings import Settings


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
        db.engine.dispose()


def tables(app: Flask) -> set[str]:
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_upgrade_from_empty_equals_the_models(empty_app):
    upgrade()

    with db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), db.metadata)
    assert differences == []
    assert tables(empty_app) == set(db.metadata.tables)


def test_downgrade_takes_everything_back(empty_app):
    upgrade()

    downgrade(revision="base")

    assert tables(empty_app) == set()


def test_readyz_waits_for_the_newest_migration(empty_app):
    client = empty_app.test_client()

    before = client.get("/readyz").status_code
    upgrade()

    assert before == 503
    assert client.get("/readyz").status_code == 200
    assert client.get("/healthz").json == {"status": "ok"}
