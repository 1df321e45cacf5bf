"""What a later version brings a fork: `make upstream TO=v1.1.0`, before `git merge`.

A fork has a name of its own and has taken parts out, both by programs. So the version is written anew as it would be in
the fork, `WITHOUT="Connect + German"`, and so is the one that the fork was made from: between these two, git sees what
changed, and asks about nothing that the programs did. They are the branches `upstream-before` and `upstream-after`.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.rename import Names, RenameRefused, rename

ROOT = Path(__file__).resolve().parents[1]
GUIDE = "docs/removing.md"
BEFORE, AFTER = "upstream-before", "upstream-after"
# The files that every fork edits; a change upstream in one of them is read line by line.
EDITED = (
    "app/catalog.py", "app/dashboard/", "static/css/tokens.css", "static/logo.svg", "templates/dashboard/",
    "templates/legal/", "templates/mail/", "templates/pricing/", "tests/dashboard/", "README.md", ".env.example",
)  # fmt: skip
MIGRATIONS = "migrations/versions/"


class NoSuchVersion(Exception):
    """Git knows nothing by this name, or the version has no such part; the message says which."""


@dataclass(frozen=True)
class Upstream:
    """What changed upstream since the fork was made, or last merged."""

    conflicting: list[str]
    edited: list[str]
    migrations: list[str]
    others: list[str]


def steps(guide: str) -> dict[str, str]:
    """The commands of `docs/removing.md`, given as text, by the part that they take out."""
    return dict(re.findall(r"^## (.+)\n(?:(?!^## ).*\n)*?```sh\n((?:.*\n)*?)```", guide, re.MULTILINE))


def prepare(root: Path, version: str, without: Sequence[str] = ()) -> None:
    """Write both branches anew; the fork's own files and branches stay as they are."""
    if version.startswith("-"):
        raise NoSuchVersion(f"{version} is no version.")
    base = _git(root, "merge-base", "HEAD", f"{version}^{{commit}}").strip()
    tip = _git(root, "rev-parse", "--verify", f"{version}^{{commit}}").strip()
    names = Names.now(root)
    with tempfile.TemporaryDirectory() as folder:
        _git(root, "worktree", "add", "--quiet", "--detach", folder, base)
        try:
            _check_parts(root, tip, without)
            before = _as_in_the_fork(Path(folder), base, [base], names, without)
            _git(Path(folder), "checkout", "--quiet", "--force", "--detach", tip)
            after = _as_in_the_fork(Path(folder), version, [before, tip], names, without)
        finally:
            _git(root, "worktree", "remove", "--force", folder)
    _git(root, "branch", "--force", BEFORE, before)
    _git(root, "branch", "--force", AFTER, after)


def compare(root: Path) -> Upstream:
    """Sort what changed between the two branches; `conflicting` are those that the fork has changed as well."""
    theirs = _changed(root, BEFORE, AFTER)
    ours = set(_changed(root, BEFORE, "HEAD"))
    return Upstream(
        conflicting=[name for name in theirs if name in ours],
        edited=[name for name in theirs if name not in ours and name.startswith(EDITED)],
        migrations=[name for name in theirs if name.startswith(MIGRATIONS)],
        others=[name for name in theirs if name not in ours and not name.startswith((*EDITED, MIGRATIONS))],
    )


def _check_parts(root: Path, tip: str, without: Sequence[str]) -> None:
    known = steps(_git(root, "show", f"{tip}:{GUIDE}")) if without else {}
    if unknown := [part for part in without if part not in known]:
        raise NoSuchVersion(f"{GUIDE} has no step {', '.join(unknown)}; it has {', '.join(known)}.")


def _as_in_the_fork(folder: Path, called: str, parents: list[str], names: Names, without: Sequence[str]) -> str:
    """Take parts out of what is checked out, rename it, and answer the commit of that."""
    known = steps((folder / GUIDE).read_text()) if without else {}
    for part in without:
        subprocess.run(["sh", "-uc", known.get(part, "")], cwd=folder, check=True)
    rename(folder, names)
    _git(folder, "add", "--all")
    tree = _git(folder, "write-tree").strip()
    said = f"{called}, called {names.name}" + "".join(f", without {part}" for part in without)
    return _git(folder, "commit-tree", tree, *(f"-p{parent}" for parent in parents), "-m", said).strip()


def _changed(root: Path, before: str, after: str) -> list[str]:
    names = _git(root, "diff", "--name-only", "-z", f"{before}..{after}").split("\0")
    return sorted(name for name in names if name)


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    if done.returncode != 0:
        raise NoSuchVersion(done.stderr.strip() or f"git {arguments[0]} found nothing in common.")
    return done.stdout


def main() -> None:
    """Tell what the version named would bring."""
    if len(sys.argv) != 2:
        sys.exit("Name the version: make upstream TO=v1.1.0")
    try:
        prepare(ROOT, sys.argv[1], [part.strip() for part in os.environ.get("WITHOUT", "").split("+") if part.strip()])
    except (NoSuchVersion, RenameRefused) as error:
        sys.exit(str(error))
    found = compare(ROOT)
    _tell("You changed these too: git may ask", found.conflicting)
    _tell("Forks often change these; you have not", found.edited)
    _tell("New migrations: flask db heads, then docs/upgrading.md", found.migrations)
    print(f"\n{len(found.others)} other files, which forks seldom touch.")
    print(f"\nNow: git merge -s ours {BEFORE}, then git merge {AFTER}")


def _tell(title: str, names: list[str]) -> None:
    print(f"\n{title}:" if names else f"\n{title}: none.")
    for name in names:
        print(f"  {name}")


if __name__ == "__main__":
    main()
