"""`docs/make-it-yours.md`, done on a copy as it stands: each file written, each command run, in that order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.config.settings import ROOT
from tests.forks.copies import ENVIRONMENT, Copy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.environ.get("FORKS") != "all", reason="takes minutes: set FORKS=all"),
    pytest.mark.needs("app/admin"),
]
GUIDE = ROOT / "docs/make-it-yours.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S.*))?\n((?:.*\n)*?)^```$", re.MULTILINE)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    copy = Copy.make(tmp_path / "fork")
    subprocess.run(["git", "init", "--quiet"], cwd=copy.root, check=True)
    return copy


def test_the_guide_makes_a_product_of_ones_own(copy: Copy) -> None:
    commands = 0
    for language, remark, text in BLOCK.findall(GUIDE.read_text()):
        if title := re.fullmatch(r'title="(.+)"', remark):
            file = copy.root / title[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        elif language == "sh" and remark != "not-run":
            run(copy, text)
            commands += 1

    assert commands > 5
    assert copy.run("ruff", "check", "--no-cache", "app", "tests").stdout == "All checks passed!\n"
    copy.make_test("tests/test_pages.py tests/webhook")


def run(copy: Copy, commands: str) -> None:
    """As somebody types them; `make` uses this environment instead of making one."""
    shortened = commands.replace("make ", f"make -o {ENVIRONMENT}/.installed VENV={ENVIRONMENT} ")
    before = copy.files()
    done = copy.run("sh", "-euc", shortened)
    assert done.returncode == 0, f"{commands}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    for line in commands.splitlines():
        if line.startswith("perl"):
            changed = line.split()[-1]
            assert copy.files()[changed] != before[changed], line
    sys.stdout.write(done.stdout)
