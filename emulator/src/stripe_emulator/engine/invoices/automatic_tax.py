"""Stripe Tax, switched on or off: it collects only where a business is registered, and nobody is registered here.

So it adds nothing, as with a new Stripe account, and says that it is done.
"""

from stripe_emulator.state.documents import Json


def of_subscription(given: Json | None) -> Json:
    """Return a subscription's `automatic_tax`."""
    enabled = bool((given or {}).get("enabled"))
    return {"disabled_reason": None, "enabled": enabled, "liability": {"type": "self"} if enabled else None}


def of_invoice(given: Json | None) -> Json:
    """Return an invoice's `automatic_tax`."""
    return {"disabled_reason": None, **of_session(given), **_status(given, "complete")}


def of_session(given: Json | None) -> Json:
    """Return the `automatic_tax` of a Checkout Session, which learns on its page where the customer is."""
    enabled = bool((given or {}).get("enabled"))
    return {
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        **_status(given, "requires_location_inputs"),
    }


def _status(given: Json | None, status: str) -> Json:
    return {"status": status if (given or {}).get("enabled") else None}
