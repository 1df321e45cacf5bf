"""Where Stripe's dashboard shows an object: its own, or the emulator's."""

from urllib.parse import quote

from flask import current_app

from app.billing.gateway.account import known_scope

DASHBOARD = "https://dashboard.stripe.com"
# By how an id begins: https://docs.stripe.com/dashboard/basics
PAGES = {
    "cus_": "customers",
    "sub_": "subscriptions",
    "in_": "invoices",
    "pi_": "payments",
    "ch_": "payments",
    "py_": "payments",
    "evt_": "events",
    "prod_": "products",
    "price_": "prices",
    "acct_": "connect/accounts",
}
# What has no page of its own is found by the dashboard's search.
FOUND = ("cs_", "dp_", "du_", "re_", "pyr_", "si_", "seti_", "promo_")


def stripe_link(object_id: str | None) -> str | None:
    """The address of an object's page in the dashboard of the account in use; None for what is none of Stripe's."""
    start = f"{(object_id or '').partition('_')[0]}_"
    if object_id is None or (start not in PAGES and start not in FOUND):
        return None
    settings = current_app.extensions["settings"]
    if settings.uses_emulator or settings.stripe_base_is_local:
        return f"{settings.stripe_base}/dashboard/search?q={quote(object_id)}"
    scope = known_scope()
    account = f"/{scope.stripe_account}" if scope and scope.is_connected else ""
    page = f"{PAGES[start]}/{quote(object_id)}" if start in PAGES else f"search?query={quote(object_id)}"
    return f"{DASHBOARD}{account}{'' if settings.livemode else '/test'}/{page}"
