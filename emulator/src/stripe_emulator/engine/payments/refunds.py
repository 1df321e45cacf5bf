"""Refunds: money given back, all of it or a part."""

import copy

from stripe_emulator.api import errors
from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing, record_change
from stripe_emulator.engine.money import format_amount
from stripe_emulator.engine.payments import balance
from stripe_emulator.engine.payments.cards import Card
from stripe_emulator.engine.payments.outcomes import behaviour_of
from stripe_emulator.engine.settings import setting
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.events import changed_fields
from stripe_emulator.state.transaction import Transaction


def create_refund(
    tx: Transaction,
    charge: Json,
    amount: int | None = None,
    *,
    reason: str | None = None,
    metadata: Json | None = None,
) -> Json:
    """Give back all that is left of a charge, or a part, and emit `refund.created` and `charge.refunded`."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    _check(charge, amount, left)
    refund = _build(tx, charge, left if amount is None else amount, reason, metadata)
    tx.insert(refund)
    tx.emit("refund.created", refund)
    before = copy.deepcopy(charge)
    charge["amount_refunded"] += refund["amount"]
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    record_change(tx, "charge.refunded", before, charge)
    with changing(tx, "refund.updated", refund):
        transaction = balance.record(tx, "refund", refund, -refund["amount"], description="REFUND FOR CHARGE")
        refund["balance_transaction"] = transaction["id"]
    if _behaviour(tx, charge) != "succeeds":
        timers.set_timer(tx, "refund", refund["id"], tx.now() + setting(tx, "refund_pending_seconds"))
    return refund


def finish(tx: Transaction, refund: Json) -> None:
    """End a refund that was pending, or that the bank sent back."""
    charge = tx.require("charge", refund["charge"])
    if _behaviour(tx, charge) == "fails":
        _put_back(tx, charge, refund, status="failed", failure_reason="expired_or_canceled_card")
    else:
        before = copy.deepcopy(refund)
        refund["status"] = "succeeded"
        refund.pop("pending_reason", None)
        _tell(tx, before, refund)


def cancel_refund(tx: Transaction, refund: Json) -> Json:
    """Call a pending refund back."""
    if refund["status"] not in ("pending", "requires_action"):
        raise errors.invalid_request(
            f"Refund {refund['id']} cannot be canceled because it has status {refund['status']}."
        )
    timers.clear_timer(tx, "refund", refund["id"])
    _put_back(tx, tx.require("charge", refund["charge"]), refund, status="canceled")
    return refund


def _check(charge: Json, amount: int | None, left: int) -> None:
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise errors.invalid_request(f"Charge {charge['id']} has not been paid, so it cannot be refunded.", "charge")
    if charge["disputed"]:
        raise errors.invalid_request(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if left <= 0:
        raise errors.invalid_request(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if amount is not None and amount > left:
        asked, rest = format_amount(amount, charge["currency"]), format_amount(left, charge["currency"])
        raise errors.invalid_request(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})", "amount"
        )
    if amount is not None and amount < 1:
        raise errors.invalid_request("Invalid positive integer", "amount", "parameter_invalid_integer")


def _build(tx: Transaction, charge: Json, amount: int, reason: str | None, metadata: Json | None) -> Json:
    pending = _behaviour(tx, charge) == "pending"
    refund: Json = {
        "id": ids.new_id("refund"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": tx.now(charge),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": metadata or {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "status": "pending" if pending else "succeeded",
    }
    if pending:
        refund["pending_reason"] = "processing"
    return refund


def _behaviour(tx: Transaction, charge: Json) -> str:
    method = tx.get("payment_method", charge["payment_method"] or "")
    behaviour = behaviour_of(tx, method) if method else None
    return behaviour.refund if isinstance(behaviour, Card) else "succeeds"


def _put_back(tx: Transaction, charge: Json, refund: Json, **ending: str) -> None:
    """End a refund without the money having gone: the charge has it again, and the balance too."""
    before = copy.deepcopy(refund)
    transaction = balance.record(tx, "refund_failure", refund, refund["amount"], description="REFUND FAILURE")
    refund.update(ending, failure_balance_transaction=transaction["id"])
    refund.pop("pending_reason", None)
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    tx.save(charge)
    _tell(tx, before, refund)


def _tell(tx: Transaction, before: Json, refund: Json) -> None:
    """Store the refund and emit all the events that Stripe has for what became of it."""
    record_change(tx, "refund.updated", before, refund)
    if refund["status"] == "failed":
        tx.emit("refund.failed", refund)
    tx.emit("charge.refund.updated", refund, previous=changed_fields(before, refund))
