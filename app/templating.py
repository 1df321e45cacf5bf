"""What templates may call: money, dates and the catalogue in words, addresses, the app's name."""

import datetime as dt
from collections.abc import Callable, MutableMapping
from decimal import Decimal
from functools import lru_cache
from gettext import NullTranslations
from typing import Any
from urllib.parse import urljoin

from flask import Flask, current_app, request
from flask.templating import Environment
from flask_login import current_user
from jinja2 import nodes

from app.billing.catalog.plans import Price, current_catalog
from app.languages import SOURCE, current_language, gettext, ngettext
from app.languages.formats import currency_name_in, date_in, money_in, month_in, number_in, short_date_in
from app.languages.pages import WrittenTexts, init_languages
from app.security import checkout_csrf_token
from app.urls import init_addresses
from app.words import bought, card_name, device

# Stripe's own lists: amounts of these come without, or with three, decimal digits.
ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
CURRENCIES = {"usd": "US dollars", "eur": "euros", "gbp": "pounds sterling", "jpy": "yen"}
MINUS = "\N{MINUS SIGN}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


class PageEnvironment(Environment):
    """Jinja whose templates have their globals in one dictionary, as they stand when a template is first loaded.

    Jinja's own chain of two is walked through at every import of macros, which is a tenth of a page (`benchmarks/`).
    """

    # Those of the one language, where a site has one: they are written into the templates.
    written_texts: NullTranslations | None = None

    def compile(self, source: str | nodes.Template, name: str | None = None, *args: Any, **options: Any) -> Any:
        """Compile a template; where the site has one language, with its texts in their places."""
        if self.written_texts is not None and isinstance(source, str):
            source = WrittenTexts(self.written_texts).visit(self.parse(source, name))
        return super().compile(source, name, *args, **options)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **(d or {})}


def init_templating(app: Flask) -> None:
    """Register filters and globals."""
    settings = app.extensions["settings"]
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(
        app_name=app.config["APP_NAME"],
        catalog=app.extensions["catalog"],
        support_email=settings.support_address,
        canonical_url=canonical_url,
        is_development=settings.app_env == "development",
        emulator_url=settings.stripe_base if settings.app_env == "development" else None,
        checkout_csrf_token=checkout_csrf_token,
        nav_current=nav_current,
        endpoint_exists=endpoint_exists,
        # A proxy, so that a page that does not ask who reads it needs no database.
        current_user=current_user,
    )
    init_languages(app)
    init_addresses(app)


def money(amount_minor: int, currency: str, exact: bool = False) -> str:
    """Write an amount as price tags do, without decimals when it is whole; `exact` lines up in a column."""
    language, code, digits = current_language(), currency.lower(), decimals_of(currency)
    if language != SOURCE:
        return money_in(language, amount_minor, code, digits, exact)
    whole, fraction = divmod(abs(amount_minor), 10**digits)
    number = f"{whole:,}.{fraction:0{digits}d}" if fraction or (exact and digits) else f"{whole:,}"
    symbol = SYMBOLS.get(code, code.upper() + NO_BREAK_SPACE)
    return f"{MINUS if amount_minor < 0 else ''}{symbol}{number}"


def decimals_of(currency: str) -> int:
    """How many digits of an amount in minor units stand behind the point: https://docs.stripe.com/currencies"""
    code = currency.lower()
    return 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2


def minor_units(amount: Decimal, currency: str) -> int:
    """An amount as people write it, in minor units; raise `ValueError` for one that is finer than the currency."""
    exact = amount.scaleb(decimals_of(currency))
    if not exact.is_finite() or exact != exact.to_integral_value():
        raise ValueError(f"{amount} is no amount in {currency}.")
    return int(exact)


def decimal_amount(amount_minor: int, currency: str) -> Decimal:
    """An amount as a form shows it: 9.50 of 950 cents."""
    return Decimal(amount_minor).scaleb(-decimals_of(currency))


def rhythm(interval: str, count: int = 1) -> str:
    """Write how often something is paid: "a month", "every 3 months"."""
    if interval == "year":
        return ngettext("a year", "every %(num)s years", count)
    elif interval == "month":
        return ngettext("a month", "every %(num)s months", count)
    elif interval == "week":
        return ngettext("a week", "every %(num)s weeks", count)
    else:
        return ngettext("a day", "every %(num)s days", count)


def charge(price: Price) -> str:
    """Write a price with how often it is paid: "$29 a month", "€12 a seat a year", "$199 once"."""
    asked, often = money(price.amount, price.currency), rhythm(price.interval) if price.interval else gettext("once")
    return gettext("%(amount)s a seat %(often)s", amount=asked, often=often) if price.per_seat else f"{asked} {often}"


