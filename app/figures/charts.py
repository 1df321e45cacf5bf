"""Charts as print: bars, a line, a sparkline. Places across are in percent, so that text keeps its size."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from app.templating import money

# A label, the value in minor units, and the value in words.
Point = tuple[str, int, str]

HEIGHT = 176
TOP, BASE = 24, 150
STEPS = (1, 2, 2.5, 5, 10)
GRID_LINES = 3


@dataclass(frozen=True)
class Bar:
    """One bar or point; `value` stands above it at all times where `is_labelled`, else on hover and focus."""

    x: float
    y: float
    width: float
    height: float
    label: str
    words: str
    is_labelled: bool
    is_running: bool
    shows_label: bool

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True)
class Chart:
    """What a chart is drawn of: gridlines with their values, the bars, and the line through their tops."""

    bars: tuple[Bar, ...]
    grid: tuple[tuple[float, str], ...]
    base: float
    path: str = ""
    area: str = ""
    height: int = HEIGHT


def bar_chart(points: Sequence[Point], currency: str = "", is_running: bool = True) -> Chart:
    """Bars over a grid; with `is_running` the last stands for a time that is not over, and is outlined."""
    low, high, grid = _scale([value for _, value, _ in points], currency)
    return Chart(_bars(points, low, high, is_running), grid, _height_of(0, low, high))


def line_chart(points: Sequence[Point], currency: str = "") -> Chart:
    """A line over a grid, with the area under it."""
    low, high, grid = _scale([value for _, value, _ in points], currency)
    bars, base = _bars(points, low, high, False), _height_of(0, low, high)
    corners = [f"{bar.middle} {_height_of(value, low, high)}" for bar, (_, value, _) in zip(bars, points, strict=True)]
    path = f"M{' L'.join(corners)}" if corners else ""
    area = f"{path} L{bars[-1].middle} {base} L{bars[0].middle} {base}Z" if bars else ""
    return Chart(bars, grid, base, path, area)


def sparkline(values: Sequence[float]) -> str:
    """The path of a line without axes, in a box of 100 by 24; empty for less than two values."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1
    places = [
        f"{round(100 * index / (len(values) - 1), 1)} {round(22 - 20 * (value - low) / span, 1)}"
        for index, value in enumerate(values)
    ]
    return f"M{' L'.join(places)}"


def _bars(points: Sequence[Point], low: float, high: float, is_running: bool) -> tuple[Bar, ...]:
    step = 100 / max(len(points), 1)
    width = min(step * 0.62, 9.0)
    complete = points[:-1] if is_running else points
    best = max(range(len(complete)), key=lambda index: complete[index][1], default=-1)
    # Beside each other their values would run into one another.
    labelled = {len(points) - 1} | ({best} if best < len(points) - 2 else set())
    every = ceil(len(points) / 6)
    return tuple(
        _bar(
            point,
            (round(step * index + (step - width) / 2, 2), round(width, 2)),
            (low, high),
            is_labelled=bool(point[1]) and index in labelled,
            is_running=is_running and index == len(points) - 1,
            shows_label=(len(points) - 1 - index) % every == 0,
        )
        for index, point in enumerate(points)
    )


def _bar(point: Point, across: tuple[float, float], scale: tuple[float, float], **marks: bool) -> Bar:
    label, value, words = point
    top, base = _height_of(max(value, 0), *scale), _height_of(min(value, 0), *scale)
    return Bar(across[0], top, across[1], round(base - top, 1), label, words, **marks)


def _scale(values: Sequence[int], currency: str) -> tuple[float, float, tuple[tuple[float, str], ...]]:
    """The lowest and highest value that the chart has room for, and its gridlines with their words."""
    least, most = min([0, *values]), max([0, *values])
    step = _round_step((most - least) / GRID_LINES or 1)
    low, high = floor(least / step) * step, max(ceil(most / step), 1) * step
    lines = [low + step * index for index in range(round((high - low) / step) + 1)]
    grid = tuple((_height_of(line, low, high), _short(line, currency)) for line in lines if line)
    return low, high, grid


def _round_step(raw: float) -> float:
    power = 10 ** floor(log10(raw))
    return next(step * power for step in STEPS if step * power >= raw)


def _height_of(value: float, low: float, high: float) -> float:
    return round(BASE - (BASE - TOP) * (value - low) / (high - low), 1)


def _short(value: float, currency: str) -> str:
    """A value as an axis writes it: "$1.5k", "$500", "12"."""
    written = money(round(value), currency) if currency else f"{value:,g}"
    sign, whole = re.findall(r"(\D*)([\d,]+)", written)[0]
    thousands = int(whole.replace(",", "")) / 1000
    return f"{sign}{thousands:g}k" if thousands >= 1 else written
