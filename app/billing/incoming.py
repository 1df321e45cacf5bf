"""An event as it comes in: the verified body, read and checked."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.billing.errors import MalformedEvent
from app.billing.gateway import API_VERSION
from app.billing.snapshots import time_of

LONGEST_TEXT = 255


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

    @property
    def object_id(self) -> str | None:
        return _optional_text(self.object.get("id"))

    @property
    def is_current_version(self) -> bool:
        """Whether the snapshot has the shapes that this code reads."""
        return self.api_version == API_VERSION

    @classmethod
    def parse(cls, body: bytes) -> "Event":
        """Read a verified body; raise `MalformedEvent` when it is not JSON or not an event."""
        try:
            text = body.decode()
            return cls._from_json(json.loads(text), text)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise MalformedEvent("The body is not a Stripe event.") from error

    @classmethod
    def _from_json(cls, event: Any, body: str) -> "Event":
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
            object=event["data"]["object"],
            # PostgreSQL's text cannot hold this one character; JSON can.
            body=body.replace("\x00", ""),
        )


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT or "\x00" in value:
        raise MalformedEvent("The event has no usable id or type.")
    return value


def _optional_text(value: object) -> str | None:
    """An id that may be missing; one that cannot be an id counts as missing."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and "\x00" not in value else None
