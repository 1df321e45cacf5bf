"""The table that a run prints: what was measured, what it was compared with, and what PERFORMANCE asks for."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One figure of the product beside its baseline's, and the ratio that counts."""

    path: str
    product: str
    baseline: str
    ratio: float | None = None
    must: float | None = None
    aim: float | None = None
    less_is_better: bool = False

    @property
    def verdict(self) -> str:
        """Whether the goals are reached."""
        if self.ratio is None or self.must is None:
            return ""
        elif self._reaches(self.aim):
            return "aim"
        else:
            return "must" if self._reaches(self.must) else "MISSED"

    def _reaches(self, goal: float | None) -> bool:
        if goal is None or self.ratio is None:
            return False
        return self.ratio <= goal if self.less_is_better else self.ratio >= goal


HEADINGS = ("path", "product", "baseline", "ratio", "must", "aim", "reached")
WIDTHS = (48, 10, 26, 6, 7, 7, 7)


def print_machine() -> None:
    """Say where this runs: the figures mean nothing elsewhere, the ratios nearly everywhere."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}, load average {load}\n")
    _print_row(HEADINGS)


def print_line(line: Line) -> None:
    """Print one line as soon as it is known."""
    sign = "<= " if line.less_is_better else ""
    goals = [f"{sign}{goal:g}" if goal is not None else "" for goal in (line.must, line.aim)]
    ratio = f"{line.ratio:.2f}" if line.ratio is not None else ""
    _print_row((line.path, line.product, line.baseline, ratio, *goals, line.verdict))


def _print_row(cells: tuple[str, ...]) -> None:
    print("  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip(), flush=True)
