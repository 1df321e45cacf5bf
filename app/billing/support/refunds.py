"""Giving money back."""

import sqlalchemy as sa

from app.audit import Act, ActKind, recorded
from app.billing.asking import ask_then_lock
from app.billing.errors import CannotBeDone, StripeRefused
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.objects import InvoiceObject, RefundObject
from app.billing.gateway.read import retrieve
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.payments.invoices import intent_that_pays
from app.billing.payments.refunds import record_refund_change
from app.billing.statuses import PaymentStatus
from app.database import db, end_transaction


def find_payment(reference: str, scope: StripeScope) -> Payment | None:
    """The payment with this number, invoice or PaymentIntent; None when there is none in this account and mode."""
    columns = (Payment.number, Payment.stripe_invoice_id, Payment.stripe_payment_intent_id)
    named = [column == reference for column in columns]
    if reference.isdecimal() and len(reference) < 10:
        named.append(Payment.id == int(reference))
    query = sa.select(Payment).where(scope.covers(Payment), sa.or_(*named))
    found: Payment | None = db.session.scalar(query.order_by(Payment.id.desc()).limit(1))
    return found


def amount_refundable(payment: Payment) -> int:
    """What of a payment can be given back, in minor units; 0 for one that was not paid, or not through Stripe."""
    # An invoice's payment learns what collected it with the charge; until then Stripe is asked.
    collected_by = payment.stripe_payment_intent_id or payment.stripe_invoice_id
    is_paid = payment.status == PaymentStatus.PAID and collected_by
    return payment.amount - payment.amount_refunded if is_paid and not payment.is_disputed else 0


def refundable_payment(subscription: Subscription, scope: StripeScope) -> Payment | None:
    """The last payment of a subscription, of which something is left to be given back; None when there is none."""
    query = sa.select(Payment).where(
        scope.covers(Payment),
        Payment.stripe_subscription_id == subscription.stripe_subscription_id,
        Payment.status == PaymentStatus.PAID,
        Payment.amount > 0,
    )
    found: Payment | None = db.session.scalar(query.order_by(Payment.paid_at.desc(), Payment.id.desc()).limit(1))
    return found if found and amount_refundable(found) > 0 else None


def refund_payment(payment: Payment, amount: int, scope: StripeScope, *, actor: str, reason: str = "") -> RefundObject:
    """Give an amount (minor units) of a payment back, and mirror it; a full refund takes a one-time plan's role.

    Two operators at once make one refund: the idempotency key says what was refunded before. Commits. Raises
    `CannotBeDone` where that much cannot be given back, and `StripeUnavailable` when Stripe cannot be asked.
    https://docs.stripe.com/api/refunds/create
    """
    before, refundable, intent = payment.amount_refunded, amount_refundable(payment), payment.stripe_payment_intent_id
    act = Act(ActKind.REFUND, actor, payment.user_id, intent or payment.stripe_invoice_id or "", reason)
    key = f"refund-{payment.id}-{before}"
    end_transaction()
    with recorded(act):
        if not 0 < amount <= refundable:
            raise CannotBeDone(_why_not(refundable))
        refund = _create(intent or _ask_intent(payment, scope), amount, scope, key)
        ask_then_lock(lambda: record_refund_change(refund, scope, cause=f"refund by {actor}"))
        act.changes = {"amount_refunded": {"before": before, "after": before + refund.amount}, "refund": refund.id}
    return refund


def _ask_intent(payment: Payment, scope: StripeScope) -> str:
    """What collected the invoice of a payment, which is kept from now on. Commits."""
    invoice_id = payment.stripe_invoice_id or ""
    end_transaction()
    intent = intent_that_pays(retrieve(InvoiceObject, invoice_id, scope, expand=["payments"]))
    if intent is None:
        raise CannotBeDone("Nothing of this payment can be refunded: it was not paid through Stripe.")
    payment.stripe_payment_intent_id = intent
    db.session.commit()
    return intent


def _create(intent: str, amount: int, scope: StripeScope, key: str) -> RefundObject:
    gateway = get_gateway()
    params = {"payment_intent": intent, "amount": amount, "reason": "requested_by_customer"}
    try:
        with gateway.errors():
            created = gateway.v1.refunds.create(params, scope.options(key)).to_dict()
    except StripeRefused as refusal:
        is_other = refusal.param == "idempotency_key"
        raise CannotBeDone(
            "Somebody else is refunding this payment: look at it again." if is_other else f"Stripe refuses: {refusal}"
        ) from refusal
    return RefundObject.read(created)


def _why_not(refundable: int) -> str:
    if refundable <= 0:
        return "Nothing of this payment can be refunded: it was not paid here, or has gone back already."
    else:
        return "The amount has to be more than nothing, and no more than is left of the payment."
