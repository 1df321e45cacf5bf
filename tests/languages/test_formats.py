"""Money, numbers and dates as each language writes them."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from app import templating
from app.figures.sentence import parts_of_sentence
from app.languages import speaking
from app.languages.formats import number_typed


@pytest.mark.parametrize(
    ("language", "amount", "currency", "exact", "words"),
    [
        ("en", 190000, "eur", False, "€1,900"),
        ("de", 190000, "eur", False, "1.900\N{NO-BREAK SPACE}€"),
        ("de", 1583, "usd", False, "15,83\N{NO-BREAK SPACE}$"),
        ("de", 1900, "eur", True, "19,00\N{NO-BREAK SPACE}€"),
        ("de", -900, "gbp", False, "\N{MINUS SIGN}9\N{NO-BREAK SPACE}£"),
        ("de", 500, "jpy", True, "500\N{NO-BREAK SPACE}¥"),
        ("de", 1500, "kwd", False, "1,500\N{NO-BREAK SPACE}KWD"),
    ],
)
def test_money_is_written_as_its_readers_write_it(
    app: Flask, language: str, amount: int, currency: str, exact: bool, words: str
) -> None:
    with app.app_context(), speaking(language):
        assert templating.money(amount, currency, exact) == words


def test_dates_and_numbers_are_written_as_their_readers_write_them(app: Flask) -> None:
    day, past = date(2026, 3, 5), datetime(2024, 12, 20, 21, 8, tzinfo=UTC)

    with app.app_context(), speaking("de"):
        assert templating.date(day) == "5. März 2026"
        assert templating.day(past) == "20. Dez. 2024"
        assert templating.moment(past) == "20. Dez. 2024, 21:08"
        assert templating.datetime(past) == "20. Dezember 2024, 21:08 UTC"
        assert templating.month_name("2026-03") == "Mär"
        assert templating.number(10000) == "10.000"
        assert templating.currency_name("usd") == "US-Dollar"


def test_a_language_that_has_gone_is_the_sites_first(app: Flask) -> None:
    with app.app_context(), speaking("xx"):
        assert templating.date(date(2026, 3, 5)) == "5 March 2026"


def test_amounts_and_dates_of_a_sentence_are_marked_as_their_language_writes_them(app: Flask) -> None:
    sentence = "Du nutzt Pro, 1.290,50\N{NO-BREAK SPACE}€ im Monat. Es verlängert sich am 20. Dezember 2026."

    with app.app_context(), speaking("de"):
        marked = [part for part, is_key in parts_of_sentence(sentence) if is_key]

    assert marked == ["1.290,50\N{NO-BREAK SPACE}€", "20. Dezember 2026"]


@pytest.mark.parametrize(
    ("language", "typed", "number"),
    [
        ("en", "1,250.50", "1250.50"), ("de", "1.250,50", "1250.50"), ("de", "1.250", "1250"), ("de", "9,5", "9.5"),
        ("de", "9.50", "9.50"), ("de", "1250", "1250"),
    ],
)  # fmt: skip
def test_amounts_are_read_as_their_writers_mean_them(language: str, typed: str, number: str) -> None:
    assert number_typed(language, typed) == number
