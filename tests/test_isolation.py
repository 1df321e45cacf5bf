"""The tests themselves: nothing on the developer's machine changes what they say."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
# What the application is made of, and the tests; no instance folder, no `.env`, no environment.
PARTS = (
    *("app", "emulator/src", "migrations", "static", "templates", "tests", "translations"),
    *("app.py", "pyproject.toml", ".env.example"),
)
SAMPLE = (
    "tests/config",
    "tests/pricing",
    "tests/commands/test_users.py",
    "tests/webhook/test_answers.py",
    "tests/mail/test_alerts.py",
    "tests/dashboard/test_access.py",
)
HOSTILE = {
    "APP_ENV": "production",
    "APP_NAME": "Acme",
    "BASE_URL": "https://acme.example.com/app",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nowhere",
    "FLASK_APP": "acme",
    "FLASK_DEBUG": "1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "INSTANCE_PATH": "/nowhere",
    "MAIL_FROM": "Acme <acme@example.com>",
    "MAIL_URL": "smtp://127.0.0.1:9",
    "OPERATOR_EMAIL": "ops@acme.example.com",
    "PAST_DUE_GRACE_DAYS": "0",
    "PORT": "5000",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "SECRET_KEY": "short",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
    "STRIPE_AUTOMATIC_TAX": "true",
    "STRIPE_MANAGED_PAYMENTS": "true",
    "STRIPE_PAYMENT_LINK_LIFETIME": "https://buy.stripe.com/acme",
    "STRIPE_PRICE_PRO": "price_acme",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_acme",
    "STRIPE_SECRET_KEY": "sk_live_acme",
    "STRIPE_WEBHOOK_SECRET": "whsec_acme",
    "CURRENCY": "eur",
    "TRIAL_DAYS": "30",
    "TZ": "Asia/Kathmandu",
    "app_name": "Acme in small letters",
}
# The site's and the emulator's own, as a running `make run` has them.
USUAL_PORTS = (5000, 12111)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The repository in a folder of another name, with a `.env` of somebody's product."""
    root = tmp_path / "my product (copy)"
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part)
        elif (ROOT / part).is_file():
            shutil.copy(ROOT / part, root / part)
    (root / ".env").write_text("".join(f"{name}={value!r}\n" for name, value in HOSTILE.items()))
    return root


@pytest.fixture
def taken_ports() -> Iterator[None]:
    with ExitStack() as listeners:
        for port in USUAL_PORTS:
            # Whoever has it already serves as well.
            with suppress(OSError):
                listeners.enter_context(socket.create_server(("127.0.0.1", port)))
        yield


def test_environment_folder_and_usual_ports_change_nothing(elsewhere: Path, taken_ports: None) -> None:
    # On a database of its own: the one of this worker is in use.
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("TEST_", "PYTEST_"))}
    environment = ours | HOSTILE | {"PYTHONPATH": str(elsewhere / "emulator/src")}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *SAMPLE]

    run = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout + run.stderr
