"""Disputes: a cardholder's complaint, the evidence against it, and the bank's decision."""

from stripe_emulator.api import errors
from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.payments import balance
from stripe_emulator.engine.settings import DAY, setting
from stripe_emulator.spec import OBJECTS
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

OPEN = ("needs_response", "warning_needs_response", "under_review", "warning_under_review")
RESPONSE_DAYS = 7


def create_dispute(tx: Transaction, charge: Json, reason: str = "fraudulent", *, inquiry: bool = False) -> Json:
    """Have the charge disputed; unless it is only an inquiry the money is taken back at once."""
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise errors.invalid_request(f"Charge {charge['id']} cannot be disputed.", "charge")
    dispute = tx.insert(_build(tx, charge, reason, inquiry))
    with changing(tx, "charge.updated", charge):
        charge["disputed"] = True
    tx.emit("charge.dispute.created", dispute)
    if not inquiry:
        _move_funds(tx, dispute, -dispute["amount"], "charge.dispute.funds_withdrawn", fee=balance.DISPUTE_FEE)
    return dispute


def submit_evidence(tx: Transaction, dispute: Json, evidence: Json, submit: bool = True) -> Json:
    """Add evidence; once it is submitted the bank decides."""
    if dispute["status"] not in ("needs_response", "warning_needs_response") and evidence:
        raise errors.invalid_request("This dispute can no longer be answered with evidence.", "evidence")
    with changing(tx, "charge.dispute.updated", dispute):
        dispute["evidence"] = {
            **dispute["evidence"],
            **{key: value or None for key, value in evidence.items()},
        }
        details = {**dispute["evidence_details"], "has_evidence": any(_given(dispute["evidence"]))}
        if submit:
            details.update(submission_count=details["submission_count"] + 1, submission_method="manual")
            dispute["status"] = "warning_under_review" if dispute["status"].startswith("warning") else "under_review"
        dispute["evidence_details"] = details
    if submit:
        timers.set_timer(tx, "decide_dispute", dispute["id"], tx.now() + setting(tx, "dispute_decides_seconds"))
    return dispute


def decide(tx: Transaction, dispute: Json) -> None:
    """Close a dispute that is under review by what its evidence says."""
    texts = " ".join(str(value) for value in _given(dispute["evidence"]))
    if dispute["status"].startswith("warning"):
        close(tx, dispute, "warning_closed")
    elif "losing_evidence" in texts:
        close(tx, dispute, "lost")
    else:
        close(tx, dispute, "won")


def close(tx: Transaction, dispute: Json, status: str | None = None) -> Json:
    """Close the dispute, as lost unless told otherwise, and emit `charge.dispute.closed`."""
    if dispute["status"] not in OPEN:
        raise errors.invalid_request("This dispute is already closed.")
    timers.clear_timer(tx, "decide_dispute", dispute["id"])
    warning = dispute["status"].startswith("warning")
    dispute.update(status=status or ("warning_closed" if warning else "lost"), is_charge_refundable=warning)
    tx.save(dispute)
    tx.emit("charge.dispute.closed", dispute)
    if dispute["status"] in ("won", "warning_closed"):
        charge = tx.require("charge", dispute["charge"])
        with changing(tx, "charge.updated", charge):
            charge["disputed"] = dispute["status"] == "won"
    if dispute["status"] == "won":
        _move_funds(tx, dispute, dispute["amount"], "charge.dispute.funds_reinstated")
    return dispute


def _build(tx: Transaction, charge: Json, reason: str, inquiry: bool) -> Json:
    now = tx.now(charge)
    card = (charge["payment_method_details"] or {}).get("card") or {}
    return {
        "id": ids.new_id("dispute"),
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(OBJECTS["dispute__Evidence"]["required"]), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + RESPONSE_DAYS * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card.get("brand") or "visa",
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": card.get("network") or "visa",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": "general" if inquiry else reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def _move_funds(tx: Transaction, dispute: Json, amount: int, event: str, fee: int = 0) -> None:
    category = "dispute" if amount < 0 else "dispute_reversal"
    description = f"Chargeback {'withdrawal' if amount < 0 else 'reversal'} for {dispute['charge']}"
    transaction = balance.record(tx, "adjustment", dispute, amount, fee=fee, category=category, description=description)
    dispute["balance_transactions"] = [*dispute["balance_transactions"], transaction]
    tx.save(dispute)
    tx.emit(event, dispute)


def _given(evidence: Json) -> list[str]:
    return [value for value in evidence.values() if isinstance(value, str) and value]
