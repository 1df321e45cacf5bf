"""How what Stripe wrote on an invoice, and what pays for it, reads on the site."""

import re
from functools import lru_cache
from gettext import NullTranslations

from app.languages import current_texts, ngettext
from app.languages import gettext as _
from app.languages import lazy_gettext as _l

LINE = re.compile(r"^(\d[\d,]*) \N{MULTIPLICATION SIGN} (.+?)(?: \(at .+ / (day|week|month|year)\))?$")
# What a change in the middle of a period leaves to pay.
CHANGE = re.compile(r"^Remaining time on (.+) after \d+ \w+ \d{4}$")
BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "sepa_debit": _l("SEPA debit"),
    "unionpay": "UnionPay",
    "us_bank_account": _l("Bank account"),
}
OFTEN = {"day": _l("daily"), "week": _l("weekly"), "month": _l("monthly"), "year": _l("yearly")}


def bought(description: str | None, app_name: str) -> str:
    """What a payment was for: a line of Stripe's, one Perennial Pro at $29.00 a month, is "Pro, monthly" here."""
    return _bought(current_texts(), description or "", app_name) or _("Payment")


@lru_cache(maxsize=256)
def _bought(texts: NullTranslations, description: str, app_name: str) -> str:
    change = CHANGE.match(description)
    if change:
        whole = change[1] if LINE.match(change[1]) else f"1 \N{MULTIPLICATION SIGN} {change[1]}"
        return _("Change to %(plan)s", plan=_bought(texts, whole, app_name))
    line = LINE.match(description)
    if line is None:
        return description
    count, name, interval = line.groups()
    many = int(count.replace(",", ""))
    seats = ngettext("%(num)s seat", "%(num)s seats", many, num=count) if many != 1 else ""
    parts = [_(name.removeprefix(f"{app_name} ")), str(OFTEN.get(interval or "", "")), seats]
    return ", ".join(filter(None, parts))


def card_name(brand: str, last4: str | None) -> str:
    """What a card, or another way to pay, is called: "Visa ending in 4242"."""
    name = str(BRANDS.get(brand, brand.replace("_", " ").capitalize()))
    return _("%(brand)s ending in %(digits)s", brand=name, digits=last4) if last4 else name


def device(kept: str) -> str:
    """A browser as it is kept, "Firefox on Linux", in the reader's language."""
    browser, on, system = kept.partition(" on ")
    return _("%(browser)s on %(system)s", browser=browser, system=system) if on else _(kept)
