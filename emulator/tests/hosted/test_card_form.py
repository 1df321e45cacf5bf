"""Reading the card somebody typed."""

import pytest

from stripe_emulator.hosted.card_form import fill_card, parse_expiration, passes_luhn, read_card

NOW = 1_800_000_000  # 15 January 2027
GOOD = {"card_number": "4242 4242 4242 4242", "expiration": "12 / 34", "cvc": "123"}


@pytest.mark.parametrize("text", ["12/34", "12 / 34", "1234", "12/2034", "122034", "12-34"])
def test_expiration_is_read_however_it_is_written(text: str) -> None:
    assert parse_expiration(text) == (12, 2034)


@pytest.mark.parametrize("text", ["", "13/34", "0/34", "1/", "abc", "12/3", "12/34/56"])
def test_expiration_that_is_no_month_is_refused(text: str) -> None:
    assert parse_expiration(text) is None


def test_a_test_card_becomes_a_payment_method() -> None:
    card = read_card({**GOOD, "name": "Alice"}, NOW)

    assert card.errors == {}
    assert card.payment_method["card"] == {
        "number": "4242424242424242",
        "exp_month": 12,
        "exp_year": 2034,
        "cvc": "123",
    }
    assert card.payment_method["billing_details"] == {"name": "Alice"}


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"card_number": "4242"}, "card_number", "Your card number is incomplete."),
        ({"card_number": "4242 4242 4242 4243"}, "card_number", "Your card number is invalid."),
        ({"expiration": "12"}, "expiration", "Your card's expiration date is incomplete."),
        ({"expiration": "12/26"}, "expiration", "Your card's expiration date is in the past."),
        ({"expiration": "12/2099"}, "expiration", "Your card's expiration year is invalid."),
        ({"cvc": "12"}, "cvc", "Your card's security code is incomplete."),
        ({"cvc": "12a"}, "cvc", "Your card's security code is incomplete."),
    ],
)
def test_mistakes_are_named_in_stripes_words(typed: dict[str, str], field: str, message: str) -> None:
    card = read_card({**GOOD, **typed}, NOW)

    assert card.errors == {field: message}


def test_a_real_card_number_is_refused_and_not_kept() -> None:
    card = read_card({**GOOD, "card_number": "4539 1488 0343 6467"}, NOW)

    assert "non test card" in card.errors["card_number"]
    assert "4539" not in str(card.values)


def test_a_pressed_test_card_keeps_what_else_was_typed() -> None:
    filled = fill_card({"fill": "4000000000000002", "email": "bob@example.com", "name": "Bob"})

    assert filled["card_number"] == "4000 0000 0000 0002"
    assert (filled["email"], filled["name"]) == ("bob@example.com", "Bob")


def test_luhn_finds_a_wrong_digit() -> None:
    assert passes_luhn("4242424242424242")
    assert not passes_luhn("4242424242424241")
