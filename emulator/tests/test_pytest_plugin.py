"""The pytest plugin: an emulator for those who ask, and no cost for those who do not."""

import subprocess
import sys
import tomllib
from pathlib import Path

PLUGIN = "stripe_emulator.pytest_plugin"
USES_IT = """
import stripe_emulator as package

def test_first(stripe_emulator):
    stripe_emulator.configure(retry_schedule=[9], dunning_final_status="unpaid")
    stripe_emulator.chaos(drop=1)
    stripe_emulator.advance(days=3)
    assert isinstance(stripe_emulator, package.Emulator)

def test_second(stripe_emulator, running_stripe_emulator):
    with stripe_emulator.store.read() as tx:
        assert tx.get_setting("retry_schedule") == [0.5, 2.0]
        assert tx.get_setting("dunning_final_status") is None
    assert stripe_emulator is running_stripe_emulator
"""
USES_NOTHING = """
import sys

def test_nothing():
    loaded = {name for name in sys.modules if name.startswith("stripe_emulator")}
    assert loaded == {"stripe_emulator", "stripe_emulator.pytest_plugin"}
    assert "flask" not in sys.modules
"""


def run_pytest(folder: Path, test: str, *options: str) -> str:
    """Run a test file in a process of its own, with warnings as errors, and return what was printed."""
    (folder / "test_it.py").write_text(test)
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", PLUGIN, "-p", "no:cacheprovider", *options]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return finished.stdout + finished.stderr


def test_each_test_gets_the_emulator_as_it_was_started(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, USES_IT, "-o", "stripe_emulator_retry_schedule=0.5,2")

    assert "2 passed" in said, said


def test_run_that_never_asks_loads_no_server(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, USES_NOTHING, "-p", "no:pytest-flask", "-p", "no:playwright")

    assert "1 passed" in said, said


def test_plugin_is_found_by_its_name() -> None:
    """By the module's own: a `conftest.py` that names it as well does not load it twice."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]

    assert project["entry-points"]["pytest11"] == {PLUGIN: PLUGIN}
