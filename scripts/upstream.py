"""What a later version brings a fork: `make upstream TO=v1.1.0`, before `git merge`.

Sorts the files that changed between what the fork was made from and that version by how likely the fork changed them.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The files that every fork edits; a change upstream in one of them is read line by line.
EDITED = (
    "app/catalog.py", "app/dashboard/", "static/css/tokens.css", "static/logo.svg", "templates/dashboard/",
    "templates/legal/", "templates/mail/", "templates/pricing/", "tests/dashboard/", "README.md", ".env.example",
)  # fmt: skip
MIGRATIONS = "migrations/versions/"


class NoSuchVersion(Exception):
    """Git knows nothing by this name, or it has nothing in common with this repository."""


@dataclass(frozen=True)
class Upstream:
    """What changed upstream since the fork was made, or last merged."""

    conflicting: list[str]
    edited: list[str]
    migrations: list[str]
    others: list[str]


def compare(root: Path, version: str) -> Upstream:
    """Sort what changed upstream; `conflicting` are those that the fork has changed as well."""
    if version.startswith("-"):
        raise NoSuchVersion(f"{version} is no version.")
    base = _git(root, "merge-base", "HEAD", f"{version}^{{commit}}").strip()
    theirs = _changed(root, base, version)
    ours = set(_changed(root, base, "HEAD"))
    return Upstream(
        conflicting=[name for name in theirs if name in ours],
        edited=[name for name in theirs if name not in ours and name.startswith(EDITED)],
        migrations=[name for name in theirs if name.startswith(MIGRATIONS)],
        others=[name for name in theirs if name not in ours and not name.startswith((*EDITED, MIGRATIONS))],
    )


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
        found = compare(ROOT, sys.argv[1])
    except NoSuchVersion as error:
        sys.exit(str(error))
    _tell("You changed these too: git may ask", found.conflicting)
    _tell("Forks often change these; you have not", found.edited)
    _tell("New migrations: flask db heads, then docs/upgrading.md", found.migrations)
    print(f"\n{len(found.others)} other files, which forks seldom touch.")


def _tell(title: str, names: list[str]) -> None:
    print(f"\n{title}:" if names else f"\n{title}: none.")
    for name in names:
        print(f"  {name}")


if __name__ == "__main__":
    main()
