"""Where each object's page is, and what it is called there."""

from flask import url_for

from stripe_emulator.hosted.dashboard.kinds import BY_OBJECT
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.state.store import Json

#: What kind of object an id belongs to, by its prefix.
PREFIXES = {
    "cus_": "customer",
    "sub_sched_": "subscription_schedule",
    "sub_": "subscription",
    "in_": "invoice",
    "pi_": "payment_intent",
    "seti_": "setup_intent",
    "ch_": "charge",
    "prod_": "product",
    "price_": "price",
    "cs_": "checkout.session",
    "evt_": "event",
    "pm_": "payment_method",
    "re_": "refund",
    "du_": "dispute",
    "we_": "webhook_endpoint",
    "bps_": "billing_portal.session",
    "bpc_": "billing_portal.configuration",
    "promo_": "promotion_code",
    "ii_": "invoiceitem",
    "inpay_": "invoice_payment",
    "txn_": "balance_transaction",
    "txr_": "tax_rate",
    "feat_": "entitlements.feature",
    "clock_": "test_helpers.test_clock",
    "acct_": "account",
    "cn_": "credit_note",
}


def kind_of(id: str) -> str | None:
    """Return the kind of object an id belongs to."""
    return next((kind for prefix, kind in PREFIXES.items() if id.startswith(prefix)), None)


def page_of(id: str | None, kind: str | None = None) -> str | None:
    """Return the address of an object's page; ids that somebody chose need their kind told."""
    kind = kind or (kind_of(id) if id else None)
    return url_for("dashboard.show_object", kind=kind, id=id) if id and kind in BY_OBJECT else None


def person(id: str | None) -> str | None:
    """Return the email of the customer with this id, or of the one whom the object with it belongs to."""
    kind = kind_of(id or "")
    with current_store().read() as tx:
        found = tx.get(kind, str(id)) if kind else None
        owner = (found or {}).get("customer")
        customer = tx.get("customer", owner) if isinstance(owner, str) else found
    return customer.get("email") or customer.get("name") if customer and customer["object"] == "customer" else None


def title_of(obj: Json) -> str:
    """Return the words a person would know the object by."""
    if obj["object"] == "event":
        return str(obj["type"])
    kind = BY_OBJECT.get(obj["object"])
    name = kind.one if kind else obj["object"].rpartition(".")[2].replace("_", " ").capitalize()
    known = obj.get("email") or obj.get("name") or obj.get("number")
    return f"{name} {known}" if isinstance(known, str) and known else name
