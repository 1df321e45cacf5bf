"""`docs/upgrading.md`, done by a fork of the first version that has a name, plans, a model and data of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.config.settings import ROOT
from tests.forks.copies import ENVIRONMENT, WITH_FORKS, Copy
from tests.forks.test_make_it_yours import make_it_ours

pytestmark = WITH_FORKS
PAGE = ROOT / "docs/upgrading.md"
EMAIL = "alice@example.com"
SOME_TESTS = "tests/beds tests/catalog tests/test_migrations.py tests/test_architecture.py tests/mail/test_templates.py"
ALL_TESTS = "--ignore=tests/browser --ignore=tests/billing/lives --ignore=tests/test_docs.py"


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def first_version() -> str:
    """The commit of the first version: its tag, or where its number was written down."""
    if git(ROOT, "rev-parse", "--is-shallow-repository") == "true":
        if os.environ.get("REQUIRE_EVERYTHING"):
            pytest.fail("the history is needed whole: git fetch --unshallow")
        pytest.skip("the history is not here: git fetch --unshallow")
    tagged = git(ROOT, "tag", "--list", "v1.0.0")
    written = git(ROOT, "log", "--reverse", "--format=%H", '-Sversion = "1.0.0"', "--", "pyproject.toml").split()
    return tagged or written[0]


@pytest.fixture
def fork(tmp_path: Path, first_version: str) -> Copy:
    """A fork of the first version that followed that version's guide, with somebody in its database."""
    git(tmp_path, "clone", "--quiet", "--no-checkout", str(ROOT), "fork")
    fork = Copy(tmp_path / "fork")
    git(fork.root, "config", "user.name", "You")
    git(fork.root, "config", "user.email", "you@example.com")
    git(fork.root, "checkout", "--quiet", "-B", "ours", first_version)
    make_it_ours(fork)
    commit(fork, "Make it ours")
    in_the_site(
        fork,
        f"db.session.add(User(email='{EMAIL}', password_hash='')); db.session.flush(); "
        "db.session.add(Bed(user_id=db.session.scalar(db.select(User.id)), name='Roses')); db.session.commit()",
    )
    return fork


def commit(fork: Copy, message: str) -> None:
    git(fork.root, "add", "--all")
    git(fork.root, "commit", "--quiet", "--message", message)


def in_the_site(fork: Copy, statement: str) -> str:
    """What this prints when the fork's site runs it."""
    models = "from app import create_app; from app.models import *; from app.beds.models import Bed"
    begin = (
        f"{models}; from app.database import db; from app.auth.models import User; create_app().app_context().push()"
    )
    done = fork.run(sys.executable, "-c", f"{begin}; {statement}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def commands() -> list[str]:
    """The commands of the page that this test answers for, one by one."""
    blocks = re.findall(r"<!-- run by test_a_fork_of.* -->\n```sh\n((?:.*\n)*?)```", PAGE.read_text())
    return [line for block in blocks for line in block.splitlines()]


def test_a_fork_of_the_first_version_takes_todays_with_its_data(fork: Copy) -> None:
    today = git(fork.root, "rev-parse", "origin/HEAD")
    # The first version's own `make upstream` only told what changed: CHANGELOG.md says to take these two first.
    git(fork.root, "checkout", "--quiet", today, "--", "scripts/upstream.py", "scripts/rename.py")
    commit(fork, "Take the newer scripts")
    git(fork.root, "remote", "rename", "origin", "upstream")

    for line in commands():
        line = line.replace("v1.1.0", today).replace("make ", f"make -o {ENVIRONMENT}/.installed VENV={ENVIRONMENT} ")
        done = fork.run("sh", "-euc", line)
        assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    commit(fork, "Join the migrations")

    assert git(fork.root, "merge-base", "HEAD", today) == today
    assert fork.run("flask", "db", "check").returncode == 0
    assert in_the_site(
        fork, "print(db.session.scalar(db.select(User)).email, db.session.scalar(db.select(Bed)).name)"
    ) == (f"{EMAIL} Roses\n")
    assert 'app_name: str = "Sprout"' in (fork.root / "app/config/settings.py").read_text()
    assert not (fork.root / "app/admin/connect_routes.py").exists()
    assert fork.run("ruff", "check", "--no-cache", "app", "tests").stdout == "All checks passed!\n"
    fork.make_test(ALL_TESTS if os.environ["FORKS"] == "all" else SOME_TESTS)
