"""What a Stripe subscription says at one moment, read from an event or from the API."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.billing.catalog.entitlements import plan_of
from app.billing.catalog.plans import current_catalog
from app.billing.errors import UnreadableObject
from app.billing.gateway.objects import LARGEST_AMOUNT, SubscriptionItem, SubscriptionObject


@dataclass(frozen=True)
class SubscriptionSnapshot:
    """The mirrored fields of https://docs.stripe.com/api/subscriptions/object; times are aware UTC."""

    stripe_subscription_id: str
    stripe_customer_id: str
    status: str
    stripe_item_id: str | None
    stripe_price_id: str | None
    lookup_key: str | None
    plan_key: str | None
    role: str | None
    role_rank: int
    amount: int | None
    currency: str | None
    interval: str | None
    interval_count: int
    quantity: int
    current_period_start: datetime | None
    current_period_end: datetime | None
    renews_at: datetime | None
    trial_end: datetime | None
    cancel_at: datetime | None
    cancel_at_period_end: bool
    canceled_at: datetime | None
    ended_at: datetime | None
    is_collection_paused: bool
    collection_resumes_at: datetime | None
    cancellation_reason: str | None
    cancellation_feedback: str | None
    cancellation_comment: str | None
    latest_invoice_id: str | None
    started_at: datetime | None
    # Only of one that is past due, and read from Stripe's invoices: `unpaid`.
    unpaid_since: datetime | None = None
    paid_until: datetime | None = None
    paid_plan_key: str | None = None
    paid_quantity: int | None = None
    paid_role: str | None = None
    paid_role_rank: int = 0

    @classmethod
    def of(cls, subscription: SubscriptionObject) -> "SubscriptionSnapshot":
        """What a subscription says; raise `UnreadableObject` when it costs more than can be written down."""
        item = _main_item(subscription.items.data)
        plan = plan_of(item.price.id, item.price.lookup_key)
        role = current_catalog().role(plan.role) if plan else None
        return cls(
            stripe_subscription_id=subscription.id,
            stripe_customer_id=subscription.customer or "",
            status=subscription.status,
            stripe_item_id=item.id,
            stripe_price_id=item.price.id,
            lookup_key=item.price.lookup_key,
            plan_key=plan.key if plan else None,
            role=role.key if role else None,
            role_rank=role.rank if role else 0,
            amount=_amount(item, subscription.items.data),
            currency=item.price.currency,
            interval=item.price.recurring.interval if item.price.recurring else None,
            interval_count=item.price.recurring.interval_count if item.price.recurring else 1,
            quantity=item.quantity or 1,
            current_period_start=item.current_period_start,
            current_period_end=item.current_period_end,
            renews_at=min(one.current_period_end for one in subscription.items.data),
            trial_end=subscription.trial_end,
            cancel_at=subscription.cancel_at,
            cancel_at_period_end=subscription.cancel_at_period_end,
            canceled_at=subscription.canceled_at,
            ended_at=subscription.ended_at,
            is_collection_paused=subscription.pause_collection is not None,
            collection_resumes_at=subscription.pause_collection.resumes_at if subscription.pause_collection else None,
            cancellation_reason=subscription.cancellation_details.reason,
            cancellation_feedback=subscription.cancellation_details.feedback,
            cancellation_comment=subscription.cancellation_details.comment,
            latest_invoice_id=subscription.latest_invoice,
            started_at=subscription.start_date,
        )

    def values(self) -> dict[str, Any]:
        """The columns of `Subscription` that this snapshot sets."""
        return dict(vars(self))


def _main_item(items: list[SubscriptionItem]) -> SubscriptionItem:
    """The item that gives the highest role: a subscription can hold add-ons beside its plan."""
    if len(items) == 1:
        return items[0]
    else:
        return max(items, key=_item_rank)


def _item_rank(item: SubscriptionItem) -> int:
    plan = plan_of(item.price.id, item.price.lookup_key)
    return current_catalog().role(plan.role).rank if plan else -1


def _amount(item: SubscriptionItem, items: list[SubscriptionItem]) -> int | None:
    """What all the items cost that are charged as often as the main one; None where Stripe tells no fixed price."""
    amounts = [
        (one.price.unit_amount, one.quantity or 1) for one in items if one.price.recurring == item.price.recurring
    ]
    if any(unit is None for unit, _ in amounts):
        return None
    total = sum((unit or 0) * quantity for unit, quantity in amounts)
    if abs(total) > LARGEST_AMOUNT:
        raise UnreadableObject("The subscription costs more than can be written down.")
    return total
