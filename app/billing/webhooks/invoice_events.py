"""The events of invoices: what becomes of each payment that is asked for."""

from dataclasses import replace

from app.billing.changes import Changes, Effect
from app.billing.customers import lock_user
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import InvoiceObject
from app.billing.models.subscription import Subscription
from app.billing.payments.invoices import FINALITY, record_invoice
from app.billing.payments.one_time import order_of_invoice, record_order_invoice
from app.billing.statuses import PaymentStatus, SubscriptionStatus
from app.billing.subscriptions.sync import sync_subscription
from app.billing.webhooks.event import Event, current_object
from app.database import db
from app.mail.alerts import end_alert, raise_alert

# What alerts about an invoice that cannot be written begin with.
STUCK_INVOICE = "invoice_stuck:"


def on_invoice(event: Event, scope: StripeScope, status: PaymentStatus) -> Effect:
    """Record how the payment stands; the account page shows the way to pay."""
    invoice = current_object(InvoiceObject, event, scope)
    order = order_of_invoice(invoice, scope)
    if order:
        return record_order_invoice(order, invoice)
    effect = record_invoice(invoice, status, scope)
    if effect.changes.get(invoice.id, {}).get("before", {}).get("status") == PaymentStatus.FAILED:
        end_alert(f"{STUCK_INVOICE}{invoice.id}")
    settled = _look_again(invoice, event, scope) if status in FINALITY else {}
    return replace(effect, changes=effect.changes | settled)


def on_invoice_not_finalized(event: Event, scope: StripeScope) -> Effect:
    """Stripe lacks something to write the invoice, such as an address for the tax: the operator has to help."""
    effect = on_invoice(event, scope, PaymentStatus.FAILED)
    if effect.changes:
        raise_alert(f"{STUCK_INVOICE}{event.object_id}", f"Stripe cannot finalize the invoice {event.object_id}.")
    return effect


def _look_again(invoice: InvoiceObject, event: Event, scope: StripeScope) -> Changes:
    """Sync the invoice's subscription, if it is past due: since when it is, may have changed. Locks the user."""
    subscription_id = invoice.subscription_details.subscription
    row = db.session.get(Subscription, subscription_id) if subscription_id else None
    user = lock_user(row.user_id) if row and row.user_id and row.status == SubscriptionStatus.PAST_DUE else None
    if row is None or user is None:
        return {}
    return sync_subscription(user, row.stripe_subscription_id, scope, cause=event.id).changes
