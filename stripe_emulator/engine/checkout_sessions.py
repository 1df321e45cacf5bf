"""Checkout Sessions: created, given a promotion code, expired."""

from stripe_emulator import ids
from stripe_emulator.api import errors
from stripe_emulator.documents import Json
from stripe_emulator.engine import discounts, timers
from stripe_emulator.engine.links import checkout_url
from stripe_emulator.engine.session_items import KIND, build_items, session_sums
from stripe_emulator.engine.session_rules import check_amount, check_params, check_prices
from stripe_emulator.engine.settings import DAY, setting
from stripe_emulator.engine.subscription_settings import trial_settings
from stripe_emulator.transaction import Transaction

#: What of the parameters is needed when the session completes.
KEPT = (
    "subscription_data",
    "payment_intent_data",
    "setup_intent_data",
    "invoice_creation",
    "customer_update",
)


def create_session(tx: Transaction, params: Json) -> Json:
    """Create an open session; nothing else exists before it is paid."""
    check_params(tx, params)
    customer = tx.require("customer", params["customer"], "customer") if params.get("customer") else None
    items = build_items(tx, params.get("line_items") or [])
    mode = params["mode"]
    currency = (
        check_prices(mode, [item["price"] for item in items])
        if items
        else (params.get("currency") or "usd").lower()
    )
    coupons, entries = _discounts(tx, params, currency)
    session = _build(tx, params, customer, currency)
    sums = session_sums(tx, items, coupons, trial=has_trial(params))
    if mode != "setup":
        session.update(sums)
        check_amount(mode, sums["amount_total"], currency, bool(coupons))
    session["discounts"] = entries
    tx.insert(session)
    hidden: Json = {key: params[key] for key in KEPT if key in params}
    tx.set_hidden(KIND, session["id"], {**hidden, "line_items": items, "coupons": coupons, "tried": 0})
    timers.set_timer(tx, "expire_session", session["id"], session["expires_at"])
    return session


def expire_session(tx: Transaction, session: Json) -> Json:
    """Close an open session without payment and emit `checkout.session.expired`."""
    timers.clear_timer(tx, "expire_session", session["id"])
    session.update(status="expired", url=None)
    recovery = (session["after_expiration"] or {}).get("recovery")
    if recovery and recovery["enabled"]:
        recovery.update(expires_at=tx.now() + 30 * DAY, url=f"{checkout_url(tx, session['id'])}/recover")
    tx.save(session)
    tx.emit("checkout.session.expired", session)
    return session


def apply_promotion_code(tx: Transaction, session: Json, code: str) -> Json:
    """Take the code that was typed on the page off what is due, or refuse it."""
    promotion_code = discounts.find_promotion_code(tx, code)
    if promotion_code is None or not session["allow_promotion_codes"]:
        raise errors.invalid_request("This code is invalid.", "promotion_code", "promotion_code_invalid")
    coupon, _ = discounts.resolve(tx, {"promotion_code": promotion_code["id"]}, "promotion_code")
    discounts.check_restrictions(
        tx, promotion_code, session["customer"], session["amount_subtotal"], session["currency"]
    )
    _check_currency(coupon, session["currency"])
    entry = {"coupon": None, "promotion_code": promotion_code["id"]}
    return _set_discounts(tx, session, [coupon["id"]], [entry])


def remove_promotion_code(tx: Transaction, session: Json) -> Json:
    """Take the promotion code off again."""
    return _set_discounts(tx, session, [], [])


def has_trial(params: Json) -> bool:
    """Tell whether the subscription starts with a trial."""
    data = params.get("subscription_data") or {}
    return bool(data.get("trial_period_days") or data.get("trial_end"))


def _set_discounts(tx: Transaction, session: Json, coupons: list[str], entries: list[Json]) -> Json:
    hidden = tx.hidden(KIND, session["id"])
    tx.set_hidden(KIND, session["id"], {**hidden, "coupons": coupons})
    session.update(session_sums(tx, hidden["line_items"], coupons, trial=has_trial(hidden)))
    session["discounts"] = entries
    return tx.save(session)


