"""How what Stripe wrote on an invoice reads on the site."""

import re
from functools import lru_cache

from app.languages import current_language, ngettext
from app.languages import gettext as _
from app.languages import lazy_gettext as _l

LINE = re.compile(r"^(\d[\d,]*) \N{MULTIPLICATION SIGN} (.+?)(?: \(at .+ / (day|week|month|year)\))?$")
OFTEN = {"day": _l("daily"), "week": _l("weekly"), "month": _l("monthly"), "year": _l("yearly")}


def bought(description: str | None, app_name: str) -> str:
    """What a payment was for: a line of Stripe's, one Perennial Pro at $29.00 a month, is "Pro, monthly" here."""
    return _bought(current_language(), description or "", app_name) or _("Payment")


@lru_cache(maxsize=256)
def _bought(language: str, description: str, app_name: str) -> str:
    line = LINE.match(description)
    if line is None:
        return description
    count, name, interval = line.groups()
    many = int(count.replace(",", ""))
    seats = ngettext("%(num)s seat", "%(num)s seats", many, num=count) if many != 1 else ""
    parts = [_(name.removeprefix(f"{app_name} ")), str(OFTEN.get(interval or "", "")), seats]
    return ", ".join(filter(None, parts))


def device(kept: str) -> str:
    """A browser as it is kept, "Firefox on Linux", in the reader's language."""
    browser, on, system = kept.partition(" on ")
    return _("%(browser)s on %(system)s", browser=browser, system=system) if on else _(kept)
