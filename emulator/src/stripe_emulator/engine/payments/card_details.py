"""What a payment method shows of a card, and what is wrong with one that was typed."""

import hashlib
from datetime import datetime

from stripe_emulator.api import errors
from stripe_emulator.engine.payments import cards
from stripe_emulator.state.documents import Json

NO_DETAILS: Json = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}


NO_ADDRESS: Json = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def whole_billing_details(given: Json | None) -> Json:
    """Return billing details with every field."""
    details = {**NO_DETAILS, **(given or {})}
    return {**details, "address": {**NO_ADDRESS, **(details["address"] or {})}}


def card_details(card: cards.Card, exp_month: int, exp_year: int) -> Json:
    """Return a payment method's `card`."""
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "display_brand": "american_express" if card.brand == "amex" else card.brand,
        "exp_month": exp_month,
        "exp_year": exp_year,
        "fingerprint": fingerprint(card.number),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def fingerprint(number: str) -> str:
    """Return what is the same for every payment method of one number."""
    return hashlib.sha256(number.encode()).hexdigest()[:16]


def check_card(card: cards.Card | None, month: int, year: int, cvc: str | None, now: datetime) -> None:
    """Refuse a number that is no test card, and a date or code that cannot be."""
    problem: tuple[str, str, str] | None = None
    if card is None or card.decline == "incorrect_number":
        problem = "incorrect_number", "Your card number is incorrect.", "number"
    elif not 1 <= month <= 12:
        problem = "invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month"
    elif year > now.year + 50 or (year, month) < (now.year, now.month):
        problem = "invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year"
    elif cvc is not None and not (cvc.isdigit() and len(cvc) in (3, 4)):
        problem = "invalid_cvc", "Your card's security code is invalid.", "cvc"
    if problem:
        code, message, param = problem
        raise errors.card_error(message, code, param=param)
