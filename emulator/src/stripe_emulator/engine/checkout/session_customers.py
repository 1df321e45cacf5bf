"""Who pays a Checkout Session: the customer it was made for, or a new one."""

from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.checkout.session_items import KIND
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def customer_for(tx: Transaction, session: Json, payment_method: Json | None, details: Json) -> Json | None:
    """Return the customer who pays, made now if the session needs one; None if it needs none."""
    if session["customer"]:
        return _update_customer(tx, session, details)
    saves = bool((tx.hidden(KIND, session["id"]).get("payment_intent_data") or {}).get("setup_future_usage"))
    invoiced = bool((session["invoice_creation"] or {}).get("enabled"))
    wanted = session["mode"] == "subscription" or session["customer_creation"] == "always" or saves or invoiced
    if not wanted:
        return None
    # The one way of making a customer is the API's own; it is imported here because it imports this package.
    from stripe_emulator.resources import customers

    billing_details = (payment_method or {}).get("billing_details") or {}
    known = {key: details.get(key) or billing_details.get(key) for key in ("email", "name", "phone", "address")}
    known["email"] = session["customer_email"] or known["email"]
    customer: Json = customers.build(tx, {key: value for key, value in known.items() if value})
    return customer


def _update_customer(tx: Transaction, session: Json, details: Json) -> Json:
    customer = tx.require("customer", session["customer"])
    wanted = tx.hidden(KIND, session["id"]).get("customer_update") or {}
    changes = {key: details[key] for key in ("name", "address") if wanted.get(key) == "auto" and details.get(key)}
    if not customer.get("email") and details.get("email"):
        changes["email"] = details["email"]
    if changes:
        with changing(tx, "customer.updated", customer):
            customer.update(changes)
    return customer
