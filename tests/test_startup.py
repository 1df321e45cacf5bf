"""What a start leaves behind: claims about objects and modules, not about the clock."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
# PostgreSQL's driver is part of a start, its server is not.
NOWHERE = "postgresql://127.0.0.1:1/nowhere"


def after_start(code: str, instance_path: Path) -> str:
    """What `code` prints in a fresh process that has made the application as `app`."""
    environment = {"APP_ENV": "testing", "DATABASE_URL": NOWHERE, "INSTANCE_PATH": str(instance_path)}
    command = [sys.executable, "-c", f"import gc, sys, app as package; app = package.create_app()\n{code}"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def modules_after_start(tmp_path_factory) -> set[str]:
    return set(after_start("print(*sys.modules)", tmp_path_factory.mktemp("instance")).split())


def test_gunicorn_takes_what_a_worker_starts_with_out_of_the_collectors_sight(tmp_path):
    code = f"import runpy; runpy.run_path({str(ROOT / 'gunicorn.conf.py')!r})['post_worker_init'](None)\n"

    assert after_start(f"{code}print(gc.get_freeze_count() > 50_000, gc.isenabled())", tmp_path) == "True True\n"


def test_gunicorn_keeps_a_connection_longer_than_load_balancers_do():
    # AWS's keep theirs for 60 seconds; whoever closes one first leaves the other with a 502.
    assert runpy.run_path(str(ROOT / "gunicorn.conf.py"))["keepalive"] > 60


@pytest.mark.parametrize(
    "name",
    [
        "stripe",
        "requests",
        "alembic",
        "flask_migrate",
        "huey",
        "redis",
        "structlog",
        "prometheus_client",
        "sentry_sdk",
        "stripe_emulator",
        "app.admin.forms",
    ],
)
def test_a_start_imports_nothing_that_only_some_requests_need(modules_after_start, name):
    assert name not in modules_after_start
