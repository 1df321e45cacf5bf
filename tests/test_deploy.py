"""What the guides in `docs/deploy/` say: their commands run, and the files beside them work."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from flask import Flask

from app.auth.models import User
from app.config.settings import ROOT, Settings
from app.database import db
from tests.billing.lives.serving import Server
from tests.people import Person

pytestmark = [pytest.mark.slow, pytest.mark.database]

GUIDES = sorted((ROOT / "docs/deploy").glob("*.md"))
BLOCK = re.compile(r"(?:<!-- (untested: \S.*|run by \w+) -->\n\s*)?```sh\n(.*?)```", re.DOTALL)
BACKUPS = (ROOT / "docs/deploy/backups.md").read_text()
on_postgresql = pytest.mark.skipif(
    "postgresql" not in os.environ.get("TEST_DATABASE_URL", "") or not shutil.which("pg_dump"),
    reason="TEST_DATABASE_URL names no PostgreSQL, or there is no pg_dump",
)


def needs_program(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_command_of_a_guide_is_run_or_said_not_to_be(guide: Path) -> None:
    for said, commands in BLOCK.findall(guide.read_text()):
        assert said, commands
        assert said.startswith("untested") or said.removeprefix("run by ") in globals(), said


def follow(test: str, nth: int, folder: Path, **environment: str) -> None:
    """Run the nth block of commands that is said to be run by this test."""
    block = [commands for said, commands in BLOCK.findall(BACKUPS) if said == f"run by {test}"][nth]
    own = {"PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}", "FLASK_APP": "app", "FLASK_SKIP_DOTENV": "1"}
    own |= {"PYTHONPATH": f"{ROOT}:{ROOT / 'emulator/src'}", "APP_ENV": "testing", **environment}
    done = subprocess.run(["sh", "-euc", block], cwd=folder, env=own, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def people(app: Flask) -> list[str]:
    with app.app_context():
        return sorted(db.session.scalars(db.select(User.email)))


def lose_everybody(app: Flask) -> None:
    with app.app_context():
        db.session.execute(db.delete(User))
        db.session.commit()


@pytest.fixture
def migrated(app_with: Callable[..., Flask], tmp_path: Path) -> Iterator[tuple[Flask, dict[str, str]]]:
    """A site on a database of its own that migrations made, with Alice; and the settings for commands."""
    instance = tmp_path / "instance"
    instance.mkdir()
    url, drop = _own_database(instance)
    site = app_with(database_url=url, instance_path=instance)
    environment = {
        "DATABASE_URL": url,
        "INSTANCE_PATH": str(instance),
        "SQLITE_FILE": str(instance / "site.sqlite3"),
        "STRIPE_API_BASE": site.extensions["settings"].stripe_api_base,
    }
    assert flask("db", "upgrade", **environment).returncode == 0
    Person.sign_up(site, "alice@example.com")
    yield site, environment
    with site.app_context():
        db.session.remove()
        db.engine.dispose()
    drop()


def _own_database(instance: Path) -> tuple[str, Callable[[], object]]:
    server = os.environ.get("TEST_DATABASE_URL", "")
    if "postgresql" not in server:
        return f"sqlite:///{instance}/site.sqlite3", lambda: None
    name = f"deploy_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")

    def drop() -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    return f"{server.rpartition('/')[0]}/{name}", drop


@on_postgresql
def test_a_postgresql_backup_is_restored(migrated, tmp_path: Path, catalogue: None) -> None:
    site, environment = migrated
    follow("test_a_postgresql_backup_is_restored", 0, tmp_path, **environment)
    lose_everybody(site)

    follow("test_a_postgresql_backup_is_restored", 1, tmp_path, **environment)

    assert people(site) == ["alice@example.com"]


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="about SQLite's file")
def test_a_sqlite_backup_is_restored(migrated, tmp_path: Path, catalogue: None) -> None:
    site, environment = migrated
    with sqlite3.connect(environment["SQLITE_FILE"]) as open_meanwhile:
        open_meanwhile.execute("SELECT 1 FROM users")
        follow("test_a_sqlite_backup_is_restored", 0, tmp_path, **environment)
    open_meanwhile.close()
    lose_everybody(site)
    with site.app_context():
        db.engine.dispose()

    follow("test_a_sqlite_backup_is_restored", 1, tmp_path, **environment)

    assert people(site) == ["alice@example.com"]


@needs_program("systemd-analyze")
@pytest.mark.parametrize("unit", sorted((ROOT / "deploy/systemd").glob("*.service")), ids=lambda unit: unit.name)
def test_systemd_takes_the_units(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/srv/perennial/.venv/bin/gunicorn", "/bin/true").replace(
        "/srv/perennial/.venv/bin/flask", "/bin/true"))  # fmt: skip

    said = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, timeout=60)

    assert unit.name not in said.stderr, said.stderr


def test_every_container_is_hardened() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    services = re.findall(r"^  (\w+):\n((?:    .*\n|\n)+)", compose[compose.index("services:") :], re.MULTILINE)

    assert len(services) >= 7
    for name, service in services:
        if not name.startswith(("inside", "outside", "caddy")):
            assert re.search(r"<<: \*(hardened|perennial)", service), name
    assert "<<: *hardened" in compose[compose.index("x-perennial") : compose.index("services:")]
    for rule in ("cap_drop: [ALL]", "read_only: true", "no-new-privileges:true", "requirepass", "TRUSTED_PROXIES"):
        assert rule in compose


@needs_program("nginx")
def test_nginx_as_in_the_example_waits_for_slow_bodies_and_is_one_proxy(
    app: Flask, catalogue: None, tmp_path: Path
) -> None:
    settings = app.extensions["settings"]
    server = Server(
        settings,
        workers=1,
        stripe_api_base=settings.stripe_api_base,
        log=tmp_path / "gunicorn.log",
        TRUSTED_PROXIES="1",
    )

    with server, running_nginx(tmp_path, settings.port, server.url):
        command = ["--app", "tests.catalogue:create_app()", "billing", "check", "--deliver"]
        check = flask(*command, **environment_of(settings), TRUSTED_PROXIES="1")

    for point in ("TRUSTED_PROXIES is right", "a proxy waits for slow bodies", "a signed event arrives"):
        assert f"ok     {point}\n" in check.stdout, check.stdout + check.stderr


@needs_program("nginx")
def test_senders_that_dawdle_stop_nobody_behind_nginx(app: Flask, tmp_path: Path) -> None:
    settings = app.extensions["settings"]
    # One worker has eight threads; as many bodies that do not end would hold them all.
    base = settings.stripe_api_base
    server = Server(settings, workers=1, stripe_api_base=base, log=tmp_path / "gunicorn.log", TRUSTED_PROXIES="1")

    with server, running_nginx(tmp_path, settings.port, server.url):
        straight = time_of_a_page_beside_senders(17, urlsplit(server.url).port or 0)
        behind = time_of_a_page_beside_senders(17, settings.port)

    assert straight is None
    assert behind is not None and behind < PATIENCE


PATIENCE = 4


def time_of_a_page_beside_senders(count: int, port: int) -> float | None:
    """How long a page takes while so many bodies are under way that do not end; None when it does not come."""
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with ExitStack() as open_connections:
        for _ in range(count):
            sender = open_connections.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            sender.sendall(head + b"Content-Length: 1000\r\n\r\nemail=")
        time.sleep(0.5)
        began = time.perf_counter()
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/pricing", timeout=PATIENCE)
        except requests.Timeout:
            return None
        assert answer.status_code == 200
        return time.perf_counter() - began


@contextmanager
def running_nginx(folder: Path, port: int, upstream: str) -> Iterator[None]:
    """nginx with the example, at this port and without TLS."""
    site = (ROOT / "deploy/nginx.conf").read_text().replace("127.0.0.1:8000", upstream.removeprefix("http://"))
    site = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", site, flags=re.DOTALL)
    site = re.sub(r"    ssl_certificate.*\n", "", site).replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    (folder / "site.conf").write_text(site)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nworker_processes 1;\n"
        f"events {{}}\nhttp {{\n{places}include {folder}/site.conf;\n}}\n"
    )
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(0.3)
        assert process.poll() is None, (folder / "error.log").read_text()
        yield
        process.terminate()


def flask(*command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`flask`, as somebody who deploys runs it."""
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'emulator/src'}", "FLASK_SKIP_DOTENV": "1"}
    return subprocess.run(
        [sys.executable, "-m", "flask", *command],
        cwd=ROOT, env={**own, "APP_ENV": "testing", **environment}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def environment_of(settings: Settings) -> dict[str, str]:
    return {
        "BASE_URL": settings.site_url,
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "INSTANCE_PATH": str(settings.instance_path),
        "STRIPE_API_BASE": settings.stripe_api_base,
    }
