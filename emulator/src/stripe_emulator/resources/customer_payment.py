"""How a customer pays: payment methods, sources, tax ids and discounts given with the customer itself."""

from stripe_emulator.api import errors
from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.invoices import discounts
from stripe_emulator.engine.payments import payment_methods
from stripe_emulator.resources import tax_ids
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def apply(tx: Transaction, customer: Json, params: Json) -> None:
    """Carry out what the parameters say about paying."""
    attached = _attach(tx, customer, params.get("payment_method"))
    wanted = params.get("invoice_settings", {}).get("default_payment_method")
    if wanted:
        _set_default(tx, customer, wanted, attached if wanted == params.get("payment_method") else wanted)
    if params.get("source"):
        add_source(tx, customer["id"], params["source"])
    if params.get("default_source"):
        _set_default_source(tx, customer["id"], params["default_source"])
    for entry in params.get("tax_id_data", []):
        tax_ids.add(tx, customer["id"], entry["type"], entry["value"])
    if params.get("coupon") or params.get("promotion_code"):
        _discount(tx, customer["id"], params)
    elif params.get("coupon") == "":
        remove_discount(tx, tx.require("customer", customer["id"]))


def add_source(tx: Transaction, customer_id: str, token: str) -> Json:
    """Add a card the old way, by token; it becomes the default if it is the first."""
    made = payment_methods.resolve(tx, token, "source")
    payment_methods.attach(tx, made, customer_id)
    card = _card(tx, made, customer_id)
    # A card added the old way goes by one id as a source and as a payment method.
    hidden = tx.hidden("payment_method", made["id"])
    tx.delete("payment_method", made["id"])
    tx.insert({**made, "id": card["id"]})
    tx.set_hidden("payment_method", card["id"], hidden)
    tx.insert(card)
    tx.emit("customer.source.created", card)
    if tx.require("customer", customer_id)["default_source"] is None:
        _set_default_source(tx, customer_id, card["id"])
    return card


def remove_discount(tx: Transaction, customer: Json) -> Json | None:
    """Take the customer's discount away and return it."""
    discount: Json | None = customer.get("discount")
    if discount is not None:
        with changing(tx, "customer.updated", customer):
            customer["discount"] = None
        timers.clear_timer(tx, "end_discount", discount["id"])
        tx.emit("customer.discount.deleted", discount)
    return discount


def _attach(tx: Transaction, customer: Json, given: str | None) -> str | None:
    if not given:
        return None
    payment_method = payment_methods.resolve(tx, given)
    return str(payment_methods.attach(tx, payment_method, customer["id"])["id"])


def _set_default(tx: Transaction, customer: Json, given: str, id: str | None) -> None:
    payment_method = tx.get("payment_method", id or "")
    if payment_method is None or payment_method["customer"] != customer["id"]:
        raise errors.invalid_request(
            f"The customer does not have a payment method with the ID {given}. "
            "The payment method must be attached to the customer.",
            "invoice_settings[default_payment_method]",
            "resource_missing",
        )
    payment_methods.set_customer_default(tx, customer["id"], payment_method["id"])


def _set_default_source(tx: Transaction, customer_id: str, card_id: str) -> None:
    card = tx.require("card", card_id, "default_source")
    customer = tx.require("customer", customer_id)
    with changing(tx, "customer.updated", customer):
        customer["default_source"] = card["id"]


def _discount(tx: Transaction, customer_id: str, params: Json) -> None:
    given = {name: params[name] for name in ("coupon", "promotion_code") if params.get(name)}
    customer = tx.require("customer", customer_id)
    held = customer["discount"]
    discount = discounts.redeem(tx, given, customer=customer_id, param="discounts", instead_of=held)
    with changing(tx, "customer.updated", customer):
        customer["discount"] = discount


def _card(tx: Transaction, payment_method: Json, customer_id: str) -> Json:
    known = payment_method["card"]
    same = (
        "brand",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "regulated_status",
    )
    return {
        "id": ids.new_id("card"),
        "object": "card",
        "customer": customer_id,
        "cvc_check": "pass",
        "metadata": {},
        **{name: known[name] for name in same},
    }
