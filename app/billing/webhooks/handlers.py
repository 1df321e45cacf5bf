"""The whole Stripe integration in one table: event type, handler, and the reason it is there."""

from collections.abc import Callable, Mapping
from functools import partial

from app.billing.changes import IGNORED, Changes, Effect
from app.billing.customers import lock_user, owner_of, unlink_customer
from app.billing.gateway.account import StripeScope
from app.billing.gateway.card_objects import PaymentMethodObject
from app.billing.gateway.objects import (
    NO_METADATA,
    ChargeObject,
    CheckoutSessionObject,
    DiscountObject,
    DisputeObject,
    Owned,
    RefundObject,
)
from app.billing.gateway.prices import forget_prices, is_of_catalog
from app.billing.payments.cards import forget_card, note_card
from app.billing.payments.codes import note_discount
from app.billing.payments.disputes import record_dispute
from app.billing.payments.fulfillment import fulfill_checkout_session
from app.billing.payments.order_lookup import find_order
from app.billing.payments.orders import close_order
from app.billing.payments.refunds import record_refund, record_refund_change
from app.billing.roles.decision import role_changes
from app.billing.statuses import OrderState, PaymentStatus
from app.billing.subscriptions.next_charge import forget_next_charges
from app.billing.subscriptions.sync import end_subscription
from app.billing.webhooks.deauthorization import on_deauthorized
from app.billing.webhooks.event import Event, current_object, read_snapshot
from app.billing.webhooks.invoice_events import on_invoice, on_invoice_not_finalized
from app.billing.webhooks.subscription_events import on_subscription_changed, on_subscription_deleted, on_trial_will_end


def on_checkout_paid(event: Event, scope: StripeScope) -> Effect:
    """Fulfill the order of a completed session, if it is paid or nothing was due."""
    return fulfill_checkout_session(current_object(CheckoutSessionObject, event, scope), scope, cause=event.id)


def on_checkout_unpaid(event: Event, scope: StripeScope, state: OrderState) -> Effect:
    """Close the order of a session that nobody paid."""
    order = find_order(current_object(CheckoutSessionObject, event, scope), scope)
    return Effect(changes=close_order(order, state)) if order else IGNORED


def on_charge_refunded(event: Event, scope: StripeScope) -> Effect:
    """Record the refund; a full one takes an order for life back."""
    return record_refund(current_object(ChargeObject, event, scope), scope, cause=event.id)


def on_refund_changed(event: Event, scope: StripeScope) -> Effect:
    """Record what is refunded now; a refund can fail days later, and be called back."""
    return record_refund_change(current_object(RefundObject, event, scope), scope, cause=event.id)


def on_dispute_changed(event: Event, scope: StripeScope) -> Effect:
    """Record it with its payment and tell the operator; a one-time plan is suspended, and restored if it is won."""
    return record_dispute(current_object(DisputeObject, event, scope), scope, cause=event.id)


def on_customer_deleted(event: Event, scope: StripeScope) -> Effect:
    """Unlink the customer; Stripe ends its subscriptions with it."""
    customer_id = event.object_id
    user, rows = unlink_customer(customer_id, scope)
    if user is None:
        return IGNORED
    changes: Changes = {customer_id: {"before": {"user": str(user.id)}, "after": {"user": None}}}
    for row in rows:
        changes[row.stripe_subscription_id] = end_subscription(row, event.created_at)
    return Effect(changes=changes | role_changes(user, scope, event.id))


def on_terms_changed(event: Event, scope: StripeScope) -> Effect:
    """Have the next charge asked for again before it is told: a credit, a discount or a planned change moves it."""
    customer_id = Owned.of(event.object).customer or event.object_id
    if owner_of(customer_id, NO_METADATA, scope) is None:
        return IGNORED
    forget_next_charges(customer_id, scope)
    forget_card(customer_id, None, scope)
    return Effect()


def on_discount_created(event: Event, scope: StripeScope) -> Effect:
    """Note who uses which code; what is charged next is less."""
    discount = read_snapshot(event, DiscountObject)
    if discount:
        note_discount(discount, scope, event.created_at)
    return on_terms_changed(event, scope)


