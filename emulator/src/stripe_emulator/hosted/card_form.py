"""Reading the card somebody typed, with Stripe's own words for what is wrong with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from stripe_emulator.engine.payments.cards import card_by_number
from stripe_emulator.state.store import Json

NOT_A_TEST_CARD = (
    "Your card was declined. Your request was in test mode, but used a non test card. "
    "For a list of valid test cards, see the test cards on this page."
)
FILLED = {"expiration": "12 / 34", "name": "Test Person"}


@dataclass
class CardForm:
    """What was typed, what is wrong with it, and the payment method it stands for."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def payment_method(self) -> Json:
        """The parameters of a payment method with this card."""
        month, year = parse_expiration(self.values["expiration"]) or (0, 0)
        card = {"number": self.values["card_number"], "exp_month": month, "exp_year": year}
        return {"type": "card", "card": {**card, "cvc": self.values["cvc"]}, "billing_details": self.billing}

    @property
    def billing(self) -> Json:
        """The billing details that were given."""
        details: Json = {key: self.values[key] for key in ("name", "email") if self.values.get(key)}
        address = {key: self.values[key] for key in ("country", "postal_code") if self.values.get(key)}
        return {**details, "address": address} if address else details


def read_card(form: Mapping[str, str], now: int) -> CardForm:
    """Return the card in a posted form; a number that is no test card is dropped, so it is never shown again."""
    values = {key: str(value).strip()[:200] for key, value in form.items()}
    number = re.sub(r"[\s-]", "", values.get("card_number", ""))
    values |= {
        "card_number": number,
        "cvc": values.get("cvc", ""),
        "expiration": values.get("expiration", ""),
    }
    problems = {
        "card_number": _number_problem(number),
        "expiration": _expiration_problem(values["expiration"], now),
        "cvc": _cvc_problem(values["cvc"], number),
    }
    card = CardForm(values, {name: problem for name, problem in problems.items() if problem})
    if card_by_number(number) is None:
        values["card_number"] = ""
    return card


def fill_card(form: Mapping[str, str]) -> dict[str, str]:
    """Return the form's values with the chosen test card in them."""
    number = form.get("fill", "")
    card = card_by_number(number)
    if card is None:
        return dict(form)
    cvc = "1234" if card.brand == "amex" else "123"
    name = form.get("name") or FILLED["name"]
    return {**form, **FILLED, "name": name, "card_number": group(number), "cvc": cvc, "method": "card"}


def group(number: str) -> str:
    """Write a card number in groups of four, as it is printed."""
    return " ".join(re.findall(r".{1,4}", number))


def parse_expiration(text: str) -> tuple[int, int] | None:
    """Return month and year of `12/34`, `12 / 2034`, `1234` or `122034`."""
    found = re.fullmatch(r"(\d{1,2})\s*[/-]\s*(\d{4}|\d{2})|(\d{2})\s*(\d{4}|\d{2})", text.strip(), re.ASCII)
    if found is None:
        return None
    month, year = int(found[1] or found[3]), int(found[2] or found[4])
    return (month, year if year > 99 else 2000 + year) if 1 <= month <= 12 else None


def passes_luhn(number: str) -> bool:
    """Tell whether a card number's check digit is right."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _number_problem(number: str) -> str | None:
    if not re.fullmatch(r"\d{12,19}", number, re.ASCII):
        problem: str | None = "Your card number is incomplete."
    elif card_by_number(number) is not None:
        problem = None
    elif not passes_luhn(number):
        problem = "Your card number is invalid."
    else:
        problem = NOT_A_TEST_CARD
    return problem


def _expiration_problem(text: str, now: int) -> str | None:
    parsed, today = parse_expiration(text), datetime.fromtimestamp(now, UTC)
    if parsed is None:
        problem: str | None = "Your card's expiration date is incomplete."
    elif (parsed[1], parsed[0]) < (today.year, today.month):
        problem = "Your card's expiration date is in the past."
    elif parsed[1] > today.year + 50:
        problem = "Your card's expiration year is invalid."
    else:
        problem = None
    return problem


def _cvc_problem(cvc: str, number: str) -> str | None:
    length = 4 if number.startswith(("34", "37")) else 3
    known = re.fullmatch(rf"\d{{{length},4}}", cvc, re.ASCII)
    return None if known else "Your card's security code is incomplete."
