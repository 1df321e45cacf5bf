"""Reading is not writing: a GET that writes says so first, on either database."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.auth.models import User
from app.config.settings import Settings
from app.database import UnannouncedWrite, allowed_to_write, begin_write, db
from app.jobs import get_jobs
from tests.catalogue import CATALOG
from tests.people import Person

RENAMED = "renamed@example.com"


def rename_by_object() -> None:
    db.session.scalars(sa.select(User)).one().email = RENAMED
    db.session.commit()


def rename_by_statement() -> None:
    db.session.execute(sa.update(User).values(email=RENAMED))
    db.session.commit()


def rename_by_text() -> None:
    db.session.execute(sa.text(f"UPDATE users SET email = '{RENAMED}'"))
    db.session.commit()


def after_begin_write() -> None:
    begin_write()
    rename_by_statement()


def where_it_is_allowed() -> None:
    with allowed_to_write():
        rename_by_statement()


def where_it_is_not_allowed_any_more() -> None:
    with allowed_to_write():
        pass
    rename_by_statement()


def undone() -> None:
    begin_write()
    db.session.execute(sa.update(User).values(email=RENAMED))
    db.session.rollback()


@pytest.fixture
def visit(app_with: Callable[..., Flask], alice: Person) -> Callable[..., str]:
    """A request whose view does this; alice's address afterwards."""
    app = app_with()

    def request(work: Callable[[], None], method: str = "GET") -> str:
        with app.test_request_context("/", method=method):
            try:
                work()
            finally:
                db.session.remove()
        with app.app_context():
            return str(db.session.scalar(sa.select(User.email)))

    return request


@pytest.mark.parametrize("work", [rename_by_object, rename_by_statement, rename_by_text])
def test_get_that_writes_without_saying_so_is_stopped_at_once(visit: Callable[..., str], work) -> None:
    with pytest.raises(UnannouncedWrite):
        visit(work)

    assert visit(lambda: None) == "alice@example.com"


@pytest.mark.parametrize("work", [after_begin_write, where_it_is_allowed])
def test_get_that_says_so_writes(visit: Callable[..., str], work) -> None:
    assert visit(work) == RENAMED


def test_get_may_not_write_any_more_after_the_block(visit: Callable[..., str]) -> None:
    with pytest.raises(UnannouncedWrite):
        visit(where_it_is_not_allowed_any_more)


def test_what_a_get_rolls_back_is_not_written(visit: Callable[..., str]) -> None:
    assert visit(undone) == "alice@example.com"


def test_post_writes_freely(visit: Callable[..., str]) -> None:
    assert visit(rename_by_object, "POST") == RENAMED


@pytest.mark.skipif(os.name != "posix", reason="Other systems have other rights.")
def test_sqlite_files_are_readable_for_nobody_else(tmp_path: Path) -> None:
    former = os.umask(0o022)
    try:
        settings = Settings(app_env="testing", instance_path=tmp_path, secret_key="k" * 32)
        app = create_app(settings, CATALOG)
        with app.app_context():
            db.create_all()
            get_jobs()
            rights = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("*sqlite3*")}
            db.session.remove()
            db.engine.dispose()
    finally:
        os.umask(former)

    assert {"perennial.sqlite3", "jobs.sqlite3"} <= rights.keys()
    assert set(rights.values()) == {0o600}


def test_what_stores_something_is_tried_on_postgresql_too(request: pytest.FixtureRequest, app: Flask) -> None:
    assert request.node.get_closest_marker("stores")


def test_what_asks_for_no_database_is_tried_once(request: pytest.FixtureRequest) -> None:
    assert not request.node.get_closest_marker("stores")
