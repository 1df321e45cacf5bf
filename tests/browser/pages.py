"""The addresses of the pages that the browser tests and the screenshots go through, by name."""

from stripe_emulator import Emulator

from app.config.settings import ROOT
from tests.people import Person
from tests.stripe_actions import Stripe

PUBLIC = {
    "landing": "/",
    "pricing": "/pricing",
    "pricing-yearly": "/pricing?interval=year",
    "signup": "/signup",
    "login": "/login",
    "forgot-password": "/forgot-password",
    "terms": "/terms",
    "privacy": "/privacy",
    "not-found": "/no-such-page",
    "components": "/dev/components",
}
SIGNED_IN = {
    "dashboard": "/dashboard",
    "dashboard-pro": "/dashboard/pro",
    "pricing-subscriber": "/pricing",
    "delete-account": "/account/delete",
    "invoices": "/account/invoices",
    "security": "/account/security",
    "confirm": "/account/security/confirm",
    "authenticator": "/account/security/authenticator",
    "passkey": "/account/security/passkeys/new",
    "activity": "/account/activity",
    "data": "/account/data",
    "tokens": "/account/tokens",
}
ADMIN = {
    "admin": "/admin/",
    "admin-users": "/admin/users",
    "admin-subscriptions": "/admin/subscriptions",
    "admin-orders": "/admin/orders",
    "admin-payments": "/admin/payments",
    "admin-connection": "/admin/connection",
    "admin-events": "/admin/events",
    "admin-audit": "/admin/audit",
    "admin-figures": "/admin/figures",
    "admin-figure": "/admin/figures/paying",
    "admin-codes": "/admin/codes",
    "admin-announcements": "/admin/announcements",
}
# Shown to who works on the site, and not among the pictures.
UNSEEN = {"mail": "/dev/mail", "setup": "/setup"}
EMULATOR_UNSEEN = {
    f"emulator-{name}": f"/dashboard/{name}"
    for name in ("customers", "invoices", "payments", "products", "prices", "checkout-sessions", "portal", "reset")
} | {"emulator-search": "/dashboard/search?q=alice"}
if not (ROOT / "app/auth/factors").exists():
    del SIGNED_IN["authenticator"], SIGNED_IN["passkey"]
if not (ROOT / "app/api").exists():
    del SIGNED_IN["tokens"]
if not (ROOT / "app/admin").exists():
    ADMIN = {}
EMULATOR = {
    "emulator": "/",
    "emulator-keys": "/dashboard/keys",
    "emulator-events": "/dashboard/events",
    "emulator-subscriptions": "/dashboard/subscriptions",
    "emulator-webhooks": "/dashboard/webhooks",
    "emulator-time": "/dashboard/time",
    "emulator-chaos": "/dashboard/chaos",
}


def hosted_pages(subscriber: Person, buyer: Person, emulator: Emulator, at_stripe: Stripe) -> dict[str, str]:
    """The addresses of Checkout, the portal and its steps, an invoice, and the pages of single objects, by name."""
    checkout = buyer.buy("pro").location
    portal = subscriber.post("/account/portal").location
    subscription, invoice = at_stripe.subscriptions()[-1], at_stripe.invoices()[-1]
    plan = f"{portal}/subscriptions/{subscription['id']}"
    objects = {"subscription": subscription["id"], "customer": subscription["customer"], "invoice": invoice["id"]}
    objects["event"] = at_stripe.events()[-1]["id"]
    return {
        "checkout": checkout,
        "portal": portal,
        "portal-cancel": f"{plan}/cancel",
        "portal-update": f"{plan}/update",
        "portal-card": f"{portal}/payment-methods/add",
        "hosted-invoice": invoice["hosted_invoice_url"],
        **{f"object-{kind}": f"{emulator.url}/dashboard/object/{kind}/{id}" for kind, id in objects.items()},
        "delivery": f"{emulator.url}/dashboard/webhooks/deliveries/1",
    }
