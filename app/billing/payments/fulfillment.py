"""Fulfilling an order: the one function behind the webhook, the success page and the nightly job."""

import logging

import sqlalchemy as sa

from app.auth.models import User
from app.billing.asking import ask
from app.billing.catalog.plans import MOST_SEATS, current_catalog
from app.billing.changes import IGNORED, Changes, Effect
from app.billing.customers import link_customer_of
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import CheckoutSessionObject
from app.billing.models.payments import Order
from app.billing.models.subscription import Subscription
from app.billing.payments.cards import ask_card_of
from app.billing.payments.codes import note_codes_of
from app.billing.payments.invoices import payment_of_invoice
from app.billing.payments.one_time import attach_invoice_of, payment_of, record_order_payment
from app.billing.payments.order_lookup import find_order
from app.billing.payments.orders import lock_order, order_change
from app.billing.payments.replaced import end_replaced
from app.billing.payments.trials import remember_trial
from app.billing.roles.decision import role_changes
from app.billing.statuses import UNFULFILLED_STATES, OrderState, PaymentStatus, dispute_takes_access
from app.billing.subscriptions.next_charge import amount_due_otherwise, note_next_charge
from app.billing.subscriptions.sync import sync_subscription
from app.database import db, utcnow
from app.mail.outbox import queue_mail

logger = logging.getLogger(__name__)
PAID = ("paid", "no_payment_required")
AFTER_DELETION = "paid after its account was deleted"


def fulfill_checkout_session(session: CheckoutSessionObject, scope: StripeScope, *, cause: str) -> Effect:
    """Settle the order of a Checkout Session, if it is one of ours: link what Stripe made, and fulfill it once paid.

    The webhook, the success page and the nightly job all end up here, inside `ask_then_lock`, and lock the user; the
    second to come changes nothing.
    https://docs.stripe.com/checkout/fulfillment
    """
    found = find_order(session, scope)
    order, user = lock_order(found) if found else (None, None)
    is_paid = session.status == "complete" and session.payment_status in PAID
    # What was paid for an account that is gone is kept, and shown to the operator; where nothing was due, nothing is.
    if order is None or (user is None and not (is_paid and session.amount_total)):
        return IGNORED
    _link(order, user, session, scope)
    changes: Changes = {}
    subscription_id = _subscription_of(order, session)
    if user and subscription_id and db.session.get(Subscription, subscription_id) is None:
        changes |= sync_subscription(user, subscription_id, scope, cause=cause).changes
    if is_paid and order.fulfilled_at is None and order.state != OrderState.MISMATCHED:
        changes |= _settle(order, user, session, scope, cause)
    elif is_paid and session.payment_intent:
        # The same order paid a second time, through a Payment Link in two tabs.
        changes |= _record_payment(order, session, scope)
    return Effect(changes=changes) if user or changes else IGNORED


def _link(order: Order, user: User | None, session: CheckoutSessionObject, scope: StripeScope) -> None:
    order.stripe_checkout_session_id = order.stripe_checkout_session_id or session.id
    order.stripe_payment_intent_id = order.stripe_payment_intent_id or session.payment_intent
    order.stripe_subscription_id = order.stripe_subscription_id or _subscription_of(order, session)
    # Whoever paid through a link names the order, and may be anybody.
    if user and session.customer and not order.is_sold_by_link:
        link_customer_of(user.id, session.customer, scope)


def _subscription_of(order: Order, session: CheckoutSessionObject) -> str | None:
    """The subscription that was bought; an order of a one-time plan has none, whatever its session says."""
    return session.subscription if order.interval else None


def _settle(order: Order, user: User | None, session: CheckoutSessionObject, scope: StripeScope, cause: str) -> Changes:
    before = order.state
    mismatch = _mismatch(order, session) if user else AFTER_DELETION
    is_single_payment = session.mode == "payment" and session.amount_total
    changes = _record_payment(order, session, scope) if is_single_payment else {}
    if before not in UNFULFILLED_STATES:
        # Its refund came first, and stands.
        order.fulfilled_at, order.note = utcnow(), order.note or mismatch
        return changes
    elif user is None or mismatch:
        logger.error("Order %s is mismatched: %s", order.id, mismatch)
        order.state, order.note = OrderState.MISMATCHED.value, mismatch
        return changes | order_change(order, before, OrderState.MISMATCHED)
    else:
        after = OrderState.DISPUTED if dispute_takes_access(order.dispute_status) else OrderState.FULFILLED
        order.state, order.fulfilled_at = after.value, utcnow()
        note_codes_of(session, order, scope)
        if order.trial_days:
            remember_trial(user.email, scope)
        replaced, ended = end_replaced(order, user, session, scope, cause) if order.interval is None else ([], {})
        _confirm_by_mail(order, user, session, scope, replaced)
        return changes | order_change(order, before, after) | ended | role_changes(user, scope, cause)


