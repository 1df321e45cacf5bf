"""An event as it comes in: the verified body, read and checked."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.billing.asking import ask
from app.billing.errors import MalformedEvent, UnreadableObject
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import api_version
from app.billing.gateway.objects import SubscriptionObject, time_of
from app.billing.gateway.read import Kind, retrieve
from app.billing.models.subscription import Subscription
from app.billing.statuses import ENDED_STATUSES, SubscriptionStatus
from app.billing.subscriptions.snapshot import SubscriptionSnapshot
from app.database import utcnow

LONGEST_TEXT = 255
# `v2.core.event`, and whatever its later forms are called.
THIN = "v2."


@dataclass(frozen=True)
class Event:
    """https://docs.stripe.com/api/events/object; `object` is the snapshot that Stripe took when it happened."""

    id: str
    type: str
    created_at: datetime
    api_version: str | None
    account: str | None
    livemode: bool
    object: dict[str, Any]
    body: str
    # Carries no snapshot: https://docs.stripe.com/event-destinations#thin-events
    is_thin: bool = False

    @property
    def object_id(self) -> str:
        """The object's id; empty for the few that have none, such as an upcoming invoice."""
        return _optional_text(self.object.get("id")) or ""

    @property
    def is_current_version(self) -> bool:
        """Whether the snapshot has the shapes that this code reads."""
        return self.api_version == api_version()

    def record(self) -> dict[str, Any]:
        """The columns of its `StripeEvent` that do not tell what came of it."""
        return {
            "id": self.id,
            "type": self.type,
            "api_version": self.api_version,
            "stripe_account": self.account,
            "object_id": self.object_id or None,
            "payload": self.body,
            "created_at": self.created_at,
            "received_at": utcnow(),
            "tries": 1,
        }

    @classmethod
    def parse(cls, body: bytes) -> "Event":
        """Read a verified body; raise `MalformedEvent` when it is not JSON or not an event."""
        try:
            text = body.decode()
            return cls._from_json(json.loads(text), text)
        except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError) as error:
            raise MalformedEvent("The body is not a Stripe event.") from error

    @classmethod
    def _from_json(cls, event: Any, body: str) -> "Event":
        if str(event["object"]).startswith(THIN):
            return cls._thin(event, body)
        if event["object"] != "event" or not isinstance(event["data"]["object"], dict):
            raise MalformedEvent("The body is not a Stripe event.")
        created_at = time_of(int(event["created"]))
        assert created_at is not None
        return cls(
            id=_text(event["id"]),
            type=_text(event["type"]),
            created_at=created_at,
            api_version=_optional_text(event.get("api_version")),
            account=_optional_text(event.get("account")),
            livemode=bool(event["livemode"]),
            object=_storable(event["data"]["object"]) if "\\u" in body else event["data"]["object"],
            body=body,
        )

    @classmethod
    def _thin(cls, event: Any, body: str) -> "Event":
        return cls(
            id=_text(event["id"]),
            type=_text(event["type"]),
            created_at=datetime.fromisoformat(event["created"]).astimezone(UTC),
            api_version=None,
            account=None,
            livemode=bool(event.get("livemode")),
            object={},
            body=body,
            is_thin=True,
        )


def read_snapshot(event: Event, kind: type[Kind]) -> Kind | None:
    """The event's object, checked; None when Stripe has to be asked: it is of another API version, or lacks parts."""
    try:
        return kind.read(event.object) if event.is_current_version else None
    except UnreadableObject:
        return None


def current_object(kind: type[Kind], event: Event, scope: StripeScope) -> Kind:
    """The event's object; read from Stripe when it is of another API version, or parts are missing."""
    return read_snapshot(event, kind) or ask(retrieve, kind, event.object_id, scope)


def certain_snapshot(event: Event, row: Subscription | None) -> SubscriptionSnapshot | None:
    """The event's snapshot when it may be taken as it is; None when Stripe has to be asked.

    Events of one second have no order, so only a later second is certainly newer. Nothing is ever dropped for being
    old: Stripe's clock need not be ours, and a question is cheap. What has ended does not live again, whatever an
    event's time says.
    """
    if row is None or row.status in ENDED_STATUSES:
        return None
    subscription = read_snapshot(event, SubscriptionObject) if event.created_at > row.snapshot_at else None
    if subscription is None or subscription.status == SubscriptionStatus.PAST_DUE:
        # The invoices say since when something is unpaid, and what is paid for.
        return None
    if subscription.is_priced_otherwise:
        # Only the price itself says what it costs in the subscription's currency.
        return None
    try:
        return SubscriptionSnapshot.of(subscription)
    except UnreadableObject:
        return None


def _text(value: object) -> str:
    text = _optional_text(value)
    if text is None:
        raise MalformedEvent("The event has no usable id or type.")
    return text


def _optional_text(value: object) -> str | None:
    """An id that may be missing; one that cannot be an id counts as missing."""
    is_id = isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isascii() and value.isprintable()
    return value if is_id else None  # type: ignore[return-value]


def _storable(value: Any) -> Any:
    """The same JSON without the characters that JSON can write and a database cannot hold."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode(errors="replace").decode()
    elif isinstance(value, dict):
        return {key: _storable(item) for key, item in value.items()}
    elif isinstance(value, list):
        return [_storable(item) for item in value]
    else:
        return value
