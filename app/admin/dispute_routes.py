"""A disputed payment: until when it has to be answered, what we hold, and the way to Stripe's dashboard."""

from flask import abort, current_app, render_template

from app.billing.gateway.account import current_scope
from app.billing.models.payments import Payment
from app.billing.support.evidence import evidence_for
from app.database import db

STATES = {
    "needs_response": "waits for your answer",
    "under_review": "is with the bank",
    "warning_needs_response": "is an inquiry that waits for your answer",
    "warning_under_review": "is an inquiry, and with the bank",
    "warning_closed": "was an inquiry, and is closed",
    "won": "is won",
    "lost": "is lost",
    "prevented": "was prevented",
    "appeal_needs_response": "is appealed, and waits for your answer",
    "appeal_under_review": "is appealed, and with the bank",
}


def dispute(payment_id: int) -> str:
    """What to know before it is answered."""
    scope = current_scope()
    query = db.select(Payment).where(Payment.id == payment_id, scope.covers(Payment))
    payment = db.session.scalar(query.where(Payment.stripe_dispute_id.is_not(None))) or abort(404)
    return render_template(
        "admin/dispute.html",
        payment=payment,
        state=STATES.get(payment.dispute_status or "", "stands open"),
        evidence=evidence_for(payment),
        dashboard=_dashboard(payment),
    )


def _dashboard(payment: Payment) -> str:
    """Where Stripe, or the emulator, takes the answer."""
    settings = current_app.extensions["settings"]
    if settings.uses_emulator:
        return f"{settings.stripe_base}/dashboard/disputes/{payment.stripe_dispute_id}"
    mode = "" if payment.livemode else "test/"
    return f"https://dashboard.stripe.com/{mode}payments/{payment.stripe_payment_intent_id}"
