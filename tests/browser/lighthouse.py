"""Lighthouse on the landing, pricing and account pages, served by gunicorn: `make lighthouse`.

Not part of the suite: a score of performance depends on how busy the machine is.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

import pytest

from tests.browser.tools import require_tool
from tests.chromium import QUIET, find_chromium
from tests.people import PASSWORD

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
    subprocess.run([sys.executable, "-m", "flask", "db", "upgrade"], cwd=ROOT, env=environment, check=True)
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


@pytest.fixture(scope="module")
def cookie(served: str) -> str:
    """The session of somebody who has just signed up."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    with browser.open(f"{served}/signup") as page:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.read().decode())
    assert token is not None
    fields = {"csrf_token": token[1], "email": "alice@example.com", "password": PASSWORD}
    browser.open(f"{served}/signup", urlencode(fields).encode()).close()
    return "; ".join(f"{each.name}={each.value}" for each in jar)


@pytest.mark.parametrize("path", ["/", "/pricing", "/account"])
def test_lighthouse_gives_at_least_98(served: str, path: str, cookie: str, tmp_path: Path):
    lighthouse = require_tool(".bin/lighthouse")
    report = tmp_path / "report.json"
    flags = " ".join(["--headless", *QUIET])
    # Whoever is not to be found is not asked how well they are found.
    headers, asked = ({"Cookie": cookie}, CATEGORIES[:-1]) if path == "/account" else ({}, CATEGORIES)
    # The first request compiles the templates, once in a worker's life.
    urlopen(Request(served + path, headers=headers)).read()

    subprocess.run(
        [
            lighthouse,
            served + path,
            "--quiet",
            "--output=json",
            f"--output-path={report}",
            f"--chrome-flags={flags}",
            f"--extra-headers={json.dumps(headers)}",
        ],
        env=os.environ | {"CHROME_PATH": find_chromium() or ""},
        check=True,
        timeout=180,
    )
    told = json.loads(report.read_text())
    scores = {name: told["categories"][name]["score"] for name in asked}
    assert told["finalDisplayedUrl"] == served + path

    print(path, scores)
    assert all(score >= LEAST for score in scores.values()), scores
