"""The official Stripe CLI, where it is installed: `npm install` puts it into node_modules."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from stripe_emulator import Emulator

#: `npm install` puts it beside this distribution, or at the root of the repository that holds it.
FOLDERS = [folder / "node_modules" for folder in Path(__file__).parents[1:3]]
_TIMEOUT_SECONDS = 60


def find_cli() -> str | None:
    """Return the CLI's path: `STRIPE_CLI`, then node_modules, then the PATH."""
    # The program itself starts faster than npm's wrapper, and stops when it is told to.
    patterns = ("@stripe/cli-*/bin/stripe", ".bin/stripe")
    installed = [found for pattern in patterns for folder in FOLDERS for found in folder.glob(pattern)]
    return os.environ.get("STRIPE_CLI") or (str(installed[0]) if installed else shutil.which("stripe"))


class StripeCli:
    """Runs the CLI against an emulator, with a home of its own and a made-up key."""

    def __init__(self, binary: str, emulator: Emulator, home: Path) -> None:
        self.binary = binary
        self.api_base = ["--api-base", emulator.url]
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "STRIPE_API_KEY": emulator.secret_key,
            "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [self.binary, *arguments, *self.api_base],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """Run one command and return the JSON it prints."""
        finished = self.run(*arguments)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return json.loads(finished.stdout[finished.stdout.index("{") :])

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that goes on."""
        return subprocess.Popen(
            [self.binary, *arguments, *self.api_base],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
