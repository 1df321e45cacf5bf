"""Temporary copies of this repository, to do to them what somebody does who forks it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.config.settings import ROOT
from scripts.rename import TEMPLATE, Names
from scripts.upstream import GUIDE, steps

WITH_FORKS = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("FORKS"), reason="takes minutes: set FORKS=1"),
    pytest.mark.skipif(Names.now(ROOT) != TEMPLATE, reason=f"the guides begin with {TEMPLATE.name}; this is a fork"),
]

# The environment of this run serves the copies too, so that nothing is installed again.
ENVIRONMENT = Path(sys.prefix)
NOT_NEEDED = ("docs/screenshots/",)


@dataclass(frozen=True)
class Copy:
    """A copy of what git knows of this repository, and what is new in it."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> "Copy":
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
        for name in names:
            if (ROOT / name).is_file() and not name.startswith(NOT_NEEDED):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        return cls(root)

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the copy, with this environment's programs and the copy's own code."""
        emulator = self.root / "emulator/src"
        environment = {
            "PATH": f"{ENVIRONMENT / 'bin'}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", ""),
            "PYTHONPATH": f"{emulator if emulator.exists() else ROOT / 'emulator/src'}:{self.root}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True)

    def follow(self, step: str) -> None:
        """Run a step of the guide as it stands there."""
        done = self.run("sh", "-euc", step)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr

    def steps(self) -> dict[str, str]:
        """The commands of its `docs/removing.md` by the part that they take out."""
        return steps((self.root / GUIDE).read_text())

    def files(self) -> dict[str, bytes]:
        return {str(file.relative_to(self.root)): file.read_bytes() for file in self.root.rglob("*") if file.is_file()}

    def make_test(self, *arguments: str) -> dict[str, str]:
        """`make test`; what came of each test by its name. Fails with the run's last lines unless all passed."""
        installed = f"{ENVIRONMENT}/.installed"
        options = " ".join(["-p no:cacheprovider --junitxml=results.xml", *arguments])
        done = self.run("make", "-o", installed, f"VENV={ENVIRONMENT}", "test", f"PYTEST_ARGS={options}")
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        cases = ElementTree.parse(self.root / "results.xml").iter("testcase")
        return {case.attrib["name"]: "skipped" if case.find("skipped") is not None else "passed" for case in cases}
