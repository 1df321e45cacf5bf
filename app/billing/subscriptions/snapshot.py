"""What a Stripe subscription says at one moment, read from an event or from the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.billing.catalog.entitlements import plan_of
from app.billing.catalog.plans import current_catalog
from app.billing.errors import IncompleteSnapshot
from app.billing.gateway.objects import SHAPES, amount, id_of, time_of


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
    quantity: int
    current_period_start: datetime | None
    current_period_end: datetime | None
    trial_end: datetime | None
    cancel_at: datetime | None
    cancel_at_period_end: bool
    canceled_at: datetime | None
    ended_at: datetime | None
    is_collection_paused: bool
    latest_invoice_id: str | None
    started_at: datetime | None

    @classmethod
    def read(cls, subscription: Mapping[str, Any]) -> "SubscriptionSnapshot":
        """Read a subscription at the SDK's API version; raise `IncompleteSnapshot` when something is missing."""
        if not SHAPES["subscription"](subscription):
            raise IncompleteSnapshot("The subscription has another shape.")
        try:
            return cls._read(subscription)
        except (KeyError, ValueError) as error:
            raise IncompleteSnapshot(f"The subscription cannot be read ({type(error).__name__}).") from error

    @classmethod
    def _read(cls, subscription: Mapping[str, Any]) -> "SubscriptionSnapshot":
        item = _main_item(subscription["items"]["data"])
        price = item["price"]
        plan = plan_of(price["id"], price["lookup_key"])
        role = current_catalog().role(plan.role) if plan else None
        return cls(
            stripe_subscription_id=subscription["id"],
            stripe_customer_id=id_of(subscription["customer"]) or "",
            status=subscription["status"],
            stripe_item_id=item["id"],
            stripe_price_id=price["id"],
            lookup_key=price["lookup_key"],
            plan_key=plan.key if plan else None,
            role=role.key if role else None,
            role_rank=role.rank if role else 0,
            amount=_item_amount(item),
            currency=price["currency"],
            interval=(price["recurring"] or {}).get("interval"),
            quantity=item.get("quantity") or 1,
            current_period_start=time_of(item["current_period_start"]),
            current_period_end=time_of(item["current_period_end"]),
            trial_end=time_of(subscription["trial_end"]),
            cancel_at=time_of(subscription["cancel_at"]),
            cancel_at_period_end=bool(subscription["cancel_at_period_end"]),
            canceled_at=time_of(subscription["canceled_at"]),
            ended_at=time_of(subscription["ended_at"]),
            is_collection_paused=subscription["pause_collection"] is not None,
            latest_invoice_id=id_of(subscription["latest_invoice"]),
            started_at=time_of(subscription["start_date"]),
        )

    def values(self) -> dict[str, Any]:
        """The columns of `Subscription` that this snapshot sets."""
        return dict(vars(self))


def _main_item(items: list[dict[str, Any]]) -> dict[str, Any]:
    """The item that gives the highest role: a subscription can hold add-ons beside its plan."""
    if len(items) == 1:
        return items[0]
    else:
        return max(items, key=_item_rank)


def _item_rank(item: dict[str, Any]) -> int:
    plan = plan_of(item["price"]["id"], item["price"]["lookup_key"])
    return current_catalog().role(plan.role).rank if plan else -1


def _item_amount(item: dict[str, Any]) -> int | None:
    unit_amount = item["price"]["unit_amount"]
    total = None if unit_amount is None else unit_amount * (item.get("quantity") or 1)
    if total is not None and not amount(total):
        raise ValueError("More than can be written down.")
    return total
