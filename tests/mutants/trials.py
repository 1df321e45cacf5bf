"""A plugin for pytest: put faults into a running application, one after the other, and see whether a test notices.

All tests are collected once. A process forked from there holds the application, changes the code of the live
functions, runs the tests that reach the fault until one fails, and changes the code back. One that hangs is killed, and
another goes on. A fault that no running application would show, because it counts when a file is imported, gets a
pytest of its own.
"""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from tests.mutants.faults import Fault, module_of

# A test that takes so long hangs; a fault is given up when its tests have run for so long without a failure.
TEST_SECONDS, FAULT_SECONDS = 90, 180


@dataclass(frozen=True)
class Trial:
    """A fault, with the tests that reach it, those first that are likeliest to notice."""

    fault: Fault
    tests: tuple[str, ...]
    at_import: bool


class Trials:
    """Runs in place of the tests. `say` gets each trial's outcome: the test that noticed, "" for none, or "timeout"."""

    def __init__(self, trials: list[Trial], say: Callable[[Trial, str], None]) -> None:
        self._trials, self._say = trials, say

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        # What only some requests need is imported by the first of them.
        for module in {module_of(trial.fault.path) for trial in self._trials}:
            import_module(module)
        functions = _live_functions()
        waiting = [trial for trial in self._trials if not trial.at_import]
        while waiting:
            waiting = waiting[self._try_warm(waiting, items, functions) :]
        for trial in self._trials:
            if trial.at_import:
                self._say(trial, noticed_when_imported(trial))
        return True

    def _try_warm(self, waiting: list[Trial], items: dict[str, pytest.Item], functions: "Functions") -> int:
        """Try them in one process, as far as it goes; how many."""
        ours, theirs = multiprocessing.Pipe()
        child = os.fork()
        if child == 0:
            try:
                _be_alone()
                _Worker(items, functions, theirs).try_all(waiting)
            finally:
                os._exit(0)
        theirs.close()
        done = 0
        try:
            while done < len(waiting):
                if not ours.poll(TEST_SECONDS):
                    self._say(waiting[done], "timeout")
                    return done + 1
                answer = ours.recv()
                if answer is not None:
                    self._say(waiting[done], answer)
                    done += 1
        except EOFError:
            # It ended by itself, for something was left broken; what breaks it at once is noticed.
            if done == 0:
                self._say(waiting[0], "(end of the process)")
                done = 1
        finally:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return done


Functions = dict[tuple[str, str], list[FunctionType]]


class _Worker:
    """The process that holds the application."""

    def __init__(self, items: dict[str, pytest.Item], functions: Functions, parent: Connection) -> None:
        self._items, self._functions, self._parent = items, functions, parent
        self._order = list(items.values())
        self._failed = self._is_doubtful = False
        self._order[0].config.pluginmanager.register(self)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._failed = self._failed or report.failed
        self._is_doubtful = self._is_doubtful or (report.failed and report.when != "call")

    def try_all(self, trials: list[Trial]) -> None:
        for number, trial in enumerate(trials):
            with self._in_place(trial.fault):
                noticed = self._first_failure(trial)
            if noticed and self._is_doubtful and not self._passes(noticed):
                # A fixture failed, and does so without the fault: something is broken that outlasts what broke it. For
                # the first one here, that was the fault itself.
                if number == 0:
                    self._parent.send(noticed)
                return
            self._parent.send(noticed)

    def _first_failure(self, trial: Trial) -> str:
        end = time.monotonic() + FAULT_SECONDS
        for test in trial.tests:
            self._parent.send(None)
            if not self._passes(test):
                return test
            if time.monotonic() > end:
                break
        return ""

    def _passes(self, test: str) -> bool:
        item = self._items[test]
        item.session._setupstate.teardown_exact(item)
        place = self._order.index(item)
        self._failed = self._is_doubtful = False
        item.ihook.pytest_runtest_protocol(item=item, nextitem=self._order[place - 1])
        return not self._failed

    @contextmanager
    def _in_place(self, fault: Fault) -> Iterator[None]:
        before: list[tuple[FunctionType, CodeType]] = []
        codes = list(_codes(compile(fault.source, str(Path(fault.path).resolve()), "exec")))
        names = Counter(code.co_qualname for code in codes)
        for code in codes:
            is_sure = names[code.co_qualname] == 1 and "<lambda>" not in code.co_qualname
            for function in self._functions.get((code.co_filename, code.co_qualname), []) if is_sure else []:
                if function.__code__.co_freevars == code.co_freevars:
                    before.append((function, function.__code__))
                    function.__code__ = code
        yield
        for function, code in before:
            function.__code__ = code


def noticed_when_imported(trial: Trial) -> str:
    """Try a fault in a process that imports the file with it; the answer is as `Trials` gives it."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(trial.fault.source)
        file.flush()
        options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "tests.mutants.importing"]
        command = [sys.executable, "-m", "pytest", *options, *trial.tests]
        module = module_of(trial.fault.path)
        environment = {**os.environ, "FAULTY_MODULE": module, "FAULTY_SOURCE": file.name}
        try:
            ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=FAULT_SECONDS)
        except subprocess.TimeoutExpired:
            return "timeout"
    lines = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return (lines or ["(start)"])[0] if ended.returncode else ""


def _be_alone() -> None:
    """Be a group of processes of our own, which can be ended as one, and say nothing."""
    os.setsid()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)


def _live_functions() -> Functions:
    found: Functions = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType):
            found.setdefault((one.__code__.co_filename, one.__code__.co_qualname), []).append(one)
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)
