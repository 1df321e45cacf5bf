"""`docs/make-it-yours.md`, done on a copy as it stands: each file written, each command run, in that order."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forks.copies import ENVIRONMENT, WITH_FORKS, Copy

pytestmark = [
    *WITH_FORKS,
    pytest.mark.needs("app/admin"),
    pytest.mark.needs("app/admin/connect_routes.py"),
]
GUIDE = "docs/make-it-yours.md"
SECTION = re.compile(r"^## (\d+\. .+)\n((?:(?!^## ).*\n)*)", re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)(?: (\S.*))?\n((?:.*\n)*?)^```$", re.MULTILINE)
# What tools leave, and what a site keeps: nobody edits it.
NOT_EDITED = re.compile(r"^(?:instance|\.git|\.[a-z]+_cache)/|__pycache__|\.pyc$|^results\.xml$")


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    copy = Copy.make(tmp_path / "fork")
    subprocess.run(["git", "init", "--quiet"], cwd=copy.root, check=True)
    return copy


def test_the_guide_makes_a_product_of_ones_own(copy: Copy) -> None:
    counted = {}
    for title, text in SECTION.findall((copy.root / GUIDE).read_text()):
        before = edited(copy)
        do(copy, text)
        touched = {name for name, content in edited(copy).items() if before.get(name) != content}
        if told := re.search(r"Touches (\d+) files?", text):
            counted[title] = (int(told[1]), len(touched), sorted(touched))

    assert {title: told for title, (told, touched, names) in counted.items() if told != touched} == {}, counted
    assert len(counted) >= 8
    assert copy.run("ruff", "check", "--no-cache", "app", "tests").stdout == "All checks passed!\n"


def edited(copy: Copy) -> dict[str, bytes]:
    return {name: content for name, content in copy.files().items() if not NOT_EDITED.search(name)}


def make_it_ours(copy: Copy) -> None:
    """Take the whole way of the copy's own guide, but for its tests."""
    for _, text in SECTION.findall((copy.root / GUIDE).read_text()):
        do(copy, re.sub(r"^(?:pytest|make test) .*\n", "", text, flags=re.MULTILINE))


def do(copy: Copy, section: str) -> None:
    """Write its files, run its commands, and take the steps of the other guide that it names."""
    for language, remark, text in BLOCK.findall(section):
        if title := re.fullmatch(r'title="(.+)"', remark):
            file = copy.root / title[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        elif language == "sh" and remark != "not-run":
            for step in named_steps(copy, section):
                copy.follow(step)
            run(copy, text)


def named_steps(copy: Copy, section: str) -> Iterator[str]:
    parts = copy.steps()
    return (parts[name] for name in re.findall(r"\*([^*]+)\*", " ".join(section.split())) if name in parts)


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
