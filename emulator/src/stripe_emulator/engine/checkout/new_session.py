"""A new Checkout Session as an object, from its parameters."""

from stripe_emulator.engine.checkout.managed_payments import is_managed
from stripe_emulator.engine.checkout.session_items import KIND
from stripe_emulator.engine.invoices import automatic_tax
from stripe_emulator.engine.links import checkout_url
from stripe_emulator.engine.settings import setting
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

#: Parameters that the session shows as they were given.
AS_GIVEN = (
    "allow_promotion_codes",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer_email",
    "integration_identifier",
    "locale",
    "mode",
    "origin_context",
    "submit_type",
    "success_url",
)


def build_session(tx: Transaction, params: Json, customer: Json | None, currency: str) -> Json:
    """Return an open session; what it sells and costs is still to come."""
    session_id, now = ids.new_id(KIND), tx.now()
    hosted = params.get("ui_mode") in (None, "hosted_page")
    session: Json = {
        "id": session_id,
        "object": KIND,
        "client_secret": None if hosted else f"{session_id}_secret_{ids.random_text(40)}",
        "created": now,
        "currency": currency,
        "customer": customer["id"] if customer else None,
        "customer_details": customer_details(customer, params.get("customer_email")),
        "expires_at": params.get("expires_at") or now + setting(tx, "session_expires_seconds"),
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "payment_status": "no_payment_required" if params["mode"] == "setup" else "unpaid",
        "status": "open",
        "ui_mode": params.get("ui_mode") or "hosted_page",
        "url": checkout_url(tx, session_id) if hosted else None,
        **{name: params.get(name) for name in AS_GIVEN},
        **_options(params, customer, currency),
        **_managed(tx, params),
    }
    if params.get("return_url"):
        session["return_url"] = params["return_url"]
    return session


def customer_details(customer: Json | None, email: str | None) -> Json | None:
    """Return what the session knows of who pays."""
    known = customer or {}
    if not customer and not email:
        return None
    return {
        "address": known.get("address"),
        "business_name": None,
        "email": known.get("email") or email,
        "individual_name": None,
        "name": known.get("name"),
        "phone": known.get("phone"),
        "tax_exempt": known.get("tax_exempt") or "none",
        "tax_ids": None,
    }


def _options(params: Json, customer: Json | None, currency: str) -> Json:
    return {
        "adaptive_pricing": {"enabled": False},
        "after_expiration": _after_expiration(params.get("after_expiration")),
        "allowed_payment_method_types": _method_types(params, currency),
        "automatic_tax": automatic_tax.of_session(params.get("automatic_tax")),
        "consent_collection": _consent(params.get("consent_collection")),
        "custom_fields": [],
        "custom_text": _custom_text(params.get("custom_text")),
        "customer_creation": _customer_creation(params, customer),
        "invoice_creation": _invoice_creation(params) if params["mode"] == "payment" else None,
        "payment_method_collection": params.get("payment_method_collection")
        or ("if_required" if params["mode"] == "payment" else "always"),
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": _method_types(params, currency),
        "phone_number_collection": {"enabled": _is_on(params, "phone_number_collection")},
        "saved_payment_method_options": _saved_options(params, customer),
        "shipping_options": [],
        "tax_id_collection": {"enabled": _is_on(params, "tax_id_collection"), "required": "never"},
    }


def _managed(tx: Transaction, params: Json) -> Json:
    """Return whether Stripe sells in its own name; if it does, the tax is its affair too."""
    managed = is_managed(tx, params)
    tax = {"automatic_tax": automatic_tax.of_session({"enabled": True})} if managed else {}
    return {"managed_payments": {"enabled": managed}, **tax}


def _is_on(params: Json, name: str) -> bool:
    return bool((params.get(name) or {}).get("enabled"))


def _method_types(params: Json, currency: str) -> list[str]:
    given = params.get("allowed_payment_method_types") or params.get("payment_method_types")
    excluded = params.get("excluded_payment_method_types") or []
    usual = ["card", "sepa_debit"] if currency == "eur" else ["card"]
    return [kind for kind in given or usual if kind not in excluded]


def _customer_creation(params: Json, customer: Json | None) -> str | None:
    if customer is not None or params["mode"] == "subscription":
        return "always" if customer is None else None
    return str(params.get("customer_creation") or "if_required")


def _invoice_creation(params: Json) -> Json:
    given = params.get("invoice_creation") or {}
    data = given.get("invoice_data") or {}
    return {
        "enabled": bool(given.get("enabled")),
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": data.get("description"),
            "footer": data.get("footer"),
            "issuer": None,
            "metadata": data.get("metadata") or {},
            "rendering_options": None,
        },
    }


def _after_expiration(given: Json | None) -> Json | None:
    recovery = (given or {}).get("recovery")
    if not recovery:
        return None
    allowed = bool(recovery.get("allow_promotion_codes"))
    return {
        "recovery": {
            "allow_promotion_codes": allowed,
            "enabled": recovery["enabled"],
            "expires_at": None,
            "url": None,
        }
    }


def _consent(given: Json | None) -> Json | None:
    if not given:
        return None
    return {
        "payment_method_reuse_agreement": given.get("payment_method_reuse_agreement"),
        "promotions": given.get("promotions"),
        "terms_of_service": given.get("terms_of_service"),
    }


def _custom_text(given: Json | None) -> Json:
    names = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    return {name: (given or {}).get(name) or None for name in names}


def _saved_options(params: Json, customer: Json | None) -> Json | None:
    if customer is None:
        return None
    given = params.get("saved_payment_method_options") or {}
    return {
        "allow_redisplay_filters": given.get("allow_redisplay_filters") or ["always"],
        "payment_method_remove": given.get("payment_method_remove"),
        "payment_method_save": given.get("payment_method_save"),
    }
