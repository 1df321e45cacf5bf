"""How what Stripe wrote on an invoice, and what pays for it, reads on the site."""

import re
from functools import lru_cache

LINE = re.compile(r"^(\d[\d,]*) \N{MULTIPLICATION SIGN} (.+?)(?: \(at .+ / (day|week|month|year)\))?$")
BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "sepa_debit": "SEPA debit",
    "unionpay": "UnionPay",
    "us_bank_account": "Bank account",
}
OFTEN = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}


def bought(description: str | None, app_name: str) -> str:
    """What a payment was for: a line of Stripe's, one Perennial Pro at $29.00 a month, is "Pro, monthly" here."""
    return _bought(description or "", app_name) or "Payment"


@lru_cache(maxsize=256)
def _bought(description: str, app_name: str) -> str:
    line = LINE.match(description)
    if line is None:
        return description
    count, name, interval = line.groups()
    parts = [name.removeprefix(f"{app_name} "), OFTEN.get(interval or ""), f"{count} seats" if count != "1" else None]
    return ", ".join(part for part in parts if part)


def card_name(brand: str, last4: str | None) -> str:
    """What a card, or another way to pay, is called: "Visa ending in 4242"."""
    name = BRANDS.get(brand, brand.replace("_", " ").capitalize())
    return f"{name} ending in {last4}" if last4 else name
