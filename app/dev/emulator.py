"""The Stripe emulator as a process beside the development server."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from types import TracebackType
from urllib.error import URLError
from urllib.request import urlopen

from app.config.settings import ROOT, Settings
from app.machine import PortTaken, is_free

HOST = "127.0.0.1"
LAST_PORT = 65535
START_SECONDS = 20
ENDING_SECONDS = 2


class EmulatorProcess:
    """The emulator, running while the context is open; its data stays in `instance/`.

    It holds the other end of our pipe, so that it ends with us however we end, by SIGKILL too.
    """

    def __init__(self, settings: Settings, patience: float = ENDING_SECONDS) -> None:
        self._settings = settings
        self._patience = patience

    def __enter__(self) -> EmulatorProcess:
        self._settings.instance_path.mkdir(parents=True, exist_ok=True)
        port = self._find_port()
        self._settings.emulator_port_file.write_text(str(port))
        self._process = subprocess.Popen(  # noqa: S603
            self._command(port), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._settings.emulator_port_file.unlink(missing_ok=True)
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe:
                pipe.close()

    def _find_port(self) -> int:
        """Return the port that was set once it is free, or, when none was set, the next one that is free."""
        wanted = self._settings.emulator_port
        if self._becomes_free(wanted):
            return wanted
        later = () if self._settings.sets_emulator_port else range(wanted + 1, LAST_PORT + 1)
        found = next((port for port in later if is_free(HOST, port)), None)
        if found is None:
            raise PortTaken(
                f"Port {wanted} is in use, and the Stripe emulator needs it: stop what listens there, or set "
                "EMULATOR_PORT to another one."
            )
        return found

    def _becomes_free(self, port: int) -> bool:
        """Whether the port is free now or soon: an emulator whose site was killed just now needs a moment to end."""
        deadline = time.monotonic() + self._patience
        while not is_free(HOST, port):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _command(self, port: int) -> list[str]:
        database = self._settings.instance_path / "stripe-emulator.sqlite3"
        options = ["--host", HOST, "--port", str(port), "--db", str(database), "--until-stdin-closes"]
        options += ["--merchant", self._settings.app_name, *_accent()]
        return [sys.executable, "-m", "stripe_emulator", *options]

    def _wait(self) -> None:
        """Return when the emulator answers; say why when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise PortTaken(self._last_words())
            if self._answers():
                return
            time.sleep(0.05)
        raise PortTaken(f"The Stripe emulator did not start at {self._settings.emulator_url}.")

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self._settings.emulator_url}/healthz", timeout=1) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _last_words(self) -> str:
        said = self._process.stderr.read().decode(errors="replace").strip() if self._process.stderr else ""
        return said or "The Stripe emulator stopped at once."


def _accent() -> list[str]:
    """The site's own colour for Checkout and the portal, as `make pictures` wrote it into the icon."""
    found = re.search(r'fill="(#[0-9a-fA-F]{6})"', (ROOT / "static/favicon.svg").read_text())
    return ["--accent", found[1]] if found else []