def seats(count: int) -> str:
    """Write a number of seats: "1 seat", "1,000 seats"."""
    return ngettext("%(num)s seat", "%(num)s seats", count, num=number(count))


def with_seats(name: str, count: int) -> str:
    """Write a plan with the number of its seats: "Pro with 3 seats"."""
    return ngettext("%(name)s with %(num)s seat", "%(name)s with %(num)s seats", count, name=name, num=number(count))


def for_seats(price: str, count: int) -> str:
    """Write a price with the number of seats that it is for: "$29 a month for 3 seats"."""
    return ngettext("%(price)s for %(num)s seat", "%(price)s for %(num)s seats", count, price=price, num=number(count))


def role_name(key: str) -> str:
    """What a role is called; one that has gone from the catalogue is called by its key."""
    return gettext(current_catalog().role(key).name)


def plan_name(key: str) -> str:
    """What a plan is called; one that has gone from the catalogue is called by its key."""
    return gettext(current_catalog().plan_name(key))


def translated(words: str | None) -> str:
    """Write words of the catalogue, which are data, in the language that is spoken."""
    return gettext(words) if words else ""


def currency_name(currency: str) -> str:
    """Write a currency in words, or by its code."""
    language, code = current_language(), currency.lower()
    return CURRENCIES.get(code, code.upper()) if language == SOURCE else currency_name_in(language, code)


def number(count: int) -> str:
    """Write a whole number in the manner of the language: 1,000."""
    return number_in(current_language(), count)


def date(moment: dt.date | dt.datetime | str) -> str:
    """Write a date in full: 20 December 2026. Mails carry theirs as ISO 8601 text."""
    return date_in(current_language(), _day_of(moment))


def day(moment: dt.date | dt.datetime | str) -> str:
    """Write a date for a table's column: 20 Dec 2026."""
    return short_date_in(current_language(), _day_of(moment), True)


def short_day(at: dt.date | dt.datetime | str) -> str:
    """Write a date under a drawing, whose year goes without saying: 20 Dec."""
    return short_date_in(current_language(), _day_of(at), False)


def moment(at: dt.datetime) -> str:
    """Write a moment for a table whose heading says that times are UTC: 20 Dec, 21:08; with its year if another."""
    has_year = at.year != dt.datetime.now(dt.UTC).year
    return f"{short_date_in(current_language(), at.date(), has_year)}, {at:%H:%M}"


def month_name(month: str) -> str:
    """Write a month of a report, `2026-11`, as a chart does: Nov."""
    return month_in(current_language(), dt.date.fromisoformat(f"{month}-01"))


def month_in_words(month: str) -> str:
    """Write a month of a report, `2026-11`, in full: November 2026."""
    return f"{dt.date.fromisoformat(f'{month}-01'):%B %Y}"


def datetime(moment: dt.datetime | str) -> str:
    """Write a moment with its time, which is UTC everywhere in the app."""
    exact = dt.datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{date(exact)}, {exact:%H:%M} UTC"


def _day_of(moment: dt.date | dt.datetime | str) -> dt.date:
    exact = dt.datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return exact.date() if isinstance(exact, dt.datetime) else exact


def canonical_url(path: str | None = None) -> str:
    """Build an absolute address from BASE_URL, never from the request's Host header."""
    target = request.path if path is None else path
    return _joined(str(current_app.config["BASE_URL"]), target)


@lru_cache(maxsize=256)
def _joined(base: str, target: str) -> str:
    return urljoin(base, target)


def nav_current(*prefixes: str) -> bool:
    """Tell whether the page belongs to one of these endpoints or blueprints."""
    endpoint = request.endpoint or ""
    return any(endpoint == prefix or endpoint.startswith(f"{prefix}.") for prefix in prefixes)


def endpoint_exists(endpoint: str) -> bool:
    """Tell whether this site has such a page, so that a link appears only with it."""
    return endpoint in current_app.view_functions


FILTERS: dict[str, Callable[..., str]] = {
    "money": money,
    "charge": charge,
    "rhythm": rhythm,
    "seats": seats,
    "translated": translated,
    "role_name": role_name,
    "plan_name": plan_name,
    "currency_name": currency_name,
    "number": number,
    "date": date,
    "day": day,
    "short_day": short_day,
    "month_name": month_name,
    "month_in_words": month_in_words,
    "moment": moment,
    "datetime": datetime,
    "bought": bought,
    "card": card_name,
    "device": device,
    "for_seats": for_seats,
    "with_seats": with_seats,
}
