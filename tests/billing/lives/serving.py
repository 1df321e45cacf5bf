"""The site as it runs in production: gunicorn with several processes, which can be killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from app.config.settings import ROOT, Settings

START_SECONDS = 30


class Server:
    """A running site with its own processes, on the tests' database."""

    def __init__(
        self, settings: Settings, *, workers: int, stripe_api_base: str, log: Path, **environment: str
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self._workers = workers
        self._log = log.open("wb")
        self._environment = {
            "PATH": os.environ["PATH"],
            "APP_ENV": "testing",
            "BASE_URL": settings.site_url,
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "INSTANCE_PATH": str(settings.instance_path),
            "STRIPE_API_BASE": stripe_api_base,
            **environment,
        }

    def __enter__(self) -> Self:
        options = ["--preload", "--threads", "4", "--workers", str(self._workers), "--bind", self.url[7:]]
        command = [sys.executable, "-m", "gunicorn", *options, "tests.catalogue:create_app()"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=self._log, stderr=self._log, start_new_session=True
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_up():
            assert self._process.poll() is None, "gunicorn ended"
            assert time.monotonic() < deadline, "gunicorn did not start"
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        self._log.close()

    def kill_workers(self) -> None:
        """Kill every worker as the machine's out-of-memory killer would; gunicorn starts new ones."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for pid in children.read_text().split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue

    def post(self, body: bytes, headers: dict[str, str]) -> int | None:
        """Bring a webhook; the status, or None when nobody answered."""
        request = Request(f"{self.url}/webhooks/stripe", data=body, headers=headers)
        try:
            with urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except HTTPError as error:
            error.close()
            return error.code
        except (URLError, OSError):
            return None

    def _is_up(self) -> bool:
        try:
            with urlopen(f"{self.url}/healthz", timeout=1):
                return True
        except (URLError, OSError):
            return False
