"""The emulator as a process of its own, as `python -m stripe_emulator` and `stripe-emulator` run it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[1]
MODULE = (sys.executable, "-m", "stripe_emulator")
SCRIPT = (str(Path(sys.executable).with_name("stripe-emulator")),)


class EmulatorProcess:
    """A running emulator on a free port."""

    def __init__(self, db: Path, *options: str, command: tuple[str, ...] = MODULE) -> None:
        self._command = [*command, "--port", "0", "--db", str(db), *options]
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            self._command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.lines = [self.process.stdout.readline() for _ in range(3)]
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    @property
    def url(self) -> str:
        """Where it says it listens."""
        return self.lines[0].split()[2]
