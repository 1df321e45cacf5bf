"""What is drawn: the marks of a life, bars over a grid, and the parts of a sentence."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.figures.charts import bar_chart, line_chart, sparkline
from app.figures.lifeline import Kind, Mark, lifeline
from app.figures.sentence import parts_of_sentence
from app.words import bought

FIRST = datetime(2026, 8, 25, tzinfo=UTC)


def charges(count: int) -> list[Mark]:
    return [
        Mark(FIRST + timedelta(days=30 * number), Kind.PAID, "$29", f"day {number}", f"$29 paid, number {number}")
        for number in range(count)
    ]


def test_today_stands_between_the_last_charge_and_the_next() -> None:
    *past, coming = charges(4)

    life = lifeline(past, past[-1].at + timedelta(days=15), coming)

    assert life is not None
    places = [place for place, _ in life.wide.marks]
    assert places == sorted(places)
    assert life.wide.today == pytest.approx((places[-2] + places[-1]) / 2, abs=0.1)


@pytest.mark.parametrize("count", [0, 1, 3, 40])
def test_no_mark_covers_another_and_all_stay_on_the_line(count: int) -> None:
    *past, coming = charges(count + 1)

    life = lifeline(past, coming.at - timedelta(days=1), coming)

    assert life is not None
    for line in (life.wide, life.narrow):
        places = [place for place, _ in line.marks]
        assert all(later - earlier >= 14 for earlier, later in pairwise(places))
        assert all(0 <= place <= 100 for place in [*places, line.today])
    assert life.words[-1] == coming.words


def test_nothing_charged_and_nothing_to_come_is_no_line() -> None:
    assert lifeline([], FIRST, None) is None


def test_bars_stand_on_the_base_and_the_highest_and_the_last_say_their_value() -> None:
    points = [("Aug", 50000, "$500"), ("Sep", 129000, "$1,290"), ("Oct", 0, "$0"), ("Nov", 70000, "$700")]

    chart = bar_chart(points, "usd")

    assert [words for _, words in chart.grid] == ["$500", "$1k", "$1.5k"]
    assert all(bar.y + bar.height == pytest.approx(chart.base, abs=0.2) for bar in chart.bars)
    assert [bar.words for bar in chart.bars if bar.is_labelled] == ["$1,290", "$700"]
    assert [bar.is_running for bar in chart.bars] == [False, False, False, True]


@pytest.mark.parametrize("values", [[], [0, 0], [5], [-300, 200], [10**12, 1]])
def test_charts_of_odd_values_stay_inside(values: list[int]) -> None:
    points = [("x", value, str(value)) for value in values]

    for chart in (bar_chart(points), line_chart(points, "jpy")):
        assert all(0 <= bar.y <= chart.height and bar.height >= 0 for bar in chart.bars)
        assert 0 <= chart.base <= chart.height


def test_sparkline_runs_from_edge_to_edge() -> None:
    assert sparkline([1]) == ""
    assert sparkline([0, 5, 10]) == "M0.0 22.0 L50.0 12.0 L100.0 2.0"


@pytest.mark.parametrize(
    ("sentence", "keys"),
    [
        ("You're on Pro, $29 a month. It renews on 25 December 2026.", ["$29", "25 December 2026"]),
        ("Then CHF\N{NO-BREAK SPACE}1,290.50 is due.", ["CHF\N{NO-BREAK SPACE}1,290.50"]),
        ("You're on the free plan.", []),
    ],
)
def test_amounts_and_dates_of_a_sentence_are_marked_and_nothing_is_lost(sentence: str, keys: list[str]) -> None:
    parts = parts_of_sentence(sentence)

    assert [part for part, is_key in parts if is_key] == keys
    assert "".join(part for part, _ in parts) == sentence


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1 \N{MULTIPLICATION SIGN} Perennial Pro (at $29.00 / month)", "Pro, monthly"),
        ("5 \N{MULTIPLICATION SIGN} Perennial Team (at $12.00 / year)", "Team, yearly, 5 seats"),
        ("Remaining time on Perennial Pro after 27 Dec 2026", "Change to Pro"),
        ("Remaining time on 3 \N{MULTIPLICATION SIGN} Perennial Team after 27 Dec 2026", "Change to Team, 3 seats"),
        ("Lifetime", "Lifetime"),
        ("", "Payment"),
    ],
)
def test_lines_of_an_invoice_are_said_in_words(line: str, words: str) -> None:
    assert bought(line, "Perennial") == words
