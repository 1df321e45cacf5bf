"""One run of `flask billing push`: bring an object in Stripe to what is wanted, and tell what was done."""

from dataclasses import dataclass, field
from typing import Any

from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeGateway, StripeObject
from app.config.settings import Settings


@dataclass
class PushRun:
    """What a push works with, what it did line by line, and what the operator has to write down."""

    gateway: StripeGateway
    settings: Settings
    scope: StripeScope
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    price_ids: dict[str, str] = field(default_factory=dict)
    webhook_secret: str | None = None
    listen_command: str | None = None

    def ensure(
        self,
        kind: str,
        service: Any,
        current: StripeObject | None,
        wanted: dict[str, Any],
        only_new: Any = None,
    ) -> StripeObject:
        """Create the object, update it, or leave it: whichever makes it contain `wanted`.

        `only_new` holds the parameters that Stripe takes at creation alone.
        """
        options = self.scope.options()
        if current is not None and contains(current, wanted):
            self.tell("unchanged", kind, current["id"])
            return current
        with self.gateway.errors():
            if current is None:
                stored = service.create({**wanted, **(only_new or {})}, options).to_dict()
            else:
                stored = service.update(current["id"], wanted, options).to_dict()
        self.tell("updated" if current else "created", kind, stored["id"])
        return dict(stored)

    def tell(self, action: str, kind: str, stripe_id: str) -> None:
        """Add a line about one object."""
        self.lines.append(f"{action:<9}  {kind}  {stripe_id}")


def contains(actual: Any, wanted: Any) -> bool:
    """Whether what Stripe has says everything that is wanted; what else it says does not matter."""
    if isinstance(wanted, dict):
        return isinstance(actual, dict) and all(contains(actual.get(key), value) for key, value in wanted.items())
    elif isinstance(wanted, list):
        # Stripe keeps lists of prices and of event types as sets: their order is its own.
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(any(contains(item, value) for item in actual) for value in wanted)
        )
    else:
        return bool(actual == wanted)
