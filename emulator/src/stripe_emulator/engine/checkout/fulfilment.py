"""What a paid Checkout Session makes: customer, payment, subscription or invoice, in Stripe's order."""

from stripe_emulator.engine import timers
from stripe_emulator.engine.checkout.new_session import customer_details
from stripe_emulator.engine.checkout.session_customers import customer_for
from stripe_emulator.engine.checkout.session_items import KIND
from stripe_emulator.engine.checkout.session_purchases import invoice_purchase, redeem_discounts, subscription_params
from stripe_emulator.engine.payments import attempts, payment_intents, payment_methods, setup_intents
from stripe_emulator.engine.subscriptions.subscriptions import create_subscription
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def fulfil(
    tx: Transaction,
    session: Json,
    payment_method: Json | None,
    intent: Json | None,
    details: Json,
    *,
    authenticated: bool = False,
) -> Json:
    """Carry out a payment that is known to go through, then complete the session."""
    customer = customer_for(tx, session, payment_method, details)
    paying = session["mode"] != "setup" and (session["amount_total"] or 0) > 0
    if intent is not None:
        intent["customer"] = customer["id"] if customer else None
    elif payment_method is not None:
        session = {**session, "customer": customer["id"] if customer else None}
        intent = create_payment(tx, session) if paying else create_setup(tx, session)
    if payment_method is not None and intent is not None:
        intent = _collect(tx, session, customer, intent, payment_method, authenticated)
    made = _make(tx, session, customer, payment_method, intent)
    return _complete(tx, session, customer, intent, made, details)


def create_payment(tx: Transaction, session: Json) -> Json:
    """Create the payment intent for what the session is due."""
    data = tx.hidden(KIND, session["id"]).get("payment_intent_data") or {}
    subscribing = session["mode"] == "subscription"
    return payment_intents.create_intent(
        tx,
        session["amount_total"],
        session["currency"],
        customer=session["customer"],
        description="Subscription creation" if subscribing else data.get("description"),
        metadata=dict(data.get("metadata") or {}),
        setup_future_usage="off_session" if subscribing else data.get("setup_future_usage"),
        receipt_email=data.get("receipt_email"),
        shipping=data.get("shipping"),
        statement_descriptor=data.get("statement_descriptor"),
        statement_descriptor_suffix=data.get("statement_descriptor_suffix"),
        transfer_group=data.get("transfer_group"),
        capture_method=data.get("capture_method"),
        automatic_payment_methods={"allow_redirects": "always", "enabled": True},
        payment_method_types=session["payment_method_types"],
        allowed_payment_method_types=session["allowed_payment_method_types"],
    )


def create_setup(tx: Transaction, session: Json) -> Json:
    """Create the setup intent that saves the payment method when nothing is due today."""
    data = tx.hidden(KIND, session["id"]).get("setup_intent_data") or {}
    return setup_intents.create_setup_intent(
        tx,
        customer=session["customer"],
        description=data.get("description"),
        metadata=dict(data.get("metadata") or {}),
        payment_method_types=session["payment_method_types"],
        allowed_payment_method_types=session["allowed_payment_method_types"],
    )


def _collect(
    tx: Transaction, session: Json, customer: Json | None, intent: Json, method: Json, authenticated: bool
) -> Json:
    if customer and method["customer"] is None and (session["mode"] != "payment" or intent["setup_future_usage"]):
        payment_methods.attach(tx, method, customer["id"], check=False)
    if intent["object"] == "setup_intent":
        setup_intents.attempt_setup(tx, intent, method, authenticated=authenticated)
    else:
        attempts.attempt(tx, intent, method, authenticated=authenticated)
        tx.set_hidden(
            "payment_intent",
            intent["id"],
            {**tx.hidden("payment_intent", intent["id"]), "session": session["id"]},
        )
    return intent


def _make(tx: Transaction, session: Json, customer: Json | None, method: Json | None, intent: Json | None) -> Json:
    """Make the subscription or the invoice; return the session's fields that point to them."""
    hidden = tx.hidden(KIND, session["id"])
    paid = intent if intent and intent["object"] == "payment_intent" else None
    made: Json = {}
    if session["mode"] == "subscription":
        assert customer is not None
        params = subscription_params(tx, session, hidden, method["id"] if method else None)
        subscription = create_subscription(tx, customer, params, intent=paid)
        made = {"subscription": subscription["id"], "invoice": subscription["latest_invoice"]}
    elif session["mode"] == "payment":
        made["payment_intent"] = paid["id"] if paid else None
        if customer is not None and session["invoice_creation"]["enabled"]:
            made["invoice"] = invoice_purchase(tx, session, customer, hidden, paid)["id"]
        else:
            redeem_discounts(tx, session, session["customer"])
    else:
        made["setup_intent"] = intent["id"] if intent else None
    return made


def _complete(
    tx: Transaction, session: Json, customer: Json | None, intent: Json | None, made: Json, details: Json
) -> Json:
    timers.clear_timer(tx, "expire_session", session["id"])
    shown = customer_details(
        customer and tx.require("customer", customer["id"]), session["customer_email"] or details.get("email")
    )
    typed = {key: details[key] for key in ("email", "name", "phone", "address") if details.get(key)}
    session.update(
        status="complete",
        url=None,
        customer=customer["id"] if customer else None,
        customer_details={**shown, **typed} if shown else None,
        payment_status=_payment_status(session, intent),
        **made,
    )
    if session["automatic_tax"]["enabled"]:
        session["automatic_tax"]["status"] = "complete"
    tx.save(session)
    tx.emit("checkout.session.completed", session)
    return session


def _payment_status(session: Json, intent: Json | None) -> str:
    if session["mode"] == "setup" or not session["amount_total"] or intent is None:
        status = "no_payment_required"
    else:
        status = "paid" if intent["status"] == "succeeded" else "unpaid"
    return status


def report_settlement(tx: Transaction, session: Json, succeeded: bool) -> None:
    """Tell how a debit ended that was still on its way when the session completed."""
    session["payment_status"] = "paid" if succeeded else "unpaid"
    tx.save(session)
    ending = "succeeded" if succeeded else "failed"
    tx.emit(f"checkout.session.async_payment_{ending}", session)
