"""A plugin for pytest: keep which tests reach which line of the application, for `make mutants`.

What runs while modules are imported is kept under `IMPORT`, what a fixture of the whole run does under `SESSION`.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

from tests.mutants.places import functions_of, place_of

IMPORT, SESSION = "(import)", "(session)"
KEPT = Path("mutants/reach.json")

# As they are when the run begins: it takes long, and its files may be worked on meanwhile.
_functions = {path.as_posix(): functions_of(path.as_posix()) for path in Path("app").rglob("*.py")}
_running = IMPORT
_passed: set[str] = set()
_coverage = coverage.Coverage(data_file=None, config_file=False, source=["app"], context=IMPORT)
_coverage.start()


def lines_reached() -> dict[str, dict[int, list[str]]]:
    """Each file's lines as they stand now, with the tests that reach them."""
    reached: dict[str, dict[int, list[str]]] = {}
    for path, places in json.loads(KEPT.read_text()).items():
        first = {one.name: one.first for one in functions_of(path)} if Path(path).exists() else {}
        reached[path] = {
            first[name] + int(offset): tests
            for name, lines in places.items()
            if name in first
            for offset, tests in lines.items()
        }
    return reached


def _switch(context: str) -> None:
    global _running
    _running = context
    _coverage.switch_context(context)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    _switch(item.nodeid)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
    before = _running
    if fixturedef.scope == "session":
        _switch(SESSION)
    try:
        return (yield)
    finally:
        _switch(before)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        _passed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    _coverage.stop()
    data = _coverage.get_data()
    counted = {IMPORT, SESSION} | _passed
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in data.measured_files():
        path = os.path.relpath(name)
        functions, of_file = _functions[path], known.setdefault(path, {})
        for line, contexts in data.contexts_by_lineno(name).items():
            function, offset = place_of(line, functions)
            lines = of_file.setdefault(function, {})
            new = {context.partition("|")[2] or context for context in contexts} & counted
            lines[str(offset)] = sorted(new.union(lines.get(str(offset), [])))
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(known))
