"""Versions: what the two files that name one say, and `make release`."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app.config.settings import ROOT

NEWEST = re.compile(r"^## (\d+\.\d+\.\d+), (.+)$", re.MULTILINE)


def test_the_newest_version_of_the_changelog_is_the_packages() -> None:
    newest = NEWEST.search((ROOT / "CHANGELOG.md").read_text())

    assert newest is not None
    assert newest[1] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy2(ROOT / name, tmp_path / name)
    run(tmp_path, "git", "init", "--quiet")
    run(tmp_path, "git", "config", "user.email", "you@example.com")
    run(tmp_path, "git", "config", "user.name", "You")
    return tmp_path


def run(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def release(folder: Path, changelog: str, *, commit: bool = True) -> "subprocess.CompletedProcess[str]":
    (folder / "CHANGELOG.md").write_text(changelog)
    if commit:
        run(folder, "git", "add", "--all")
        run(folder, "git", "commit", "--quiet", "-m", "Name a version")
    return run(folder, "make", f"PYTHON={sys.executable}", "release")


def version_of(folder: Path) -> str:
    return str(tomllib.loads((folder / "pyproject.toml").read_text())["project"]["version"])


def test_release_tags_what_both_files_name(repository: Path) -> None:
    version = version_of(repository)

    done = release(repository, f"# Changes\n\n## {version}, 2027-02-01\n")

    assert done.returncode == 0, done.stderr
    assert run(repository, "git", "tag").stdout == f"v{version}\n"
    assert f"git push origin v{version}" in done.stdout


@pytest.mark.parametrize("heading", ["## {}, not released yet", "## 0.0.9, 2027-02-01", ""])
def test_release_refuses_a_version_without_its_day(repository: Path, heading: str) -> None:
    done = release(repository, heading.format(version_of(repository)))

    assert done.returncode != 0
    assert "CHANGELOG.md has no line" in done.stderr
    assert run(repository, "git", "tag").stdout == ""


def test_release_refuses_what_is_not_committed(repository: Path) -> None:
    done = release(repository, f"## {version_of(repository)}, 2027-02-01", commit=False)

    assert done.returncode != 0
    assert "Commit first" in done.stderr
