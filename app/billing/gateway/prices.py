"""At which Stripe price a plan is sold: one that charges what the catalogue says, or none.

What was found is remembered for a few minutes, so that a sale asks nothing more. A difference is never remembered, and
the events `price.*` and `product.*` make this worker forget. Another worker may go on with what it remembers: a price's
amount never changes, so what was shown is what is charged; and an archived one is refused by Stripe, after which
`price_id_now` looks again.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import current_app
from pydantic import BaseModel, Field

from app.billing.catalog.plans import Price, current_catalog
from app.billing.errors import PriceDrift, StripeObjectMissing
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeGateway, StripeObject, get_gateway
from app.billing.gateway.objects import CurrencyOption
from app.config.settings import Settings
from app.database import db, end_transaction
from app.mail.alerts import end_alert, open_alerts, raise_alert

logger = logging.getLogger(__name__)
REMEMBERED_SECONDS = 300


class StripeProduct(BaseModel, frozen=True):
    """https://docs.stripe.com/api/products/object; one that was deleted has no more than its id."""

    id: str
    active: bool = False
    default_price: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        """Whether it has the mark of our push, and so is no other application's."""
        return is_marked(self.metadata)


class Recurring(BaseModel, frozen=True):
    """How often a price is charged."""

    interval: str
    interval_count: int = 1
    usage_type: str = "licensed"


class StripePrice(BaseModel, frozen=True):
    """https://docs.stripe.com/api/prices/object, with its product and its `currency_options`."""

    id: str
    active: bool
    billing_scheme: str
    currency: str
    currency_options: dict[str, CurrencyOption] = Field(default_factory=dict)
    unit_amount: int | None
    lookup_key: str | None
    transform_quantity: dict[str, Any] | None = None
    recurring: Recurring | None
    product: StripeProduct
    metadata: dict[str, str]

    @property
    def is_ours(self) -> bool:
        """Whether our push made it, or somebody made it for our product, in Stripe's dashboard say."""
        return is_marked(self.metadata) or self.product.is_ours

    @property
    def is_flat(self) -> bool:
        """Whether it is one amount for each unit, whatever the number and the use."""
        is_per_unit = self.billing_scheme == "per_unit" and not self.transform_quantity
        is_metered = self.recurring is not None and self.recurring.usage_type != "licensed"
        return is_per_unit and self.unit_amount is not None and not is_metered

    def charges(self, price: Price) -> bool:
        """Whether it takes what the catalogue says: amount, currency, and how often."""
        return self.is_flat and self.in_words(price.currency) == _in_words(price)

    def amount_in(self, currency: str) -> int | None:
        """What a unit costs in this currency, in minor units; None where there is no such amount."""
        if currency == self.currency:
            return self.unit_amount
        option = self.currency_options.get(currency)
        return option.unit_amount if option else None

    def in_words(self, currency: str) -> str:
        """What it takes, each time: `2900 usd every 3 months`; in its own currency, if it has no amount in this one."""
        often = _often(self.recurring.interval, self.recurring.interval_count) if self.recurring else "once"
        amount = self.amount_in(currency)
        return f"{self.unit_amount} {self.currency} {often}" if amount is None else f"{amount} {currency} {often}"


class _Remembered(NamedTuple):
    stripe_price_id: str
    until: float


def price_id(price: Price, scope: StripeScope) -> str:
    """The id of the Stripe price to sell this at: the one a setting names, or the one with the lookup key.

    Raises `PriceDrift` when there is none that charges what the catalogue says, and `StripeUnavailable` when Stripe
    cannot be asked. Commits where it asks.
    """
    known = _remembered().get((scope, price.label))
    if known and time.monotonic() < known.until:
        return known.stripe_price_id
    else:
        return price_id_now(price, scope)


def price_id_now(price: Price, scope: StripeScope) -> str:
    """The same, asked of Stripe in any case. Commits."""
    named = current_app.extensions["settings"].stripe_price_ids.get(price.setting)
    end_transaction()
    stored = _find(price, scope)
    problem = problem_with(price, stored, price.setting if named else None)
    note_problems(scope, {price.label: problem})
    if stored is None or problem:
        _remembered().pop((scope, price.label), None)
        sentence = _sentence(price.label, problem)
        logger.error("%s", sentence)
        raise PriceDrift(sentence)
    _remembered()[scope, price.label] = _Remembered(stored.id, time.monotonic() + REMEMBERED_SECONDS)
    return stored.id


def forget_prices() -> None:
    """Look the prices up again at the next sale."""
    _remembered().clear()


def note_problems(scope: StripeScope, problems: Mapping[str, str | None]) -> None:
    """Tell the operator, by a price's label, why nothing is sold at it; None where nothing is wrong. Commits."""
    for label, problem in problems.items():
        cause = _cause(scope, label)
        if problem:
            raise_alert(cause, _sentence(label, problem))
        else:
            end_alert(cause)
    db.session.commit()


