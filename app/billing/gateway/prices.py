"""At which Stripe price a plan is sold: one that charges what the catalogue says, or none.

What was found is remembered for a few minutes, so that a sale asks nothing more. A difference is never remembered, and
the events `price.*` and `product.*` make this worker forget. Another worker may go on with what it remembers: a price's
amount never changes, so what was shown is what is charged; and an archived one is refused by Stripe, after which
`price_id_now` looks again.
"""

import logging
import time
from collections.abc import Mapping
from typing import NamedTuple

from flask import current_app

from app.billing.catalog.plans import Price, current_catalog
from app.billing.errors import PriceDrift, StripeObjectMissing
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeObject, get_gateway
from app.billing.gateway.price_objects import StripePrice, is_marked, problem_with
from app.database import db, end_transaction
from app.mail.alerts import end_alert, open_alerts, raise_alert

logger = logging.getLogger(__name__)
REMEMBERED_SECONDS = 300


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
    setting = _configured_id(price) and price.setting
    end_transaction()
    stored = _find(price, scope)
    problem = problem_with(price, stored, setting)
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


def is_of_catalog(stripe_object: StripeObject) -> bool:
    """Whether a price or product, as an event tells of it, has to do with what we sell."""
    settings = current_app.extensions["settings"]
    is_named = stripe_object.get("id") in settings.stripe_price_ids.values()
    metadata = stripe_object.get("metadata")
    is_ours = isinstance(metadata, dict) and is_marked(metadata)
    return is_named or is_ours or current_catalog().price_of(stripe_object.get("lookup_key")) is not None


def _find(price: Price, scope: StripeScope) -> StripePrice | None:
    """The configured price, or the one with the lookup key, as Stripe has it now."""
    gateway, configured = get_gateway(), _configured_id(price)
    try:
        with gateway.errors():
            if configured:
                params = {"expand": ["product", "currency_options"]}
                found = [gateway.v1.prices.retrieve(configured, params, scope.options())]
            else:
                params = {"lookup_keys": [price.lookup_key], "expand": ["data.product", "data.currency_options"]}
                found = gateway.v1.prices.list(params, scope.options()).data
    except StripeObjectMissing:
        return None
    return StripePrice.model_validate(found[0].to_dict()) if found else None


def _configured_id(price: Price) -> str | None:
    configured: str | None = current_app.extensions["settings"].stripe_price_ids.get(price.setting)
    return configured


def _cause(scope: StripeScope, label: str) -> str:
    mode = "live" if scope.livemode else "test"
    return f"price:{scope.stripe_account}:{mode}:{label}"


def _sentence(label: str, problem: str | None) -> str:
    return f"Nothing is sold at the price {label}, which {problem}."


def _remembered() -> dict[tuple[StripeScope, str], _Remembered]:
    """What was found by account, mode and the price's label: each account has prices of its own."""
    found: dict[tuple[StripeScope, str], _Remembered] = current_app.extensions.setdefault("stripe_prices", {})
    return found
