"""The site under gunicorn, by `gunicorn.conf.py`: what it writes, counts and refuses."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask

from app.config.settings import ROOT
from tests.billing.lives.serving import Server

pytestmark = pytest.mark.slow

TOKEN = "a-token-for-prometheus"
SECRET = "abc.DEF-123"


@pytest.fixture
def serve(app: Flask, tmp_path: Path) -> Iterator[tuple[Server, Callable[[], list[str]]]]:
    """Two workers, and what they have written."""
    log = tmp_path / "gunicorn.log"
    settings = app.extensions["settings"]
    environment = {"LOG_FORMAT": "json", "METRICS_TOKEN": TOKEN}
    with Server(settings, workers=2, stripe_api_base=settings.stripe_api_base, log=log, **environment) as server:
        yield server, lambda: log.read_text().splitlines()


def ask(server: Server, path: str, **headers: str) -> tuple[int, str]:
    """One request on a connection of its own, so that either worker can get it."""
    with closing(HTTPConnection(server.url[7:], timeout=30)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.needs("app/metrics")
def test_workers_write_one_object_a_line_and_count_together(serve) -> None:
    server, written = serve
    for _ in range(20):
        assert ask(server, f"/pricing?{SECRET}")[0] == 200
    with socket.create_connection((server.url[7:].split(":")[0], int(server.url.rpartition(":")[2]))) as raw:
        raw.sendall(f"GET /reset-password/{SECRET}\r\n\r\n".encode())
        assert raw.recv(1000).startswith(b"HTTP/1.1 400")

    _, figures = ask(server, "/metrics", Authorization=f"Bearer {TOKEN}")
    lines = [json.loads(line) for line in written()]

    assert 'http_requests_total{method="GET",route="/pricing",status="200"} 20.0' in figures
    assert {line["logger"] for line in lines} == {"gunicorn.error", "app.request_log"}
    assert all(line["time"] and line["level"] and line["message"] for line in lines)
    assert [line["level"] for line in lines if "<secret>" in line["message"]] == ["warning"]
    assert SECRET not in json.dumps(lines)


def test_jobs_write_one_object_a_line(app: Flask, tmp_path: Path) -> None:
    settings = app.extensions["settings"]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "APP_ENV": "testing",
        "LOG_FORMAT": "json",
        "FLASK_SKIP_DOTENV": "1",
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "INSTANCE_PATH": str(settings.instance_path),
        "STRIPE_API_BASE": settings.stripe_api_base,
    }
    command = [sys.executable, "-m", "flask", "--app", "tests.catalogue:create_app()", "jobs", "run"]

    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as jobs:
        written = [next(iter(jobs.stdout)) for _ in range(3)]  # type: ignore[arg-type]
        jobs.terminate()
        written += jobs.stdout.read().splitlines()  # type: ignore[union-attr]

    lines = [json.loads(line) for line in written]
    assert {line["logger"] for line in lines} >= {"app.commands.jobs", "huey.consumer"}


def test_bad_settings_stop_the_start_with_one_message() -> None:
    environment = {"PATH": os.environ["PATH"], "APP_ENV": "production", "BASE_URL": "http://example.com"}
    command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", "4"]

    refused = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

    lines = [json.loads(line) for line in refused.stderr.splitlines()]
    [told] = [line["message"] for line in lines if line["level"] == "critical"]
    assert refused.returncode == 1
    assert "SECRET_KEY: is required in production" in told
    assert "BASE_URL: must be an https address in production" in told
    assert not any("Traceback" in line or "Booting worker" in line for line in (refused.stderr, refused.stdout))
