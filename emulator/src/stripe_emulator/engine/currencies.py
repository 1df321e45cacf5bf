"""What a price costs in each of its currencies."""

from stripe_emulator.api import errors
from stripe_emulator.api.currencies import check_currency
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def price_in(tx: Transaction, price: Json, currency: str) -> Json:
    """Return the price with its amounts in this currency; refuse one that it has no amount in.

    Stripe shows a price in its own currency wherever it stands, also on a subscription that is billed in another.
    """
    if price["currency"] == currency:
        return price
    option = options_of(tx, price).get(currency)
    if option is None:
        raise errors.invalid_request(_unsupported(currencies_of(tx, price), currency), "currency")
    amounts = {name: option[name] for name in ("unit_amount", "unit_amount_decimal")}
    return {**price, "currency": currency, **amounts}


def options_of(tx: Transaction, price: Json) -> Json:
    """Return what the price costs in currencies other than its own."""
    options: Json = tx.hidden("price", price["id"]).get("currency_options") or {}
    return options


def currencies_of(tx: Transaction, price: Json) -> list[str]:
    """Return the currencies that a price can be sold in, its own first."""
    return [price["currency"], *options_of(tx, price)]


def common_currency(tx: Transaction, prices: list[Json], wanted: str | None) -> str | None:
    """Return the wanted currency, which every price must have, or else the first price's own; None if not all have it.

    Refuses a wanted one that Stripe does not know, or that a price has no amount in.
    """
    if wanted:
        currency = check_currency(wanted)
        for price in prices:
            price_in(tx, price, currency)
        return currency
    own = str(prices[0]["currency"])
    return own if all(own in currencies_of(tx, price) for price in prices) else None


def _unsupported(known: list[str], currency: str) -> str:
    if len(known) == 1:
        return (
            f"The price specified only supports `{known[0]}`. This doesn't match the expected currency: `{currency}`."
        )
    named = ", ".join(f"`{each}`" for each in known)
    return (
        f"The price specified supports currencies of {named} which doesn't include the expected currency of "
        f"`{currency}`."
    )
