"""PostgreSQL that restarts, vanishes, refuses, or is behind PgBouncer: a server of the tests' own."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from app.auth.models import User
from app.database import db
from app.postgresql import AWAY_SECONDS, CONNECT_SECONDS, PING_SECONDS, TRUSTED_SECONDS
from tests.people import Person
from tests.servers.postgresql import PostgreSQL, pgbouncer, postgresql
from tests.servers.wire import Wire

pytestmark = [pytest.mark.slow, pytest.mark.database]

ROOT = Path(__file__).parents[1]
# For a machine that has other things to do.
SLOWNESS = 3


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with postgresql() as server:
        yield server


@pytest.fixture(scope="module")
def upgrades(server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str]]:
    """The database gets its tables from two machines that begin at once; how that ended."""
    instance = tmp_path_factory.mktemp("instance")
    environment = {"APP_ENV": "testing", "DATABASE_URL": server.url(), "INSTANCE_PATH": str(instance)}
    flask = Path(sys.executable).with_name("flask")
    runs = [
        subprocess.Popen([flask, "db", "upgrade"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [run.communicate()[1] for run in runs]
    return [(run.returncode, words) for run, words in zip(runs, said, strict=True)]


@pytest.fixture
def app_at(app_with: Callable[..., Flask], upgrades: object) -> Callable[..., Flask]:
    """The site on a database of this server."""

    def build(url: str, **settings: object) -> Flask:
        app = app_with(database_url=url, **settings)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        return app

    return build


def test_two_upgrades_at_once_do_the_work_once(upgrades: list[tuple[int, str]]) -> None:
    assert upgrades == [(0, ""), (0, "")]


@pytest.mark.needs("app/billing/webhooks/fast_path_connection.py")
def test_a_restart_costs_no_request_that_comes_after_it(app_at: Callable[..., Flask], server: PostgreSQL) -> None:
    from app.billing.webhooks.fast_path_sql import FastConnection

    app = app_at(server.url())
    alice = Person.sign_up(app, "restarted@example.com")
    with app.app_context():
        held = [db.engine.connect() for _ in range(3)]
        for connection in held:
            connection.close()

    server.restart()

    assert [alice.get("/account").status_code for _ in range(4)] == [200] * 4
    with app.app_context(), FastConnection(db.engine):
        pass


def test_a_host_that_vanishes_holds_nobody_for_long(app_at: Callable[..., Flask], server: PostgreSQL) -> None:
    def seconds(person: Person) -> tuple[int, float]:
        began = time.monotonic()
        return person.get("/account").status_code, time.monotonic() - began

    with Wire(server.port) as wire:
        app = app_at(server.url(port=wire.port))
        alice = Person.sign_up(app, "vanished@example.com")
        readers = [alice.on(app) for _ in range(4)]
        # Longer than a connection is trusted without asking.
        time.sleep(TRUSTED_SECONDS)
        wire.is_cut = True

        with ThreadPoolExecutor(4) as threads:
            first = list(threads.map(seconds, readers))
            second = list(threads.map(seconds, readers))
        wire.is_cut = False
        time.sleep(AWAY_SECONDS)

        assert {status for status, _ in first + second} == {503}
        assert max(took for _, took in first) < PING_SECONDS + CONNECT_SECONDS + SLOWNESS
        assert sorted(took for _, took in second)[1] < SLOWNESS
        assert alice.get("/account").status_code == 200


def test_a_statement_has_an_end_unless_it_needs_its_time(app_at: Callable[..., Flask], server: PostgreSQL) -> None:
    from app.postgresql import unhurried

    with app_at(server.url()).app_context(), db.engine.connect() as connection:
        before = connection.exec_driver_sql("SHOW statement_timeout").scalar()
        unhurried(connection)
        after = connection.exec_driver_sql("SHOW statement_timeout").scalar()

    assert (before, after) == ("30s", "0")


@pytest.mark.parametrize(
    ("database", "password", "reason"),
    [
        ("site", "wrong", "it refuses the user or the password"),
        ("nowhere", None, "it has no such database"),
    ],
)
def test_readiness_says_what_the_database_refuses(
    app_with: Callable[..., Flask], server: PostgreSQL, database: str, password: str | None, reason: str
) -> None:
    url = server.url(database, password=password) if password else server.url(database)

    answer = app_with(database_url=url).test_client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json == {"status": "unavailable", "reason": f"the database does not answer: {reason}"}


@pytest.mark.parametrize(
    ("host", "reason"),
    [("127.0.0.1:1", "nobody listens at its address"), ("nowhere.invalid", "its host has no address")],
)
@pytest.mark.parametrize("command", [["db", "upgrade"], ["billing", "why", "alice@example.com"]])
def test_a_command_says_in_one_line_why_it_has_no_database(
    app_with: Callable[..., Flask], command: list[str], host: str, reason: str
) -> None:
    runner = app_with(database_url=f"postgresql://site:a-secret@{host}/site").test_cli_runner()

    result = runner.invoke(args=command)

    assert result.exit_code == 1
    assert result.output.startswith(f"Error: the database does not answer: {reason} (")
    assert len(result.output.splitlines()) == 1
    assert "a-secret" not in result.output


def test_the_site_works_through_a_pooler_that_lends_by_transaction(
    app_at: Callable[..., Flask], server: PostgreSQL
) -> None:
    with pgbouncer(server) as port:
        app = app_at(server.url(port=port), database_pooler=True)
        people = [Person.sign_up(app, f"pooled{number}@example.com") for number in range(4)]
        with app.app_context():
            upgrade()

            with db.engine.connect() as one, db.engine.connect() as other:
                for connection in (one, other) * 7:
                    connection.execute(sa.select(User.id).limit(1))
                    connection.commit()

        with ThreadPoolExecutor(4) as threads:
            pages = list(threads.map(lambda turn: people[turn % 4].get("/account").status_code, range(40)))

        assert pages == [200] * 40
