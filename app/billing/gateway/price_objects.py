"""What we read of a price in Stripe, whose it is, and where it differs from the catalogue's."""

from typing import Any

from pydantic import BaseModel, Field

from app.billing.catalog.plans import Price, current_catalog


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


class CurrencyOption(BaseModel, frozen=True):
    """What a price costs in one of its currencies."""

    unit_amount: int | None


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


def mark(plan_key: str) -> dict[str, str]:
    """The metadata by which our push knows its own products and prices again."""
    return {"catalog": current_catalog().slug, "plan": plan_key}


def is_marked(metadata: dict[str, str]) -> bool:
    """Whether an object's metadata says that it is of this catalogue."""
    return metadata.get("catalog") == current_catalog().slug


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
