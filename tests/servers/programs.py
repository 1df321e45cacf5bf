"""Servers that a test starts, stops and freezes: programs of this machine, in a folder and at a port of their own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

# Neither PostgreSQL nor PgBouncer runs as root.
USER: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def program(name: str) -> str:
    """Where a program is; skip without it, or fail where everything has to run."""
    places = [*glob(f"/usr/lib/postgresql/*/bin/{name}"), f"/usr/sbin/{name}"]
    found = shutil.which(name) or next((place for place in sorted(places, reverse=True) if Path(place).exists()), None)
    if found:
        return found
    elif os.environ.get("REQUIRE_EVERYTHING"):
        pytest.fail(f"{name} is missing")
    else:
        pytest.skip(f"{name} is missing: apt-get install postgresql pgbouncer nginx redis-server")


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder that belongs to whom the servers run as."""
    with TemporaryDirectory(prefix="perennial-") as folder:
        if USER:
            shutil.chown(folder, USER["user"], USER["group"])
        yield Path(folder)


class Program:
    """A program that listens at a port."""

    def __init__(self, command: list[str], port: int, folder: Path) -> None:
        self.port = port
        self._command, self._folder = command, folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(self._command, cwd=self._folder, stdout=output, stderr=output, **USER)
        deadline = time.monotonic() + 30
        while not self.is_up():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "output").read_text())
            time.sleep(0.05)

    def stop(self, how: int) -> None:
        """Send it this signal, and wait for its end."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None

    def is_up(self) -> bool:
        """Whether somebody listens at its port."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
