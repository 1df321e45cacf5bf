"""`make upstream`: what a later version would bring, and a fork that takes it."""

import subprocess
from pathlib import Path

import pytest

from scripts.upstream import NoSuchVersion, compare


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    """A fork of v1 with changes of its own, while upstream went on to v2."""
    write(tmp_path, {"app/catalog.py": "plans", "app/billing/roles.py": "roles", "README.md": "Perennial"})
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, "v1")
    git(tmp_path, "switch", "--quiet", "--create", "upstream")
    write(tmp_path, {"app/catalog.py": "more plans", "app/billing/roles.py": "better roles", "README.md": "News",
                     "migrations/versions/0042_more.py": ""})  # fmt: skip
    commit(tmp_path, "v2")
    git(tmp_path, "tag", "v2")
    git(tmp_path, "switch", "--quiet", "main")
    write(tmp_path, {"app/catalog.py": "our plans", "app/beds.py": "beds"})
    commit(tmp_path, "our own")
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path, message: str) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


def test_what_changed_is_sorted_by_whether_the_fork_changed_it_too(fork: Path) -> None:
    found = compare(fork, "v2")

    assert found.conflicting == ["app/catalog.py"]
    assert found.edited == ["README.md"]
    assert found.migrations == ["migrations/versions/0042_more.py"]
    assert found.others == ["app/billing/roles.py"]


@pytest.mark.parametrize("version", ["v9", "--output=/tmp/x", ""])
def test_an_unknown_version_is_said_in_words(fork: Path, version: str) -> None:
    with pytest.raises(NoSuchVersion):
        compare(fork, version)
