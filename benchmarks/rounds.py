"""Rounds of two or more contestants in turn (A B A B), and the medians of what they made."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Measure = Callable[[], Mapping[str, float]]


@dataclass(frozen=True)
class Pace:
    """How long a measurement takes, and how often it is repeated."""

    seconds: float = 3.0
    rounds: int = 3
    # Shows that everything runs, and measures nothing.
    is_trial: bool = False


class Rounds:
    """What each contestant made in each round."""

    def __init__(self, pace: Pace, contestants: Mapping[str, Measure]) -> None:
        self._results: dict[str, list[Mapping[str, float]]] = {name: [] for name in contestants}
        for _ in range(pace.rounds):
            for name, measure in contestants.items():
                self._results[name].append(measure())

    def median(self, contestant: str, figure: str) -> float:
        """The middle of a contestant's figures."""
        return statistics.median(result[figure] for result in self._results[contestant])

    def ratio(self, contestant: str, other: str, figure: str) -> float:
        """The middle of the ratios of each round: the two halves of a round saw the same machine."""
        pairs = zip(self._results[contestant], self._results[other], strict=True)
        return statistics.median(mine[figure] / theirs[figure] for mine, theirs in pairs)
