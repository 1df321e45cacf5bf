"""The site under gunicorn, with the file that it reads: what only a real server's parser can get wrong."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment import held_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def gunicorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of one worker."""
    instance = tmp_path_factory.mktemp("instance")
    environment = {"APP_ENV": "testing", "DATABASE_URL": f"sqlite:///{instance}/site", "INSTANCE_PATH": str(instance)}
    with held_port() as port:
        command = [sys.executable, "-m", "gunicorn", "app:create_app()", "--bind", f"127.0.0.1:{port}"]
        options = ["--worker-class", "gthread", "--threads", "2", "--no-control-socket"]
        with subprocess.Popen([*command, *options], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as server:
            _wait_for(port)
            yield port
            server.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)) and time.monotonic() < deadline:
            time.sleep(0.05)


def ask(port: int, request: str) -> bytes:
    """The whole answer to a request that is written by hand."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request.encode())
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO"])
def test_no_path_is_taken_from_a_header(gunicorn, name):
    answer = ask(gunicorn, f"GET //evil.example/account HTTP/1.1\r\nHost: x\r\n{name}: //evil.example\r\n\r\n")

    assert b"evil.example\r\n" not in answer
    assert b"\r\nLocation: //" not in answer


@pytest.mark.parametrize("path", ["/webhooks/stripe", "/login", "/checkout/basic", "/logout"])
@pytest.mark.parametrize("body", ["zz\r\nabc\r\n0\r\n\r\n", "5\r\nab", "3\r\nabcX"])
def test_bad_chunking_is_the_senders_fault(gunicorn, path, body):
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"

    answer = ask(gunicorn, f"{head}Transfer-Encoding: chunked\r\n\r\n{body}")

    assert answer.startswith(b"HTTP/1.1 400 ")