def _discounts(tx: Transaction, params: Json, currency: str) -> tuple[list[str], list[Json]]:
    coupons, entries = [], []
    for index, given in enumerate(params.get("discounts") or []):
        coupon, promotion_code = discounts.resolve(tx, given, f"discounts[{index}]")
        _check_currency(coupon, currency)
        coupons.append(coupon["id"])
        code = promotion_code["id"] if promotion_code else None
        entries.append({"coupon": None if code else coupon["id"], "promotion_code": code})
    return coupons, entries


def _check_currency(coupon: Json, currency: str) -> None:
    if coupon["amount_off"] and coupon["currency"] != currency:
        raise errors.invalid_request(
            f"The coupon `{coupon['id']}` cannot be applied: it is in {coupon['currency']} and the prices in {currency}.",
            "discounts",
        )


def _build(tx: Transaction, params: Json, customer: Json | None, currency: str) -> Json:
    session_id, now, mode = ids.new_id(KIND), tx.now(), params["mode"]
    hosted = params.get("ui_mode") in (None, "hosted_page")
    automatic_tax = bool((params.get("automatic_tax") or {}).get("enabled"))
    session: Json = {
        "id": session_id,
        "object": KIND,
        "adaptive_pricing": {"enabled": False},
        "after_expiration": _after_expiration(params.get("after_expiration")),
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "allowed_payment_method_types": _method_types(params, currency),
        "automatic_tax": {
            "enabled": automatic_tax,
            "liability": {"type": "self"} if automatic_tax else None,
            "provider": "stripe" if automatic_tax else None,
            "status": "requires_location_inputs" if automatic_tax else None,
        },
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None if hosted else f"{session_id}_secret_{ids.random_text(40)}",
        "consent_collection": _consent(params.get("consent_collection")),
        "created": now,
        "currency": currency,
        "custom_fields": [],
        "custom_text": _custom_text(params.get("custom_text")),
        "customer": customer["id"] if customer else None,
        "customer_creation": _customer_creation(params, customer),
        "customer_details": customer_details(customer, params.get("customer_email")),
        "customer_email": params.get("customer_email"),
        "expires_at": params.get("expires_at") or now + setting(tx, "session_expires_seconds"),
        "integration_identifier": params.get("integration_identifier"),
        "invoice": None,
        "invoice_creation": _invoice_creation(params) if mode == "payment" else None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata") or {},
        "mode": mode,
        "origin_context": params.get("origin_context"),
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": (params.get("payment_method_collection") or "always")
        if mode == "subscription"
        else "if_required",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": _method_types(params, currency),
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "phone_number_collection": {
            "enabled": bool((params.get("phone_number_collection") or {}).get("enabled"))
        },
        "saved_payment_method_options": _saved_options(params, customer),
        "setup_intent": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params.get("success_url"),
        "tax_id_collection": {
            "enabled": bool((params.get("tax_id_collection") or {}).get("enabled")),
            "required": "never",
        },
        "ui_mode": params.get("ui_mode") or "hosted_page",
        "url": checkout_url(tx, session_id) if hosted else None,
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


def subscription_params(tx: Transaction, session: Json, hidden: Json, payment_method: str | None) -> Json:
    """Return the parameters for the subscription that the paid session makes."""
    data = hidden.get("subscription_data") or {}
    kept = hidden["line_items"]
    copied = (
        "billing_cycle_anchor",
        "billing_mode",
        "default_tax_rates",
        "description",
        "metadata",
        "proration_behavior",
        "trial_end",
        "trial_period_days",
    )
    return {
        **{key: data[key] for key in copied if key in data},
        "items": [_entry(each) for each in kept if each["price"]["recurring"]],
        "add_invoice_items": [_entry(each) for each in kept if not each["price"]["recurring"]],
        "default_payment_method": payment_method,
        "discounts": [
            {key: value for key, value in each.items() if value} for each in session["discounts"] or []
        ],
        "checkout_session": session["id"],
        "trial_settings": data.get("trial_settings")
        or {"end_behavior": trial_settings(None)["end_behavior"]},
        "automatic_tax": {"enabled": session["automatic_tax"]["enabled"]},
    }


def _entry(kept: Json) -> Json:
    rates = [rate["id"] for rate in kept["tax_rates"]]
    return {
        "price_object": kept["price"],
        "quantity": kept["quantity"],
        "metadata": kept["metadata"],
        "tax_rates": rates,
    }
