import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from stripe_emulator import Emulator

from app.dev import server
from tests.stripe_actions import Stripe

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
CATALOG = """
from app.billing.catalog.plans import Catalog, Plan, Role, monthly

CATALOG = Catalog(
    slug="fork",
    currency="usd",
    roles=(Role("free", name="Free", rank=0), Role("basic", name="Basic", rank=1), Role("pro", name="Pro", rank=2)),
    features={{"exports": "exports", "api": "API"}},
    limits={{"entries": "entries", "api_tokens": "API tokens"}},
    plans=(Plan("team", name="Team", role="pro", prices=(monthly({amount}),)),),
)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether this becomes true in a while."""
    deadline = time.monotonic() + START_SECONDS
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds


def answers(address: str) -> bool:
    try:
        urlopen(address, timeout=2).close()
    except OSError:
        return False
    return True


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """What `python app.py` is started with: a folder and a port of its own, and nothing of the shell's settings."""
    for name in os.environ:
        if name.startswith(("STRIPE_", "FLASK_", "EMULATOR_")):
            monkeypatch.delenv(name)
    values = {"APP_ENV": "development", "PORT": str(free_port()), "BASE_URL": "", "INSTANCE_PATH": str(tmp_path)}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def keep_signals() -> Iterator[None]:
    """`main` lets SIGINT and SIGTERM end it; the run of the tests has its own ways."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run_until(stop: signal.Signals, port: str) -> subprocess.CompletedProcess[str]:
    """Start the site as `make run` does, and stop it once it is ready."""
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually(lambda: process.poll() is not None or answers(f"http://127.0.0.1:{port}/readyz"))
    process.send_signal(stop)
    output, errors = process.communicate(timeout=30)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


@contextmanager
def at_a_terminal(root: Path) -> Iterator[Path]:
    """The site as a developer starts it, with a reloader; the file of what it says on standard error."""
    errors, (terminal, stdin) = root / "errors", pty.openpty()
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=root,
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            yield errors
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=30)
            os.close(terminal)
            os.close(stdin)


def shown_at(address: str) -> str:
    """What a page says, be it an error's."""
    try:
        with urlopen(address, timeout=2) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        return error.read().decode()
    except OSError:
        return ""


def test_the_site_comes_up_prints_its_address_stops_when_told_and_keeps_its_data(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, emulator: Emulator, tmp_path: Path
) -> None:
    monkeypatch.setenv("STRIPE_API_BASE", emulator.url)
    secrets = []
    for stop in (signal.SIGINT, signal.SIGTERM):
        run = run_until(stop, environment["PORT"])
        secrets.append((tmp_path / "emulator_webhook_secret").read_text())

        assert run.returncode == 0, run.stderr
        assert f"http://127.0.0.1:{environment['PORT']}" in run.stdout
        assert "4242 4242 4242 4242" in run.stdout

    assert secrets[0] == secrets[1]
    assert (tmp_path / "perennial.sqlite3").exists()


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    """A copy of the site whose catalogue can be changed, in a folder as some tools name it after a branch."""
    root = tmp_path / "feature%2Flogin"
    shutil.copytree(ROOT / "app", root / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", root)
    for folder in ("migrations", "templates", "static", "translations"):
        (root / folder).symlink_to(ROOT / folder)
    (root / "app" / "catalog.py").write_text(CATALOG.format(amount=100))
    return root


def test_change_of_the_catalogue_is_pushed_on_reload_and_a_mistake_in_it_is_one_line(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, emulator: Emulator, at_stripe: Stripe, fork: Path
) -> None:
    monkeypatch.setenv("STRIPE_API_BASE", emulator.url)
    file, site = fork / "app" / "catalog.py", f"http://127.0.0.1:{environment['PORT']}"

    def is_sold_at(amount: int) -> bool:
        prices = at_stripe.v1.prices.list({"lookup_keys": ["fork_team_month"], "active": True}).data
        return [price.unit_amount for price in prices] == [amount]

    with at_a_terminal(fork) as errors:
        assert eventually(lambda: answers(f"{site}/readyz") and is_sold_at(100))
        file.write_text(CATALOG.format(amount=-1))
        assert eventually(lambda: shown_at(f"{site}/pricing").startswith("app/catalog.py: plan team: prices: month"))
        file.write_text(CATALOG.format(amount=200))
        assert eventually(lambda: answers(f"{site}/readyz") and is_sold_at(200))

    assert "app/catalog.py: plan team: prices: month: amount: must be a whole number" in errors.read_text()
    assert "Traceback" not in errors.read_text()


def test_bad_settings_stop_the_start_with_one_list(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("SECRET_KEY", "short")

    run = run_until(signal.SIGTERM, environment["PORT"])

    assert run.returncode == 1
    assert "  - SECRET_KEY: each key must be at least 32 bytes long" in run.stderr
    assert "Traceback" not in run.stderr


def test_production_is_told_to_use_gunicorn(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "APP_ENV": "production",
        "SECRET_KEY": "k" * 32,
        "BASE_URL": "https://example.com",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "STRIPE_SECRET_KEY": "sk_live_made_up_for_this_test",
        "STRIPE_PUBLISHABLE_KEY": "pk_live_made_up_for_this_test",
        "STRIPE_WEBHOOK_SECRET": "whsec_made_up",
    }.items():
        monkeypatch.setenv(name, value)

    assert server.main() == 1
    assert 'gunicorn "app:create_app()"' in capsys.readouterr().err


def test_a_port_in_use_is_a_clear_message(
    environment: dict[str, str], keep_signals: None, capsys: pytest.CaptureFixture[str]
) -> None:
    port = environment["PORT"]
    with socket.create_server(("127.0.0.1", int(port))):
        status = server.main()

    assert status == 1
    assert capsys.readouterr().err.strip() == (
        f"Port {port} is in use: stop what listens there, or set PORT to another one."
    )
