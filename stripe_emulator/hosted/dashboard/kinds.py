"""The kinds of object that can be browsed, and what a list shows of each."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import url_for

from stripe_emulator.hosted.money import format_amount, format_price
from stripe_emulator.hosted.templating import format_moment
from stripe_emulator.store import Json


@dataclass(frozen=True)
class Column:
    """One column of a list; `shape` says how its cells are set."""

    label: str
    cell: Callable[[Json], str | None]
    shape: str = "text"


@dataclass(frozen=True)
class Kind:
    """One kind of object: its address, its Stripe name, its title and its columns."""

    slug: str
    object: str
    title: str
    one: str
    columns: tuple[Column, ...]
    empty: str = "None yet."


def _money(key: str) -> Callable[[Json], str]:
    return lambda each: format_amount(each.get(key), each.get("currency"))


def _text(key: str) -> Callable[[Json], str | None]:
    return lambda each: each.get(key)


def _product(each: Json) -> str:
    product = each["product"]
    return str(product if isinstance(product, str) else product["id"])


def _plan(each: Json) -> str:
    return ", ".join(format_price(item["price"], item.get("quantity") or 1) for item in each["items"]["data"])


CREATED = Column("Created", lambda each: format_moment(each.get("created")))
STATUS = Column("Status", _text("status"), "badge")
CUSTOMER = Column("Customer", _text("customer"), "id")

_TABLE = (
    Kind(
        "customers",
        "customer",
        "Customers",
        "Customer",
        (Column("Email", _text("email")), Column("Name", _text("name")), CREATED),
        "No customers yet. The first appears when somebody starts a checkout.",
    ),
    Kind(
        "subscriptions",
        "subscription",
        "Subscriptions",
        "Subscription",
        (STATUS, Column("Plan", _plan), CUSTOMER, CREATED),
    ),
    Kind(
        "invoices",
        "invoice",
        "Invoices",
        "Invoice",
        (
            Column("Number", _text("number")),
            STATUS,
            Column("Total", _money("total"), "figure"),
            CUSTOMER,
            CREATED,
        ),
    ),
    Kind(
        "payments",
        "payment_intent",
        "Payments",
        "Payment",
        (STATUS, Column("Amount", _money("amount"), "figure"), CUSTOMER, CREATED),
    ),
    Kind("products", "product", "Products", "Product", (Column("Name", _text("name")), CREATED)),
    Kind(
        "prices",
        "price",
        "Prices",
        "Price",
        (
            Column("Price", format_price, "figure"),
            Column("Lookup key", _text("lookup_key")),
            Column("Product", _product, "id"),
        ),
    ),
    Kind(
        "checkout-sessions",
        "checkout.session",
        "Checkout sessions",
        "Checkout session",
        (STATUS, Column("Total", _money("amount_total"), "figure"), CUSTOMER, CREATED),
    ),
    Kind(
        "events",
        "event",
        "Events",
        "Event",
        (
            Column("Type", _text("type")),
            Column("Object", lambda each: each["data"]["object"].get("id"), "id"),
            CREATED,
        ),
    ),
)
KINDS = {kind.slug: kind for kind in _TABLE}
BY_OBJECT = {kind.object: kind for kind in _TABLE}

#: Kinds that have a page but no list of their own, by the prefix of their ids.
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
    "clock_": "test_helpers.test_clock",
    "acct_": "account",
    "cn_": "credit_note",
}


def kind_of(id: str) -> str | None:
    """Return the kind of object an id belongs to."""
    return next((kind for prefix, kind in PREFIXES.items() if id.startswith(prefix)), None)


def page_of(id: str | None) -> str | None:
    """Return the address of an object's page."""
    kind = kind_of(id) if id else None
    return url_for("dashboard.show_object", kind=kind, id=id) if kind else None


def title_of(obj: Json) -> str:
    """Return the words a person would know the object by."""
    kind = BY_OBJECT.get(obj["object"])
    name = kind.one if kind else obj["object"].rpartition(".")[2].replace("_", " ").capitalize()
    if obj["object"] == "event":
        return str(obj["type"])
    known = obj.get("email") or obj.get("name") or obj.get("number")
    return f"{name} {known}" if isinstance(known, str) and known else name
