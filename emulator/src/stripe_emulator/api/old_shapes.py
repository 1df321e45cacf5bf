"""Objects as older API versions have them, in events and answers: fields where they were before they moved."""

import copy
from collections.abc import Callable
from typing import Any

from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction

#: The release that took periods off subscriptions and payments off invoices, and the one that moved coupons.
_BASIL = "2025-03-31"
_CLOVER = "2025-09-30"
_DAHLIA = "2026-03-25"
_UI_MODES = {"hosted_page": "hosted", "embedded_page": "embedded", "elements": "custom"}

Change = Callable[[Transaction, Json], None]


def at_version(tx: Transaction, event: Json, api_version: str | None) -> Json:
    """Return the event in the shape of this API version."""
    version = api_version or event["api_version"]
    obj = shaped(tx, event["data"]["object"], version)
    return {**event, "api_version": version, "data": {**event["data"], "object": obj}}


def shaped(tx: Transaction, obj: Json, version: str) -> Json:
    """Return the answer to a request in the shape of this API version; events stay as they were told."""
    changes = [change for before, change in _CHANGES if version[:10] < before]
    if not changes or _is_of_events(obj):
        return obj
    obj = copy.deepcopy(obj)
    for change in changes:
        _everywhere(tx, obj, change)
    return obj


def _is_of_events(obj: Json) -> bool:
    kind = obj["data"][0].get("object") if obj.get("object") == "list" and obj["data"] else obj.get("object")
    return kind == "event"


def _everywhere(tx: Transaction, value: Any, change: Change) -> None:
    """Apply the change to the object and to everything inside it."""
    if isinstance(value, dict):
        change(tx, value)
        for inner in list(value.values()):
            _everywhere(tx, inner, change)
    elif isinstance(value, list):
        for one in value:
            _everywhere(tx, one, change)


def _before_dahlia(tx: Transaction, obj: Json) -> None:
    if obj.get("object") == "checkout.session" and "ui_mode" in obj:
        obj["ui_mode"] = _UI_MODES.get(obj["ui_mode"], obj["ui_mode"])


def _before_clover(tx: Transaction, obj: Json) -> None:
    if obj.get("object") == "discount" and "source" in obj:
        obj["coupon"] = _coupon(tx, obj.pop("source"))
    elif obj.get("object") == "promotion_code" and "promotion" in obj:
        obj["coupon"] = _coupon(tx, obj.pop("promotion"))


def _before_basil(tx: Transaction, obj: Json) -> None:
    change = _BEFORE_BASIL.get(obj.get("object", ""))
    if change and not obj.get("deleted"):
        change(tx, obj)


def _subscription(tx: Transaction, subscription: Json) -> None:
    items = subscription["items"]["data"]
    for name in ("current_period_start", "current_period_end"):
        subscription[name] = next((item[name] for item in items if name in item), None)
        for item in items:
            item.pop(name, None)
    discounts = subscription.get("discounts") or []
    subscription["discount"] = tx.get("discount", id_of(discounts[0])) if discounts else None


def _invoice(tx: Transaction, invoice: Json) -> None:
    details = (invoice.pop("parent", None) or {}).get("subscription_details") or {}
    payments = tx.find("invoice_payment", invoice=invoice["id"]) if invoice.get("id") else []
    intent_id = next((one["payment"].get("payment_intent") for one in payments), None)
    intent = tx.get("payment_intent", id_of(intent_id)) if intent_id else None
    invoice["subscription"] = id_of(details.get("subscription"))
    invoice["subscription_details"] = {"metadata": details.get("metadata")}
    invoice["payment_intent"] = intent["id"] if intent else None
    invoice["charge"] = id_of(intent["latest_charge"]) if intent else None
    invoice["paid"] = invoice["status"] == "paid"
    invoice["tax"] = sum(tax["amount"] for tax in invoice.pop("total_taxes", None) or []) or None
    invoice["discount"] = None


def _line(tx: Transaction, line: Json) -> None:
    parent = line.pop("parent", None) or {}
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    price = ((line.pop("pricing", None) or {}).get("price_details") or {}).get("price")
    line["type"] = "subscription" if parent.get("type") == "subscription_item_details" else "invoiceitem"
    line["price"] = tx.get("price", id_of(price)) if price else None
    line["proration"] = bool(details.get("proration"))
    line["subscription"] = id_of(details.get("subscription"))
    line["subscription_item"] = details.get("subscription_item")


def _payment(tx: Transaction, payment: Json) -> None:
    own_id = payment["id"] if payment["object"] == "payment_intent" else id_of(payment["payment_intent"])
    paid = [one for one in tx.find("invoice_payment") if own_id and own_id == one["payment"].get("payment_intent")]
    payment["invoice"] = paid[0]["invoice"] if paid else None


def _coupon(tx: Transaction, holder: Json) -> Json | None:
    coupon = holder.get("coupon")
    return tx.get("coupon", id_of(coupon)) if coupon else None


_BEFORE_BASIL: dict[str, Change] = {
    "subscription": _subscription,
    "invoice": _invoice,
    "line_item": _line,
    "payment_intent": _payment,
    "charge": _payment,
}
# The discount that the first puts back is put into its old shape by the second.
_CHANGES: tuple[tuple[str, Change], ...] = (
    (_BASIL, _before_basil),
    (_CLOVER, _before_clover),
    (_DAHLIA, _before_dahlia),
)
