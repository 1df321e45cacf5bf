"""What the product is measured against renders the product's own templates: it must not fall behind them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.config.settings import ROOT
from benchmarks.baselines import page
from benchmarks.paths import PATHS
from benchmarks.site import settings, user_id

pytestmark = [pytest.mark.slow, pytest.mark.database]
LONG = ("sqlite", "flatness", "sign-in", "startup")


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The usual sample, with one user who has signed in."""
    for name, value in settings(f"sqlite:///{tmp_path}/sample.sqlite3", "http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    from benchmarks.baselines import sample

    app = sample.create_app()
    with app.app_context():
        sample.db.create_all()
        values = {"email": "user0@example.com", "password_hash": sample.hasher.hash("secret"), "role": "pro"}
        sample.db.session.add(sample.User(id=user_id(0), is_admin=False, **values))
        sample.db.session.commit()
    yield app
    with app.app_context():
        sample.db.engine.dispose()


@pytest.mark.parametrize("path", ["/", "/pricing"])
def test_bare_flask_renders_the_products_page(path: str) -> None:
    assert page.create_app().test_client().get(path).status_code == 200


def test_sample_renders_the_products_dashboard(sample: Flask) -> None:
    sample.config["WTF_CSRF_ENABLED"] = False
    client = sample.test_client()
    client.post("/login", data={"email": "user0@example.com", "password": "secret"})

    assert client.get("/dashboard").status_code == 200


@pytest.mark.skipif(
    "postgresql" not in os.environ.get("TEST_DATABASE_URL", ""), reason="TEST_DATABASE_URL names no PostgreSQL"
)
def test_every_benchmark_runs() -> None:
    """In its shortest form: what it measures means nothing, but it finds all that it asks for.

    Those that start many servers are left to the night, and outages, which take minutes, to who asks for them.
    """
    server = os.environ["TEST_DATABASE_URL"].rpartition("/")[0]
    command = [sys.executable, "-m", "benchmarks", "--trial", "--postgresql", server]
    left_out = {"outages"} if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else {"outages", *LONG}
    paths = [name for name in PATHS if name not in left_out]

    run = subprocess.run([*command, *paths], cwd=ROOT, capture_output=True, text=True, timeout=600)

    assert re.search(r"^\d+ s; \d+ goals missed\.$", run.stdout, re.MULTILINE), run.stderr[-3000:]
