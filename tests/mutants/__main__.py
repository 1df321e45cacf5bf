"""Say how many of mutmut's small faults the tests notice, module by module, and show those that nobody accepted.

Ends with 1 when there is such a fault, or when a module notices less than nine of ten that count.
"""

import argparse
import itertools
import math
import random
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.mutants.faults import Fault, faults_of, module_of
from tests.mutants.reach import IMPORT, KEPT, SESSION, lines_reached
from tests.mutants.trials import Trial, Trials

ACCEPTED = Path(__file__).with_name("accepted.toml")
LEAST_PERCENT = 90
# Everything that decides about money and access. What is slow and notices little that the rest does not is left out of
# the tests: browsers, random lives, other processes, forks.
MODULES = ("app.billing.*", "app.auth.*", "app.config.*", "app.access")
TESTS = (
    "tests/account", "tests/admin", "tests/auth", "tests/billing", "tests/commands", "tests/config", "tests/dashboard",
    "tests/figures", "tests/journeys", "tests/mail", "tests/pricing", "tests/webhook", "tests/test_jobs.py",
    "tests/test_security.py", "--ignore=tests/billing/lives",
)  # fmt: skip
# Of those that reach a fault, the nearest: what all of these miss is looked at by hand.
MOST_TESTS, MOST_TESTS_AT_IMPORT = 18, 12
QUIET = ("-q", "-n", "0", "-p", "no:cacheprovider")

Reached = dict[str, dict[int, list[str]]]


def main() -> int:
    wanted = _arguments()
    if not KEPT.exists():
        subprocess.run([sys.executable, "-m", "pytest", *QUIET, "-p", "tests.mutants.reach", *TESTS], check=True)
    reached = lines_reached()
    trials = [_trial(fault, reached) for fault in _chosen(wanted)]
    outcomes = _run([trial for trial in trials if trial.tests])
    return _report({trial.fault: outcomes.get(trial.fault, "") for trial in trials})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", default=MODULES, help="such as 'app.config.*'; all without it")
    parser.add_argument("--sample", default="100%", help="how many faults of each module, or how much of it: 10 or 2%%")
    parser.add_argument("--seed", default="1", help="which ones")
    return parser.parse_args()


def _chosen(wanted: argparse.Namespace) -> list[Fault]:
    """The faults to try: of each module an even sample, or all."""
    chosen: list[Fault] = []
    for path in sorted(one.as_posix() for one in Path("app").rglob("*.py")):
        if any(fnmatchcase(module_of(path), pattern) for pattern in wanted.modules):
            made, faults = faults_of(path, lambda numbers: _sample(numbers, wanted.sample, f"{wanted.seed} {path}"))  # noqa: B023
            print(f"{module_of(path)}: {made} faults, {len(faults)} of them tried", flush=True)
            chosen += faults
    return chosen


def _sample(numbers: list[int], wanted: str, seed: str) -> list[int]:
    """One number from each of so many equal stretches; a share is one at least."""
    share = wanted.removesuffix("%")
    size = int(wanted) if share == wanted else math.ceil(len(numbers) * float(share) / 100)
    if size >= len(numbers):
        return numbers
    chance = random.Random(seed)
    bounds = [len(numbers) * place // size for place in range(size + 1)]
    return [numbers[chance.randrange(low, high)] for low, high in itertools.pairwise(bounds)]


def _trial(fault: Fault, reached: Reached) -> Trial:
    """Which tests to run: those that reach its lines; what counts for the whole run is seen by any that are near."""
    lines = reached.get(fault.path, {})
    tests = {test for line in range(fault.line, max(fault.end, fault.line + 1)) for test in lines.get(line, [])}
    at_import = fault.is_seen_at_import or bool(tests & {IMPORT, SESSION})
    if tests <= {IMPORT, SESSION}:
        tests = {test for others in lines.values() for test in others}
    most = MOST_TESTS_AT_IMPORT if at_import else MOST_TESTS
    return Trial(fault, tuple(_likeliest(tests - {IMPORT, SESSION}, lines)[:most]), at_import)


def _likeliest(tests: set[str], of_file: dict[int, list[str]]) -> list[str]:
    """Those first that reach most of the file, the cases of one test one after the other in rounds."""
    reach = Counter(test for reaching in of_file.values() for test in reaching)
    cases: Counter[str] = Counter()
    turns = []
    for test in sorted(tests, key=lambda test: (-reach[test], test)):
        name = test.partition("[")[0]
        cases[name] += 1
        turns.append((cases[name], -reach[test], test))
    return [test for *_, test in sorted(turns)]


def _run(trials: list[Trial]) -> dict[Fault, str]:
    outcomes: dict[Fault, str] = {}

    def say(trial: Trial, noticed: str) -> None:
        outcomes[trial.fault] = noticed
        print(f"{trial.fault.name}: {noticed or 'not noticed'}", flush=True)

    if trials:
        files = sorted({test.partition("::")[0] for trial in trials for test in trial.tests})
        pytest.main([*QUIET, "-s", *files], plugins=[Trials(trials, say)])
    return outcomes


def _report(outcomes: dict[Fault, str]) -> int:
    """Show what nobody noticed or accepted, and a line for each module; 1 when there is something to do."""
    accepted = tomllib.loads(ACCEPTED.read_text())["accepted"]
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    shown = 0
    for fault, noticed in outcomes.items():
        kind = "noticed" if noticed else "accepted" if _is_accepted(fault, accepted) else "not noticed"
        counts[module_of(fault.path)][kind] += 1
        if kind == "not noticed":
            shown += 1
            print(f"\n{fault.name} ({fault.path}:{fault.line})\n{fault.change}")
    print()
    for module, count in sorted(counts.items()):
        print(f"{module:45} {_percent(count):4.0f} %  {', '.join(f'{kind} {count[kind]}' for kind in sorted(count))}")
    return 1 if shown or any(_percent(count) < LEAST_PERCENT for count in counts.values()) else 0


def _percent(count: Counter[str]) -> float:
    return 100 * count["noticed"] / ((count["noticed"] + count["not noticed"]) or 1)


def _is_accepted(fault: Fault, accepted: list[dict[str, str]]) -> bool:
    return any(fnmatchcase(fault.place, one["where"]) and one.get("change", "") in fault.change for one in accepted)


if __name__ == "__main__":
    sys.exit(main())