def on_payment_method_changed(event: Event, scope: StripeScope) -> Effect:
    """Have the card on file asked for again before it is shown, and notice one that pays for another account too."""
    method = current_object(PaymentMethodObject, event, scope)
    user_id = owner_of(method.customer, NO_METADATA, scope)
    user = lock_user(user_id) if user_id else None
    is_ours = forget_card(method.customer, method.id, scope)
    if user and method.details.fingerprint:
        note_card(user.id, method.details.fingerprint, scope)
    return Effect() if user or is_ours else IGNORED


def on_price_changed(event: Event, scope: StripeScope) -> Effect:
    """Look the prices up again before the next sale."""
    forget_prices()
    return Effect() if is_of_catalog(event.object) else IGNORED


HANDLERS: Mapping[str, Callable[[Event, StripeScope], Effect]] = {
    # Checkout is over: the order may be fulfilled, now or when a delayed payment arrives.
    "checkout.session.completed": on_checkout_paid,
    "checkout.session.async_payment_succeeded": on_checkout_paid,
    # A delayed payment method did not pay, or the buyer never did.
    "checkout.session.async_payment_failed": partial(on_checkout_unpaid, state=OrderState.FAILED),
    "checkout.session.expired": partial(on_checkout_unpaid, state=OrderState.EXPIRED),
    # Whatever happens to a subscription, the mirror follows and the role with it.
    "customer.subscription.created": on_subscription_changed,
    "customer.subscription.updated": on_subscription_changed,
    "customer.subscription.deleted": on_subscription_deleted,
    "customer.subscription.paused": on_subscription_changed,
    "customer.subscription.resumed": on_subscription_changed,
    "customer.subscription.pending_update_applied": on_subscription_changed,
    "customer.subscription.pending_update_expired": on_subscription_changed,
    "customer.subscription.trial_will_end": on_trial_will_end,
    # Money came, or did not: for the account page, the operator, and one mail for each attempt.
    "invoice.paid": partial(on_invoice, status=PaymentStatus.PAID),
    "invoice.payment_failed": partial(on_invoice, status=PaymentStatus.FAILED),
    # The bank wants the customer to confirm.
    "invoice.payment_action_required": partial(on_invoice, status=PaymentStatus.ACTION_REQUIRED),
    "invoice.finalization_failed": on_invoice_not_finalized,
    # Invoices that are sent by mail, and those that nobody is asked to pay any more.
    "invoice.sent": partial(on_invoice, status=PaymentStatus.OPEN),
    "invoice.overdue": partial(on_invoice, status=PaymentStatus.OVERDUE),
    "invoice.voided": partial(on_invoice, status=PaymentStatus.VOID),
    "invoice.marked_uncollectible": partial(on_invoice, status=PaymentStatus.UNCOLLECTIBLE),
    # Money went back.
    "charge.refunded": on_charge_refunded,
    "refund.created": on_refund_changed,
    # It came back: the money is ours again, and what it bought is theirs.
    "refund.updated": on_refund_changed,
    "refund.failed": on_refund_changed,
    "charge.dispute.created": on_dispute_changed,
    # An inquiry, which takes nothing, can become a dispute.
    "charge.dispute.updated": on_dispute_changed,
    "charge.dispute.closed": on_dispute_changed,
    "charge.dispute.funds_withdrawn": on_dispute_changed,
    "charge.dispute.funds_reinstated": on_dispute_changed,
    # The customer is gone from Stripe.
    "customer.deleted": on_customer_deleted,
    # What is charged is another card; one that was detached names no customer any more.
    "payment_method.attached": on_payment_method_changed,
    "payment_method.updated": on_payment_method_changed,
    "payment_method.automatically_updated": on_payment_method_changed,
    "payment_method.detached": on_payment_method_changed,
    # What is charged next is another amount, though the subscription stays as it is.
    "customer.updated": on_terms_changed,
    "customer.discount.created": on_discount_created,
    "customer.discount.updated": on_discount_created,
    "customer.discount.deleted": on_terms_changed,
    "subscription_schedule.updated": on_terms_changed,
    "subscription_schedule.released": on_terms_changed,
    "subscription_schedule.canceled": on_terms_changed,
    # What is sold was changed in Stripe: by a push, or in its dashboard.
    "price.created": on_price_changed,
    "price.updated": on_price_changed,
    "price.deleted": on_price_changed,
    "product.created": on_price_changed,
    "product.updated": on_price_changed,
    "product.deleted": on_price_changed,
    # The account that was connected by OAuth is ours no longer.
    "account.application.deauthorized": on_deauthorized,
}
