"""The kinds of object that can be browsed, and what a list shows of each."""

from dataclasses import dataclass

from stripe_emulator.hosted.dashboard.columns import (
    ABOUT,
    CLOCK,
    CREATED,
    CUSTOMER,
    METHOD,
    OFF,
    PLAN,
    PRICE,
    STATUS,
    Column,
    badge,
    link,
    money,
    text,
)


@dataclass(frozen=True)
class Kind:
    """One kind of object: its Stripe name, what one is called, its columns, and whether the navigation has it."""

    object: str
    one: str
    columns: tuple[Column, ...]
    many: str = ""
    empty: str = "None yet."
    in_navigation: bool = False

    @property
    def title(self) -> str:
        """What several are called."""
        return self.many or f"{self.one}s"

    @property
    def slug(self) -> str:
        """The list's place in its address."""
        return self.title.lower().replace(" ", "-")


FIRST_CUSTOMER = "No customers yet. The first appears when somebody starts a checkout."

_TABLE = (
    Kind("customer", "Customer", (text("E-mail", "email"), text("Name", "name"), CREATED), "", FIRST_CUSTOMER, True),
    Kind("subscription", "Subscription", (STATUS, PLAN, CUSTOMER, CREATED), in_navigation=True),
    Kind(
        "invoice",
        "Invoice",
        (text("Number", "number"), STATUS, money("Total", "total"), CUSTOMER, CREATED),
        in_navigation=True,
    ),
    Kind("payment_intent", "Payment", (STATUS, money("Amount", "amount"), CUSTOMER, CREATED), in_navigation=True),
    Kind("product", "Product", (text("Name", "name"), CREATED), in_navigation=True),
    Kind("price", "Price", (PRICE, text("Lookup key", "lookup_key"), link("Product", "product")), in_navigation=True),
    Kind(
        "checkout.session",
        "Checkout session",
        (STATUS, money("Total", "amount_total"), CUSTOMER, CREATED),
        in_navigation=True,
    ),
    Kind("event", "Event", (text("Type", "type"), ABOUT, CREATED), in_navigation=True),
    Kind("charge", "Charge", (STATUS, money("Amount", "amount"), CUSTOMER, CREATED)),
    Kind("refund", "Refund", (STATUS, money("Amount", "amount"), link("Charge", "charge"), CREATED)),
    Kind("dispute", "Dispute", (STATUS, money("Amount", "amount"), link("Charge", "charge"), CREATED)),
    Kind("payment_method", "Payment method", (METHOD, CUSTOMER, CREATED)),
    Kind("setup_intent", "Setup intent", (STATUS, CUSTOMER, CREATED)),
    Kind("coupon", "Coupon", (text("Name", "name"), OFF, text("Duration", "duration"), CREATED)),
    Kind("promotion_code", "Promotion code", (text("Code", "code"), CUSTOMER, CREATED)),
    Kind("invoiceitem", "Invoice item", (money("Amount", "amount"), link("Invoice", "invoice"), CUSTOMER)),
    Kind("invoice_payment", "Invoice payment", (STATUS, money("Paid", "amount_paid"), link("Invoice", "invoice"))),
    Kind("credit_note", "Credit note", (STATUS, money("Amount", "amount"), link("Invoice", "invoice"), CREATED)),
    Kind("subscription_schedule", "Schedule", (STATUS, link("Subscription", "subscription"), CREATED)),
    Kind("balance_transaction", "Balance transaction", (text("Type", "type"), money("Amount", "amount"), CREATED)),
    Kind("tax_rate", "Tax rate", (text("Name", "display_name"), CREATED)),
    Kind("entitlements.feature", "Feature", (text("Name", "name"), text("Lookup key", "lookup_key"))),
    Kind("billing_portal.configuration", "Portal configuration", (text("Name", "name"), CREATED)),
    Kind("billing_portal.session", "Portal session", (CUSTOMER, CREATED)),
    Kind("test_helpers.test_clock", "Test clock", (text("Name", "name"), badge("Status"), CLOCK)),
    Kind("webhook_endpoint", "Webhook endpoint", (text("Address", "url"), STATUS, CREATED)),
    Kind("account", "Account", (text("E-mail", "email"), CREATED)),
)
KINDS = {kind.slug: kind for kind in _TABLE}
BY_OBJECT = {kind.object: kind for kind in _TABLE}
