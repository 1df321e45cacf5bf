"""What a fork does first, done to copies: another catalogue, and each optional part taken out by `docs/removing.md`.

`FORKS=1 make test` takes each part out and starts what is left, which `.ci/run` does too. With `FORKS=all` each copy
runs its own suite as well: that takes half an hour, and is for a night.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

from app.config.settings import ROOT
from tests.forks import eur_catalog
from tests.forks.copies import WITH_FORKS, Copy

pytestmark = WITH_FORKS
for_a_night = pytest.mark.skipif(os.environ.get("FORKS") != "all", reason="takes half an hour: set FORKS=all")
STEPS = Copy(ROOT).steps()
# These parts are data: what tests the catalogue tells whether what is left of it works.
OF_THE_CATALOGUE = {"Yearly prices", "One-time plans and Payment Links"}
WITHOUT_BROWSER = "--ignore=tests/browser"
WITHOUT_LIVES = f"{WITHOUT_BROWSER} --ignore=tests/billing/lives"
# Where a part that is gone would be missed. The whole suite runs once, with all of them gone.
NEAR = "tests/test_architecture.py tests/test_pages.py tests/catalog tests/webhook tests/commands tests/pricing"


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy.make(tmp_path / "fork")


@for_a_night
def test_a_fork_with_a_catalogue_of_its_own_passes_its_tests_and_sells_the_third_plan(copy: Copy) -> None:
    shutil.copy(eur_catalog.__file__, copy.root / "app/catalog.py")

    results = copy.make_test(WITHOUT_BROWSER)

    bought = {name for name in results if name.startswith("test_what_is_on_sale_can_be_bought_and_gives_what_it_says[")}
    assert {name.split("[")[1] for name in bought} == {"bench_month]", "bench_year]", "workshop_month]"}
    assert {results[name] for name in bought} == {"passed"}


def test_the_guide_names_every_optional_part() -> None:
    assert set(STEPS) == {
        *OF_THE_CATALOGUE,
        "The example product",
        "The API for subscribers",
        "The fast path",
        "The door of the webhook",
        "Connect",
        "Admin pages",
        "Announcements",
        "German",
        "Second factors and passkeys",
        "Seeing the site as a person does",
        "Google, GitHub and OpenID Connect",
        "Links to log in by mail",
        "The bot check",
        "Metrics",
        "Sentry",
        "The emulator",
    }


@pytest.mark.parametrize("part", STEPS)
def test_each_command_of_a_step_finds_what_it_takes_out(copy: Copy, part: str) -> None:
    for command in STEPS[part].strip().splitlines():
        before = copy.files()
        copy.follow(command)
        assert copy.files() != before, command


@pytest.mark.parametrize("part", STEPS)
def test_what_is_left_without_a_part_starts(copy: Copy, part: str) -> None:
    copy.follow(STEPS[part])

    checked = copy.run("ruff", "check", "--no-cache", "app", "tests")
    started = copy.run(sys.executable, "-c", "import app; print(app.create_app().test_client().get('/').status_code)")

    assert checked.returncode == 0, checked.stdout
    assert started.stdout.strip().endswith("200"), started.stderr


@for_a_night
@pytest.mark.parametrize("part", STEPS)
def test_what_is_left_without_a_part_passes_its_tests(copy: Copy, part: str) -> None:
    copy.follow(STEPS[part])

    checked = copy.run("ruff", "check", "--no-cache", "app", "tests")
    assert checked.returncode == 0, checked.stdout
    if part in OF_THE_CATALOGUE:
        copy.make_test("tests/catalog tests/test_pages.py tests/test_architecture.py")
    elif part == "The fast path":
        copy.make_test(f"{NEAR} tests/billing/webhooks tests/billing/lives")
    elif part in ("Metrics", "Sentry"):
        copy.make_test(
            "tests/test_architecture.py tests/test_logs.py tests/test_gunicorn.py tests/webhook/test_answers.py"
        )
    else:
        copy.make_test(NEAR)


@for_a_night
def test_what_is_left_without_any_of_them_passes_its_tests(copy: Copy) -> None:
    for step in STEPS.values():
        copy.follow(step)

    assert copy.run("ruff", "check", "--no-cache", "app", "tests").returncode == 0
    copy.make_test(WITHOUT_LIVES)
