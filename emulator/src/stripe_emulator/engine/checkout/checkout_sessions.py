"""Checkout Sessions: created, given a promotion code, expired."""

from stripe_emulator.api import errors
from stripe_emulator.api.currencies import check_currency
from stripe_emulator.engine import timers
from stripe_emulator.engine.checkout import promotion_codes
from stripe_emulator.engine.checkout.managed_payments import check_managed
from stripe_emulator.engine.checkout.new_session import build_session
from stripe_emulator.engine.checkout.session_items import KIND, build_items, session_sums
from stripe_emulator.engine.checkout.session_rules import check_amount, check_params, check_prices
from stripe_emulator.engine.invoices import discounts
from stripe_emulator.engine.links import checkout_url
from stripe_emulator.engine.settings import DAY
from stripe_emulator.engine.subscriptions.customer_currency import check_customer_currency, currency_to_keep
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

#: What of the parameters is needed when the session completes.
KEPT = (
    "subscription_data",
    "payment_intent_data",
    "setup_intent_data",
    "invoice_creation",
    "customer_update",
)


def create_session(tx: Transaction, params: Json, account: str | None = None) -> Json:
    """Create an open session, for a connected account if one is named; nothing else exists before it is paid."""
    check_params(tx, params)
    check_managed(tx, params, account)
    customer = tx.require("customer", params["customer"], "customer") if params.get("customer") else None
    items = build_items(tx, params.get("line_items") or [])
    mode = params["mode"]
    currency = _currency(tx, customer, params, [item["price"] for item in items])
    coupons, entries = _discounts(tx, params, currency)
    session = build_session(tx, params, customer, currency)
    sums = session_sums(tx, items, currency, coupons, trial=has_trial(params))
    if mode != "setup":
        session.update(sums)
        check_amount(mode, sums["amount_total"], currency, bool(coupons))
    session["discounts"] = None if mode == "setup" else entries
    tx.insert(session)
    hidden: Json = {key: params[key] for key in KEPT if key in params}
    tx.set_hidden(KIND, session["id"], {**hidden, "line_items": items, "coupons": coupons, "tried": 0})
    timers.set_timer(tx, "expire_session", session["id"], session["expires_at"])
    return session


def _currency(tx: Transaction, customer: Json | None, params: Json, prices: list[Json]) -> str:
    mode, wanted = params["mode"], params.get("currency")
    if not prices:
        return check_currency(wanted or "usd")
    if mode != "subscription":
        return check_prices(tx, mode, prices, wanted)
    currency = check_prices(tx, mode, prices, currency_to_keep(tx, customer, prices, wanted))
    if customer is not None:
        check_customer_currency(tx, customer, currency)
    return currency


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
    promotion_code = promotion_codes.find_promotion_code(tx, code)
    if promotion_code is None or not session["allow_promotion_codes"]:
        raise errors.invalid_request("This code is invalid.", "promotion_code", "promotion_code_invalid")
    coupon, _ = discounts.resolve(tx, {"promotion_code": promotion_code["id"]}, "promotion_code")
    promotion_codes.check_restrictions(
        tx, promotion_code, session["customer"], session["amount_subtotal"], session["currency"]
    )
    _check_currency(coupon, session["currency"])
    entry = {"coupon": None, "promotion_code": promotion_code["id"]}
    return _set_discounts(tx, session, [coupon["id"]], [entry])


def remove_promotion_code(tx: Transaction, session: Json) -> Json:
    """Take the promotion code off again."""
    return _set_discounts(tx, session, [], [])


def set_quantity(tx: Transaction, session: Json, item_id: str, quantity: int) -> Json:
    """Change how many of an item are bought, within what the session was made with."""
    hidden = tx.hidden(KIND, session["id"])
    item = next((each for each in hidden["line_items"] if each["id"] == item_id), None)
    limits = item and item["adjustable_quantity"]
    if not item or not limits:
        raise errors.invalid_request("The quantity of this item cannot be changed.", "quantity")
    least, most = max(limits["minimum"], 1), limits["maximum"]
    if not least <= quantity <= most:
        raise errors.invalid_request(f"Enter a quantity from {least} to {most}.", "quantity")
    items = [{**each, "quantity": quantity} if each is item else each for each in hidden["line_items"]]
    sums = session_sums(tx, items, session["currency"], hidden["coupons"], trial=has_trial(hidden))
    check_amount(session["mode"], sums["amount_total"], session["currency"], bool(hidden["coupons"]))
    tx.set_hidden(KIND, session["id"], {**hidden, "line_items": items})
    session.update(sums)
    return tx.save(session)


def has_trial(params: Json) -> bool:
    """Tell whether the subscription starts with a trial."""
    data = params.get("subscription_data") or {}
    return bool(data.get("trial_period_days") or data.get("trial_end"))


def _set_discounts(tx: Transaction, session: Json, coupons: list[str], entries: list[Json]) -> Json:
    hidden = tx.hidden(KIND, session["id"])
    tx.set_hidden(KIND, session["id"], {**hidden, "coupons": coupons})
    sums = session_sums(tx, hidden["line_items"], session["currency"], coupons, trial=has_trial(hidden))
    session.update(sums)
    session["discounts"] = entries
    return tx.save(session)


def _discounts(tx: Transaction, params: Json, currency: str) -> tuple[list[str], list[Json]]:
    coupons, entries = [], []
    for index, given in enumerate(params.get("discounts") or []):
        coupon, promotion_code = discounts.resolve(tx, given, f"discounts[{index}]")
        _check_currency(coupon, currency)
        if promotion_code:
            promotion_codes.check_restrictions(tx, promotion_code, params.get("customer"))
        coupons.append(coupon["id"])
        code = promotion_code["id"] if promotion_code else None
        entries.append({"coupon": None if code else coupon["id"], "promotion_code": code})
    return coupons, entries


def _check_currency(coupon: Json, currency: str) -> None:
    if coupon["amount_off"] and coupon["currency"] != currency:
        raise errors.invalid_request(
            f"The coupon `{coupon['id']}` cannot be applied: it is in {coupon['currency']}, the prices in {currency}.",
            "discounts",
        )
