"""Charges: one attempt to take money, kept whether it succeeded or not."""

from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.links import receipt_url
from stripe_emulator.engine.payments import balance, cards
from stripe_emulator.engine.payments.card_details import NO_DETAILS
from stripe_emulator.engine.payments.outcomes import Outcome, behaviour_of
from stripe_emulator.engine.settings import setting
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def create_charge(
    tx: Transaction, intent: Json, payment_method: Json, outcome: Outcome, *, authenticated: bool = False
) -> Json:
    """Record the attempt and emit `charge.succeeded`, `charge.failed` or `charge.pending`."""
    charge = tx.insert(_new_charge(tx, intent, payment_method, outcome, authenticated))
    tx.emit(f"charge.{charge['status']}", charge)
    if charge["status"] == "succeeded":
        _arrange_dispute(tx, charge, payment_method)
    return charge


def record_funds(tx: Transaction, charge: Json) -> None:
    """Add the charge's balance transaction, which Stripe tells of a moment after the payment."""
    if not charge["captured"]:
        return
    with changing(tx, "charge.updated", charge):
        transaction = balance.record(
            tx,
            "charge",
            charge,
            charge["amount_captured"],
            fee=balance.charge_fee(charge["amount_captured"]),
            description=charge["description"],
        )
        charge["balance_transaction"] = transaction["id"]


def capture(tx: Transaction, charge: Json, amount: int) -> None:
    """Take the authorized money, all of it or a part."""
    before_refund = charge["amount"] - amount
    charge.update(captured=True, amount_captured=amount, amount_refunded=before_refund)
    tx.save(charge)
    tx.emit("charge.captured", charge)
    record_funds(tx, charge)


def settle(tx: Transaction, charge: Json, succeeded: bool) -> None:
    """Bring a pending debit to its end."""
    if succeeded:
        charge.update(status="succeeded", paid=True, captured=True, amount_captured=charge["amount"])
    else:
        charge.update(status="failed", paid=False, **_failure("generic_decline"))
        charge["failure_message"] = "The customer's bank account could not be debited."
        charge["failure_code"] = "debit_not_authorized"
    tx.save(charge)
    tx.emit(f"charge.{charge['status']}", charge)
    if succeeded:
        record_funds(tx, charge)


def _new_charge(tx: Transaction, intent: Json, payment_method: Json, outcome: Outcome, authenticated: bool) -> Json:
    charge_id = ids.new_id("charge")
    amount = intent["amount"]
    captured = outcome.status == "succeeded" and intent["capture_method"] != "manual"
    status = {"succeeded": "succeeded", "processing": "pending"}.get(outcome.status, "failed")
    return {
        "id": charge_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if captured else 0,
        "amount_refunded": 0,
        "billing_details": payment_method.get("billing_details") or NO_DETAILS,
        "calculated_statement_descriptor": intent["statement_descriptor"] or "STRIPE EMULATOR",
        "captured": captured,
        "created": tx.now(intent),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": _outcome(tx, payment_method, outcome),
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": payment_method["id"],
        "payment_method_details": _details(payment_method, amount, authenticated),
        "receipt_email": intent["receipt_email"],
        "receipt_url": receipt_url(tx, charge_id) if status == "succeeded" else None,
        "refunded": False,
        "shipping": intent["shipping"],
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        "transfer_group": intent["transfer_group"],
        **(_failure(outcome.decline_code or "generic_decline") if status == "failed" else {}),
    }


def _failure(decline_code: str) -> Json:
    code, message = cards.decline_message(decline_code)
    return {"failure_code": code, "failure_message": message}


def _outcome(tx: Transaction, payment_method: Json, outcome: Outcome) -> Json:
    behaviour = behaviour_of(tx, payment_method)
    risk = behaviour.risk if isinstance(behaviour, cards.Card) else "normal"
    blocked = outcome.status == "declined" and risk == "highest"
    network, kind, seller = "approved_by_network", "authorized", "Payment complete."
    if blocked:
        network, kind, seller = "not_sent_to_network", "blocked", "Stripe blocked this payment as too risky."
    elif outcome.status in ("declined", "authenticate"):
        network, kind, seller = (
            "declined_by_network",
            "issuer_declined",
            "The bank did not return any further details with this decline.",
        )
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network,
        "reason": "highest_risk_level" if blocked else outcome.decline_code,
        "risk_level": risk,
        "risk_score": {"normal": 12, "elevated": 70, "highest": 90}[risk],
        "seller_message": seller,
        "type": kind,
    }


def _details(payment_method: Json, amount: int, authenticated: bool) -> Json:
    kind = payment_method["type"]
    source = payment_method.get(kind) or {}
    if kind == "card":
        shown = (
            "brand",
            "checks",
            "country",
            "exp_month",
            "exp_year",
            "fingerprint",
            "funding",
            "last4",
            "regulated_status",
            "wallet",
        )
        details = {key: source[key] for key in shown}
        details.update(
            amount_authorized=amount,
            network=source["brand"],
            three_d_secure=_three_d_secure() if authenticated else None,
        )
    else:
        details = {key: source.get(key) for key in ("bank_code", "branch_code", "country", "fingerprint", "last4")}
        details["mandate"] = None
    return {kind: details, "type": kind}


def _three_d_secure() -> Json:
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": ids.random_text(24),
        "version": "2.2.0",
    }


def _arrange_dispute(tx: Transaction, charge: Json, payment_method: Json) -> None:
    behaviour = behaviour_of(tx, payment_method)
    if isinstance(behaviour, cards.Card) and behaviour.dispute:
        timers.set_timer(tx, "dispute", charge["id"], tx.now() + setting(tx, "dispute_appears_seconds"))
