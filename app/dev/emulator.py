"""The Stripe emulator as a process beside the development server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from types import TracebackType
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from app.config.settings import ROOT, Settings

START_SECONDS = 20
ENDING_SECONDS = 5


class PortTaken(Exception):
    """A port that is needed is in use; the message says which, and what to do."""


def is_free(host: str, port: int) -> bool:
    """Whether somebody could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


class EmulatorProcess:
    """The emulator, running while the context is open; its data stays in `instance/`.

    It holds the other end of our pipe, so that it ends with us however we end, by SIGKILL too.
    """

    def __init__(self, settings: Settings) -> None:
        self._base = settings.stripe_base or ""
        self._database = settings.instance_path / "stripe-emulator.sqlite3"

    def __enter__(self) -> EmulatorProcess:
        self._database.parent.mkdir(parents=True, exist_ok=True)
        address = urlsplit(self._base)
        self._wait_for_port(str(address.hostname), int(address.port or 0))
        command = [
            sys.executable,
            "-m",
            "stripe_emulator",
            "--host",
            str(address.hostname),
            "--port",
            str(address.port),
            "--db",
            str(self._database),
            "--until-stdin-closes",
        ]
        self._process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe:
                pipe.close()

    def _wait_for_port(self, host: str, port: int) -> None:
        """Return when the port is free; an emulator whose site was killed just now needs a moment to end."""
        deadline = time.monotonic() + ENDING_SECONDS
        while not is_free(host, port):
            if time.monotonic() > deadline:
                raise PortTaken(
                    f"Port {port} is in use, and the Stripe emulator needs it: stop what listens there, or set "
                    "STRIPE_API_BASE to the emulator that you have running."
                )
            time.sleep(0.05)

    def _wait(self) -> None:
        """Return when the emulator answers; say why when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise PortTaken(self._last_words())
            if self._answers():
                return
            time.sleep(0.05)
        self.__exit__(None, None, None)
        raise PortTaken(f"The Stripe emulator did not start at {self._base}.")

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self._base}/healthz", timeout=1) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _last_words(self) -> str:
        said = self._process.stderr.read().decode(errors="replace").strip() if self._process.stderr else ""
        return said or "The Stripe emulator stopped at once."
