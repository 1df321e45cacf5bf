"""Amounts and intervals as people read them."""

import pytest

from stripe_emulator.hosted.money import format_amount, format_interval, format_price, parse_amount


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1900, "usd", "$19.00"),
        (-550, "eur", "-€5.50"),
        (500, "jpy", "¥500"),
        (123456789, "usd", "$1,234,567.89"),
        (1200, "chf", "CHF 12.00"),
        (1500, "kwd", "KWD 1.500"),
        (None, None, "$0.00"),
    ],
)
def test_amounts_are_written_as_money(amount: int | None, currency: str | None, text: str) -> None:
    assert format_amount(amount, currency) == text


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("19", "usd", 1900),
        ("19.5", "usd", 1950),
        ("$1,000.00", "usd", 100000),
        ("500", "jpy", 500),
        ("1.5", "jpy", None),
        ("1.234", "usd", None),
        ("-5", "usd", None),
        ("five", "usd", None),
        ("", "usd", None),
        ("٣", "usd", None),
    ],
)
def test_typed_amounts_become_minor_units(text: str, currency: str, amount: int | None) -> None:
    assert parse_amount(text, currency) == amount


def test_prices_say_their_rhythm() -> None:
    monthly = {
        "unit_amount": 2900,
        "currency": "usd",
        "recurring": {"interval": "month", "interval_count": 1},
    }

    assert format_price(monthly) == "$29.00 per month"
    assert format_interval({"interval": "month", "interval_count": 3}) == "every 3 months"
    assert format_price({"unit_amount": 19900, "currency": "usd", "recurring": None}) == "$199.00"
