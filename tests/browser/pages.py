"""The addresses of the pages that the browser tests and the screenshots go through, by name."""

from app.config.settings import ROOT

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
    "admin-events": "/admin/events",
    "admin-audit": "/admin/audit",
    "admin-figures": "/admin/figures",
    "admin-figure": "/admin/figures/paying",
    "admin-codes": "/admin/codes",
    "admin-announcements": "/admin/announcements",
}
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