def noted_problems(scope: StripeScope) -> list[str]:
    """What was last found wrong with the prices of the catalogue, a sentence each."""
    noted = {alert.cause: alert.message for alert in open_alerts(_cause(scope, ""))}
    sold = [each for price in current_catalog().sold_prices for each in price.in_every_currency]
    causes = [_cause(scope, price.label) for price in sold]
    return [noted[cause] for cause in causes if cause in noted]


def mark(plan_key: str) -> dict[str, str]:
    """The metadata by which our push knows its own products and prices again."""
    return {"catalog": current_catalog().slug, "plan": plan_key}


def is_marked(metadata: dict[str, str]) -> bool:
    """Whether an object's metadata says that it is of this catalogue."""
    return metadata.get("catalog") == current_catalog().slug


def is_of_catalog(stripe_object: StripeObject) -> bool:
    """Whether a price or product, as an event tells of it, has to do with what we sell."""
    settings = current_app.extensions["settings"]
    is_named = stripe_object.get("id") in settings.stripe_price_ids.values()
    metadata = stripe_object.get("metadata")
    is_ours = isinstance(metadata, dict) and is_marked(metadata)
    return is_named or is_ours or current_catalog().price_of(stripe_object.get("lookup_key")) is not None


def configured_price(
    gateway: StripeGateway, settings: Settings, price: Price, scope: StripeScope
) -> StripeObject | None:
    """The price that a STRIPE_PRICE_* setting names; None when none does, or Stripe has no such price."""
    named = settings.stripe_price_ids.get(price.setting)
    if not named:
        return None
    try:
        with gateway.errors():
            params = {"expand": ["product", "currency_options"]}
            found: StripeObject = gateway.v1.prices.retrieve(named, params, scope.options()).to_dict()
    except StripeObjectMissing:
        return None
    return found


def problem_with(price: Price, stored: StripePrice | None, named_by: str | None = None) -> str | None:
    """Why nothing may be sold at this price, and what to do; None when Stripe charges what the catalogue says.

    `named_by` is the setting that names the Stripe price, where one does.
    """
    difference = _difference(price, stored)
    if difference is None:
        return None
    elif named_by:
        return f"{difference}; {named_by} names it: change that setting, or leave it empty and run `flask billing push`"
    else:
        return f"{difference}; run `flask billing push`"


def _difference(price: Price, stored: StripePrice | None) -> str | None:
    if stored is None:
        return "is not in Stripe"
    elif not stored.active:
        return f"is archived in Stripe ({stored.id})"
    elif not stored.product.active:
        return f"is of a product that is archived in Stripe ({stored.product.id})"
    elif not stored.is_flat:
        return f"is not one amount per unit in Stripe ({stored.id}); the catalogue says {_in_words(price)}"
    elif price.is_option and stored.amount_in(price.currency) is None:
        return f"has no amount in {price.currency} in Stripe; the catalogue says {_in_words(price)}"
    elif not stored.charges(price):
        return f"charges {stored.in_words(price.currency)} in Stripe; the catalogue says {_in_words(price)}"
    else:
        return None


def _in_words(price: Price) -> str:
    often = _often(price.interval, 1) if price.interval else "once"
    return f"{price.amount} {price.currency} {often}"


def _often(interval: str, count: int) -> str:
    return f"a {interval}" if count == 1 else f"every {count} {interval}s"


def _find(price: Price, scope: StripeScope) -> StripePrice | None:
    """The configured price, or the one with the lookup key, as Stripe has it now."""
    gateway, settings = get_gateway(), current_app.extensions["settings"]
    if settings.stripe_price_ids.get(price.setting):
        configured = configured_price(gateway, settings, price, scope)
        return StripePrice.model_validate(configured) if configured else None
    params = {"lookup_keys": [price.lookup_key], "expand": ["data.product", "data.currency_options"]}
    with gateway.errors():
        found = gateway.v1.prices.list(params, scope.options()).data
    return StripePrice.model_validate(found[0].to_dict()) if found else None


def _cause(scope: StripeScope, label: str) -> str:
    mode = "live" if scope.livemode else "test"
    return f"price:{scope.stripe_account}:{mode}:{label}"


def _sentence(label: str, problem: str | None) -> str:
    return f"Nothing is sold at the price {label}, which {problem}."


def _remembered() -> dict[tuple[StripeScope, str], _Remembered]:
    """What was found by account, mode and the price's label: each account has prices of its own."""
    found: dict[tuple[StripeScope, str], _Remembered] = current_app.extensions.setdefault("stripe_prices", {})
    return found
