"""Give a fork its own name: `make rename NAME="Sprout"`.

Changes the places that carry the product's name or slug, and moves the development database along. A second run with
the same name changes nothing. What a program cannot decide is printed at the end.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = "app/config/settings.py"
# These tell of the template itself, or of who wrote it.
KEPT = ("LICENSE", "CHANGELOG.md", "docs/upgrading.md", "scripts/rename.py", "tests/test_rename.py")
# Words in these decide what a program does. A name that they use already for something else could not be told apart.
NOT_CODE = ("docs/", "tests/", "emulator/", "README.md", "AGENTS.md")
DATABASE_FILES = ("", "-wal", "-shm", "-line")
TO_A_PERSON = """\
Left to you:
  - the logo (static/logo.svg) and the hue (static/css/tokens.css); then `make pictures` draws icons and sharing picture
  - the words of the landing page, the terms and the privacy page (templates/pricing, templates/legal)
  - what is sold (app/catalog.py); then `flask billing push`
  - LICENSE: keep its notice, and add your own line
  - `.env`, if you have one: APP_NAME, MAIL_FROM and DATABASE_URL are yours to change there"""


class RenameRefused(Exception):
    """The name cannot be used; the message says why."""


@dataclass(frozen=True)
class Names:
    """How a product is called, and the same in small letters for files, databases and packages."""

    name: str
    slug: str

    @classmethod
    def of(cls, name: str) -> "Names":
        """Raise `RenameRefused` for a name that no file, mail header or package can carry."""
        name = " ".join(name.split())
        slug = re.sub(r"[^a-z0-9]+", "", name.lower())
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9 '&.-]{1,39}", name) or not 2 <= len(slug) <= 30:
            raise RenameRefused(
                'NAME: use 2 to 40 letters, digits, spaces or \' & . -, the first a letter, as in NAME="Sprout"'
            )
        return cls(name, slug)

    @classmethod
    def now(cls, root: Path) -> "Names":
        """What the product is called today, as the settings' default says."""
        found = re.search(r'app_name: str = "([^"]+)"', (root / SETTINGS).read_text())
        if found is None:
            raise RenameRefused(f"{SETTINGS}: has no default for app_name; is this the repository's root?")
        return cls.of(found[1])


# What it is called before somebody forks it.
TEMPLATE = Names("Perennial", "perennial")


def rename(root: Path, names: Names) -> list[str]:
    """Write the name everywhere; which files changed. Nothing is written if the name is refused."""
    before = Names.now(root)
    if before == names:
        return []
    _refuse_confusion(root, before, names)
    changes = {file: text for file in _files(root) if (text := _renamed(root / file, before, names)) is not None}
    for file, text in changes.items():
        (root / file).write_text(text)
    return [*changes, *_move_database(root, before, names)]


def _files(root: Path) -> Iterator[str]:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0"):
        if name and name not in KEPT and (root / name).is_file():
            yield name


def _renamed(file: Path, before: Names, names: Names) -> str | None:
    """The file's text with the new name, or None where nothing changes."""
    text = _text(file)
    if text is None:
        return None
    renamed = text
    for old, new in ((before.name, names.name), (before.slug, names.slug)):
        if old in renamed:
            renamed = _whole(old).sub(partial(_as_it_is, new), renamed)
    return renamed if renamed != text else None


def _refuse_confusion(root: Path, before: Names, names: Names) -> None:
    """A name that the code uses for something else would be lost in it, and no later rename could find it again."""
    words = {names.name, names.slug} - {before.name, before.slug}
    taken = [
        file
        for file in _files(root)
        if not file.startswith(NOT_CODE) and any(_stands_in(root / file, word) for word in words)
    ]
    if taken:
        raise RenameRefused(f"NAME: {names.name} stands for something else in {', '.join(taken[:3])}; choose another")


def _move_database(root: Path, before: Names, names: Names) -> list[str]:
    """Keep what was made in development: the file is called after the product."""
    moved = []
    for ending in DATABASE_FILES:
        old, new = (root / "instance" / f"{slug}.sqlite3{ending}" for slug in (before.slug, names.slug))
        if old.exists() and not new.exists():
            old.rename(new)
            moved.append(str(new.relative_to(root)))
    return moved


def _stands_in(file: Path, word: str) -> bool:
    text = _text(file) or ""
    return word in text and _whole(word).search(text) is not None


def _as_it_is(text: str, _: re.Match[str]) -> str:
    """What stands in for a match, where a template would read a backslash or a group in it."""
    return text


def _whole(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])")


def _text(file: Path) -> str | None:
    try:
        return file.read_text()
    except UnicodeDecodeError:
        return None


def main() -> None:
    """Rename this clone."""
    try:
        names = Names.of(" ".join(sys.argv[1:]))
        changed = rename(ROOT, names)
    except RenameRefused as refused:
        sys.exit(str(refused))
    print(f"{names.name}: {len(changed)} files changed." if changed else f"It is called {names.name} already.")
    print(TO_A_PERSON)


if __name__ == "__main__":
    main()
