"""`make rename`: one command gives a fork its name, everywhere and only there."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.rename import KEPT, Names, RenameRefused, rename
from tests.forks.copies import Copy

pytestmark = pytest.mark.slow

CALLED = Names.now(Path(__file__).resolve().parents[1])


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = Copy.make(tmp_path_factory.mktemp("pristine"))
    subprocess.run(["git", "init", "--quiet"], cwd=copy.root, check=True)
    return copy


@pytest.fixture
def copy(pristine: Copy, tmp_path: Path) -> Copy:
    return Copy(shutil.copytree(pristine.root, tmp_path / "copy"))


def texts(copy: Copy) -> Iterator[tuple[str, str]]:
    for name, content in copy.files().items():
        if not name.startswith(".git/") and name not in KEPT:
            yield name, content.decode("utf-8", "ignore")


def test_nothing_is_left_of_the_old_name(copy: Copy) -> None:
    rename(copy.root, Names.of("Zymurgy & Sons"))

    assert [name for name, text in texts(copy) if re.search(rf"\b{CALLED.slug}\b", text, re.IGNORECASE)] == []
    assert 'app_name: str = "Zymurgy & Sons"' in (copy.root / "app/config/settings.py").read_text()
    assert 'slug="zymurgysons"' in (copy.root / "app/catalog.py").read_text()


def test_the_application_starts_under_its_new_name(copy: Copy) -> None:
    rename(copy.root, Names.of("Zymurgy"))

    shown = copy.run(sys.executable, "-c", "import app; print(app.create_app().config['APP_NAME'])")

    assert (shown.stdout.strip(), shown.returncode) == ("Zymurgy", 0), shown.stderr


def test_what_was_made_in_development_is_kept(copy: Copy) -> None:
    (copy.root / "instance").mkdir()
    for ending in ("", "-wal"):
        (copy.root / f"instance/{CALLED.slug}.sqlite3{ending}").write_text(f"rows{ending}")

    rename(copy.root, Names.of("Zymurgy"))

    assert sorted(file.name for file in (copy.root / "instance").iterdir()) == [
        "zymurgy.sqlite3",
        "zymurgy.sqlite3-wal",
    ]
    assert (copy.root / "instance/zymurgy.sqlite3").read_text() == "rows"


def test_a_second_run_changes_nothing(copy: Copy) -> None:
    rename(copy.root, Names.of("Zymurgy"))
    renamed = copy.files()

    assert rename(copy.root, Names.of("Zymurgy")) == []
    assert copy.files() == renamed


def test_a_fork_can_change_its_mind_and_go_back(copy: Copy, pristine: Copy) -> None:
    rename(copy.root, Names.of("Zymurgy"))
    rename(copy.root, CALLED)

    assert dict(texts(copy)) == dict(texts(pristine))


@pytest.mark.parametrize("name", ["", "Z", "9Lives", 'Say "x"', "Zy\nm<urgy>", "x" * 41, "Naïve", "---", "Zymurgy\\1"])
def test_a_name_that_a_file_or_a_mail_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(RenameRefused, match="NAME: use 2 to 40 letters"):
        Names.of(name)


def test_a_name_that_the_code_uses_for_something_else_is_refused(copy: Copy) -> None:
    before = copy.files()

    with pytest.raises(RenameRefused, match="Flask stands for something else in"):
        rename(copy.root, Names.of("Flask"))

    assert copy.files() == before


def test_the_command_says_what_it_did_and_what_is_left(copy: Copy) -> None:
    installed = Path(sys.prefix) / ".installed"
    done = copy.run("make", "-s", "-o", str(installed), f"VENV={sys.prefix}", "rename", "NAME=Zymurgy")

    assert done.returncode == 0, done.stderr
    assert re.match(r"Zymurgy: \d+ files changed\.", done.stdout)
    assert "Left to you:" in done.stdout
