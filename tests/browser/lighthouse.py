"""Lighthouse on the landing and pricing pages, served by gunicorn: `make lighthouse`.

Not part of the suite: a score of performance depends on how busy the machine is.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.browser.tools import require_tool
from tests.chromium import QUIET, find_chromium

ROOT = Path(__file__).resolve().parents[2]
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
LEAST = 0.98


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site under gunicorn, as in production."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "APP_ENV": "testing",
        "INSTANCE_PATH": str(tmp_path_factory.mktemp("instance")),
        "BASE_URL": f"http://127.0.0.1:{port}",
    }
    command = [sys.executable, "-m", "gunicorn", "app:create_app()", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen([*command, "--worker-class", "gthread", "--threads", "8"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            with urlopen(f"{url}/healthz", timeout=1):
                break
        except OSError:
            time.sleep(0.2)
    yield url
    process.terminate()
    process.wait()


@pytest.mark.parametrize("path", ["/", "/pricing"])
def test_lighthouse_gives_at_least_98(served: str, path: str, tmp_path: Path):
    lighthouse = require_tool(".bin/lighthouse")
    report = tmp_path / "report.json"
    flags = " ".join(["--headless", *QUIET])
    # The first request compiles the templates, once in a worker's life.
    urlopen(served + path).read()

    subprocess.run(
        [lighthouse, served + path, "--quiet", "--output=json", f"--output-path={report}", f"--chrome-flags={flags}"],
        env=os.environ | {"CHROME_PATH": find_chromium() or ""},
        check=True,
        timeout=180,
    )
    categories = json.loads(report.read_text())["categories"]
    scores = {name: categories[name]["score"] for name in CATEGORIES}

    print(path, scores)
    assert all(score >= LEAST for score in scores.values()), scores
