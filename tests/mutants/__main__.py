"""Say how many of mutmut's small faults the tests notice, module by module, and show those that nobody accepted.

Ends with 1 when there is such a fault, or when a module notices less than nine of ten that count.
"""

import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

ACCEPTED = Path(__file__).with_name("accepted.toml")
LEAST_PERCENT = 90
NOTICED, UNNOTICED = ("killed", "timeout", "caught by type check"), ("survived", "no tests", "suspicious")


@dataclass(frozen=True)
class Fault:
    """One small change of the code, under mutmut's name for it."""

    name: str
    status: str

    @property
    def function(self) -> str:
        """Where it is: `app.config.rules.problems_with`."""
        return self.name.rpartition("__mutmut_")[0].replace(".x_", ".").replace(".xǁ", ".").replace("ǁ", ".")

    @property
    def module(self) -> str:
        return self.name.rpartition(".")[0]

    def change(self) -> str:
        """The lines that it takes out and puts in."""
        lines = _mutmut("show", self.name).splitlines()
        return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def main() -> int:
    faults = _faults()
    accepted = tomllib.loads(ACCEPTED.read_text())["accepted"]
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    shown = []
    for fault in faults:
        kind = "noticed" if fault.status in NOTICED else "accepted"
        if fault.status in UNNOTICED and not _is_accepted(fault, change := fault.change(), accepted):
            kind = "unnoticed"
            shown.append(f"{fault.name} ({fault.status})\n{change}\n")
        counts[fault.module][kind] += 1
    print("\n".join(shown))
    return 1 if _report(counts) or shown else 0


def _report(counts: dict[str, Counter[str]]) -> bool:
    """Print a line for each module; whether one of them notices too little."""
    is_low = False
    for module, count in sorted(counts.items()):
        percent = 100 * count["noticed"] / ((count["noticed"] + count["unnoticed"]) or 1)
        is_low = is_low or percent < LEAST_PERCENT
        print(
            f"{module:45} {percent:4.0f} %  noticed {count['noticed']},"
            f" not noticed {count['unnoticed']}, accepted {count['accepted']}"
        )
    return is_low


def _faults() -> list[Fault]:
    """What was run; a fault that was not chosen this time has no result and counts for nothing."""
    pairs = [line.strip().rpartition(": ") for line in _mutmut("results", "--all", "true").splitlines() if ": " in line]
    return [Fault(name, status) for name, _, status in pairs if status in NOTICED + UNNOTICED]


def _is_accepted(fault: Fault, change: str, accepted: list[dict[str, str]]) -> bool:
    return any(fnmatchcase(fault.function, one["where"]) and one.get("change", "") in change for one in accepted)


def _mutmut(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments], check=True, capture_output=True, text=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
