"""Money, dates and addresses as templates write them."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask, url_for

from app import templating


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (1900, "usd", "$19"),
        (1583, "usd", "$15.83"),
        (5, "USD", "$0.05"),
        (129000000, "eur", "€1,290,000"),
        (0, "gbp", "£0"),
        (-900, "usd", "\N{MINUS SIGN}$9"),
        (500, "jpy", "¥500"),
        (1500, "kwd", "KWD\N{NO-BREAK SPACE}1.500"),
        (1900, "chf", "CHF\N{NO-BREAK SPACE}19"),
    ],
)
def test_money_is_written_as_on_a_price_tag(amount: int, currency: str, words: str) -> None:
    assert templating.money(amount, currency) == words


@pytest.mark.parametrize(("currency", "words"), [("usd", "US dollars"), ("eur", "euros"), ("chf", "CHF")])
def test_currencies_have_names(currency: str, words: str) -> None:
    assert templating.currency_name(currency) == words


@pytest.mark.parametrize(("currency", "words"), [("usd", "$1,900.00"), ("jpy", "¥190,000")])
def test_exact_money_has_its_decimals_so_that_columns_line_up(currency: str, words: str) -> None:
    assert templating.money(190000, currency, exact=True) == words


@pytest.mark.parametrize(
    "moment", [date(2026, 12, 5), datetime(2026, 12, 5, 23, 4, tzinfo=UTC), "2026-12-05T23:04:00+00:00"]
)
def test_dates_are_written_in_full(moment: date | datetime | str) -> None:
    assert templating.date(moment) == "5 December 2026"


def test_times_say_that_they_are_utc() -> None:
    assert templating.datetime(datetime(2026, 12, 5, 9, 4, tzinfo=UTC)) == "5 December 2026, 09:04 UTC"


def test_static_addresses_change_with_the_content_alone(app_with: Callable[..., Flask], tmp_path: Path) -> None:
    app = app_with()
    app.static_folder = str(tmp_path)
    file = tmp_path / "site.css"

    def address(content: str, changed_at: int) -> str:
        file.write_text(content)
        os.utime(file, (changed_at, changed_at))
        with app.test_request_context():
            return url_for("static", filename="site.css")

    assert address("a", 1) == address("a", 2)
    assert address("a", 1) != address("b", 1_000)


@pytest.mark.parametrize(
    ("version", "is_kept"), [("own", True), ("another", False), ("", False)], ids=["own", "another", "none"]
)
def test_only_the_version_that_is_here_is_kept_for_long(app: Flask, version: str, is_kept: bool) -> None:
    with app.test_request_context():
        address = url_for("static", filename="css/tokens.css")

    with app.test_client().get(address if version == "own" else f"/static/css/tokens.css?v={version}") as answer:
        answer.get_data()

    assert ("immutable" in answer.headers["Cache-Control"]) == is_kept
    assert is_kept or answer.headers["Cache-Control"] == "no-cache"


def test_a_static_file_that_is_not_there_has_no_version(app: Flask) -> None:
    with app.test_request_context():
        assert url_for("static", filename="nothing.css") == "/static/nothing.css"


def test_canonical_addresses_come_from_base_url_and_never_from_the_host_header(app: Flask) -> None:
    with app.test_request_context("/pricing?interval=year", headers={"Host": "evil.example"}):
        address = templating.canonical_url()

    assert address == f"{app.config['BASE_URL']}/pricing"
