"""`make upstream`: what a later version would bring, and a fork that takes it."""

import subprocess
from pathlib import Path

import pytest

from scripts.upstream import AFTER, BEFORE, NoSuchVersion, compare, prepare

CALLED = 'app_name: str = "{}"\n'
GUIDE = """# Taking parts out

## Connect

Not needed by most.

```sh
rm app/connect.py
perl -ni -e 'print unless /connect/' app/settings.py
```
"""


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    """A fork of v1 with a name, a part less and changes of its own, while upstream went on to v2."""
    write(tmp_path, {
        "app/catalog.py": "plans", "app/roles.py": "roles", "README.md": "Perennial\n", "docs/removing.md": GUIDE,
        "app/config/settings.py": CALLED.format("Perennial"), "app/connect.py": "connect",
        "app/settings.py": "one\nconnect_id\n",
    })  # fmt: skip
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "config", "user.name", "A")
    git(tmp_path, "config", "user.email", "a@example.com")
    commit(tmp_path, "v1")
    git(tmp_path, "switch", "--quiet", "--create", "upstream")
    write(tmp_path, {
        "app/catalog.py": "more plans", "app/roles.py": "better roles", "README.md": "Perennial, with news\n",
        "migrations/versions/0042_more.py": "", "app/connect.py": "connect more", "docs/new.md": "New in Perennial\n",
        "app/settings.py": "one\nconnect_id\nconnect_more\ntwo\n",
    })  # fmt: skip
    commit(tmp_path, "v2")
    git(tmp_path, "tag", "v2")
    git(tmp_path, "switch", "--quiet", "main")
    (tmp_path / "app/connect.py").unlink()
    write(tmp_path, {
        "app/catalog.py": "our plans", "app/beds.py": "beds", "README.md": "Sprout\n",
        "app/config/settings.py": CALLED.format("Sprout"), "app/settings.py": "one\n",
    })  # fmt: skip
    commit(tmp_path, "our own")
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def commit(root: Path, message: str) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


def test_what_changed_is_sorted_by_whether_the_fork_changed_it_too(fork: Path) -> None:
    prepare(fork, "v2", ["Connect"])
    found = compare(fork)

    assert found.conflicting == ["app/catalog.py"]
    assert found.edited == ["README.md"]
    assert found.migrations == ["migrations/versions/0042_more.py"]
    assert found.others == ["app/roles.py", "app/settings.py", "docs/new.md"]


def test_git_asks_only_about_what_both_changed(fork: Path) -> None:
    prepare(fork, "v2", ["Connect"])
    git(fork, "merge", "--quiet", "-s", "ours", "-m", "Begin", BEFORE)

    merged = subprocess.run(["git", "merge", AFTER], cwd=fork, capture_output=True, text=True)

    asked = git(fork, "diff", "--name-only", "--diff-filter=U").split()
    assert (merged.returncode, asked) == (1, ["app/catalog.py"])
    assert (fork / "README.md").read_text() == "Sprout, with news\n"
    assert (fork / "docs/new.md").read_text() == "New in Sprout\n"
    assert (fork / "app/settings.py").read_text() == "one\ntwo\n"
    assert not (fork / "app/connect.py").exists()


def test_the_next_version_begins_where_the_last_one_was_taken(fork: Path) -> None:
    for number in (2, 3):
        if number == 3:
            git(fork, "checkout", "--quiet", "v2")
            write(fork, {"app/roles.py": "the best roles", "README.md": "Perennial, with more news\n"})
            commit(fork, "v3")
            git(fork, "tag", "v3")
            git(fork, "switch", "--quiet", "main")
        prepare(fork, f"v{number}", ["Connect"])
        found = compare(fork)
        git(fork, "merge", "--quiet", "-s", "ours", "-m", "Begin", BEFORE)
        git(fork, "merge", "--quiet", "-X", "ours", "-m", "Take", AFTER)

    assert (found.conflicting, found.edited, found.others) == ([], ["README.md"], ["app/roles.py"])
    assert (fork / "README.md").read_text() == "Sprout, with more news\n"
    assert (fork / "app/catalog.py").read_text() == "our plans"


def test_the_fork_itself_stays_as_it_is(fork: Path) -> None:
    before = git(fork, "rev-parse", "HEAD")

    prepare(fork, "v2", ["Connect"])

    assert (git(fork, "rev-parse", "HEAD"), git(fork, "status", "--porcelain")) == (before, "")
    assert len(git(fork, "worktree", "list").splitlines()) == 1


@pytest.mark.parametrize(
    ("version", "without"), [("v9", []), ("--output=/tmp/x", []), ("", []), ("v2", ["Nothing by that name"])]
)
def test_what_does_not_exist_is_said_in_words(fork: Path, version: str, without: list[str]) -> None:
    with pytest.raises(NoSuchVersion):
        prepare(fork, version, without)