def _record_payment(order: Order, session: CheckoutSessionObject, scope: StripeScope) -> Changes:
    intent = session.payment_intent
    changes: Changes = {}
    if intent and payment_of(intent) is None:
        changes[intent] = {"before": {"status": None}, "after": {"status": PaymentStatus.PAID.value}}
    payment = record_order_payment(order, intent, session.amount_total, session.created, session.currency)
    return changes | attach_invoice_of(session, payment, scope)


def _mismatch(order: Order, session: CheckoutSessionObject) -> str | None:
    """Why what was paid is not what the order says, or None. Amounts are compared before discounts and tax."""
    currency, amount = session.currency, session.amount_subtotal
    if order.is_sold_by_link:
        _take_currency_of_link(order, session)
    if currency != order.currency:
        return f"paid in {currency}, ordered in {order.currency}"
    elif amount == order.amount or _takes_seats(order, amount):
        return None
    elif order.trial_days and session.payment_status == "no_payment_required" and not amount:
        # During a trial nothing is due, so the session's own amounts are zero.
        _take_seats_of_trial(order)
        return None
    else:
        return f"paid for {amount}, ordered for {order.amount} (minor units)"


def _take_currency_of_link(order: Order, session: CheckoutSessionObject) -> None:
    """A Payment Link sells in the currency of the buyer's place, where the catalogue has a price in it."""
    plan = current_catalog().plan(order.plan_key)
    price = plan.price(None) if plan else None
    sold = price.in_currency(session.currency or "") if price else None
    if sold and session.amount_subtotal == sold.amount:
        order.currency, order.amount = sold.currency, sold.amount


def _takes_seats(order: Order, amount: int | None) -> bool:
    """Whether the buyer only changed the number of seats at Checkout; the order then says so."""
    if not amount or not current_catalog().is_per_seat(order.plan_key, order.interval):
        return False
    seats, rest = divmod(amount, order.amount // order.seats)
    if rest or not 1 <= seats <= MOST_SEATS:
        return False
    order.seats, order.amount = seats, amount
    return True


def _take_seats_of_trial(order: Order) -> None:
    """Note how many seats the buyer chose at Checkout; of a trial, the subscription alone says so."""
    known = sa.select(Subscription.quantity).where(
        Subscription.stripe_subscription_id == order.stripe_subscription_id,
        Subscription.stripe_price_id == order.stripe_price_id,
    )
    seats = db.session.scalar(known)
    if seats and seats <= MOST_SEATS and current_catalog().is_per_seat(order.plan_key, order.interval):
        order.seats, order.amount = seats, order.amount // order.seats * seats


def _confirm_by_mail(
    order: Order, user: User, session: CheckoutSessionObject, scope: StripeScope, replaced: list[Subscription]
) -> None:
    """Say what comes next of a subscription, and what was paid of a purchase: a promotion code makes it less."""
    bought = order.stripe_subscription_id if order.interval else None
    row = db.session.get(Subscription, bought) if bought else None
    if row:
        note_next_charge(row, scope)
    renews_at = row.renews_at if row else None
    card = ask(ask_card_of, session.customer, bought, scope) if row and bought and session.customer else None
    receipt = payment_of_invoice(session.invoice) if session.invoice else None
    queue_mail(
        "order_confirmed",
        to=user.email,
        user_id=user.id,
        cause=f"order_confirmed:{order.id}",
        context={
            "plan_name": current_catalog().plan_name(order.plan_key),
            "amount": order.amount if order.interval else session.amount_total,
            "currency": order.currency,
            "interval": order.interval,
            "seats": order.counted_seats,
            "trial_days": order.trial_days,
            "ending": [(row.plan_name, row.ends_at.isoformat() if row.ends_at else None) for row in replaced],
            "date": renews_at.isoformat() if renews_at else None,
            "next_amount": amount_due_otherwise(row, order.amount) if row else None,
            "card_brand": card[0] if card else None,
            "card_last4": card[1] if card else None,
            "receipt_number": receipt.number if receipt else None,
        },
    )
