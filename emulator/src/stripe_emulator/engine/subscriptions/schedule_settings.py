"""What a schedule says of its subscription beside the items: its default settings, and what a phase has of its own."""

from stripe_emulator.engine.invoices import automatic_tax
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction

_PLAIN = ("collection_method", "default_payment_method", "description")


def default_settings(given: Json | None, current: Json | None = None) -> Json:
    """Return a schedule's `default_settings` after those given."""
    given, current = given or {}, current or {}
    invoice_settings = {
        "account_tax_ids": None,
        "custom_fields": None,
        "days_until_due": None,
        "issuer": {"type": "self"},
    }
    return {
        "automatic_tax": automatic_tax.of_subscription(given.get("automatic_tax")),
        "billing_cycle_anchor": "automatic",
        "collection_method": "charge_automatically",
        **current,
        **{name: given[name] or None for name in _PLAIN if name in given},
        "invoice_settings": {
            **invoice_settings,
            **(current.get("invoice_settings") or {}),
            **(given.get("invoice_settings") or {}),
        },
    }


def phase_settings(entry: Json) -> Json:
    """Return what an entry of `phases` says for its own phase."""
    discounts = entry.get("discounts") or []
    given = {name: entry.get(name) or None for name in _PLAIN}
    return {
        **given,
        "discounts": [
            {name: each.get(name) for name in ("coupon", "discount", "promotion_code")} for each in discounts
        ],
        "invoice_settings": entry.get("invoice_settings"),
    }


def subscription_params(tx: Transaction, schedule: Json, phase: Json, held: list[str] | None = None) -> Json:
    """Return these settings as the parameters of a subscription that has the discounts `held` already."""
    own, shared = phase, schedule["default_settings"]
    days = [(each.get("invoice_settings") or {}).get("days_until_due") for each in (own, shared)]
    params = {
        **{name: own.get(name) or shared.get(name) for name in _PLAIN},
        "automatic_tax": {"enabled": True} if shared["automatic_tax"]["enabled"] else None,
        "days_until_due": next(filter(None, days), None),
        "metadata": own["metadata"],
    }
    # A phase that names no discounts has none of its own: what the subscription has does not go on by itself.
    named = [_kept(tx, entry, held or []) for entry in own["discounts"]]
    return {**{name: value for name, value in params.items() if value}, "discounts": named}


def _kept(tx: Transaction, entry: Json, held: list[str]) -> Json:
    """Return the discount that the subscription has of this coupon already, or the entry to be redeemed."""
    for discount_id in () if entry["discount"] else held:
        discount = tx.require("discount", discount_id)
        if id_of(discount["source"]["coupon"]) == entry["coupon"]:
            return {"discount": discount_id}
    return {name: value for name, value in entry.items() if value}
