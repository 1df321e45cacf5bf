"""One run of `flask billing push`: bring an object in Stripe to what is wanted, and tell what was done.

Two runs at once make nothing twice: what they create has an idempotency key that follows from what is wanted and from
what was there before, so that the second one is given what the first one made.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.billing.errors import BillingError, StripeObjectMissing, StripeRefused
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeGateway, StripeObject
from app.config.settings import Settings

# What a dry run calls an object that does not exist yet.
NEW = "(new)"
# While another run creates the same object, Stripe asks to come again.
PAUSES = (0.1, 0.3, 1.0)


class PushRefused(BillingError):
    """Something in Stripe stands in the way, and nothing was changed; the message is one line."""


@dataclass
class PushRun:
    """What a push works with, what it did line by line, and what the operator has to write down."""

    gateway: StripeGateway
    settings: Settings
    scope: StripeScope
    is_dry: bool = False
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    price_ids: dict[str, str] = field(default_factory=dict)
    price_problems: dict[str, str | None] = field(default_factory=dict)
    webhook_secret: str | None = None
    listen_command: str | None = None

    def ensure(
        self,
        kind: str,
        service: Any,
        current: StripeObject | None,
        wanted: dict[str, Any],
        *,
        only_new: dict[str, Any] | None = None,
        along: dict[str, Any] | None = None,
        before: Sequence[str] = (),
        action: str = "updated",
    ) -> StripeObject:
        """Create the object, update it, or leave it: whichever makes it contain `wanted`.

        `only_new` holds the parameters that Stripe takes at creation alone, `along` those that it does not show
        again; `before` are the ids of what the new object would replace; `action` is what an update is called.
        """
        if current is None:
            return self.create(kind, service, {**wanted, **(only_new or {}), **(along or {})}, before)
        elif contains(current, wanted):
            self.tell("unchanged", kind, current["id"])
            return current
        else:
            self.tell(action, kind, current["id"])
            return self._update(service, current, {**wanted, **(along or {})})

    def create(
        self,
        kind: str,
        service: Any,
        params: dict[str, Any],
        before: Sequence[str] = (),
        scope: StripeScope | None = None,
    ) -> StripeObject:
        """Create the object; another run that creates the same at the same moment is given the same."""
        scope = scope or self.scope
        stored = {"id": NEW, **params} if self.is_dry else self._create_once(service, params, before, scope)
        self.tell("created", kind, stored["id"])
        return stored

    def tell(self, action: str, kind: str, stripe_id: str) -> None:
        """Add a line about one object."""
        done = f"would be {action}" if self.is_dry and action != "unchanged" else action
        self.lines.append(f"{done:<9}  {kind}  {stripe_id}")

    def _update(self, service: Any, current: StripeObject, params: dict[str, Any]) -> StripeObject:
        if self.is_dry:
            return {**current, **params}
        with self.gateway.errors():
            return dict(service.update(current["id"], params, self.scope.options()).to_dict())

    def _create_once(
        self, service: Any, params: dict[str, Any], before: Sequence[str], scope: StripeScope
    ) -> StripeObject:
        content = [scope.stripe_account, scope.livemode, type(service).__name__, params, sorted(before)]
        key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        stored = self._create_with_key(service, params, scope.options(f"push_{key}"))
        try:
            with self.gateway.errors():
                service.retrieve(stored["id"], {}, scope.options())
        except StripeObjectMissing:
            # Stripe repeated its answer of earlier today, and the object was deleted since.
            with self.gateway.errors():
                return dict(service.create(params, scope.options()).to_dict())
        return stored

    def _create_with_key(self, service: Any, params: dict[str, Any], options: dict[str, Any]) -> StripeObject:
        for pause in PAUSES:
            try:
                with self.gateway.errors():
                    return dict(service.create(params, options).to_dict())
            except StripeRefused as refusal:
                if refusal.param != "idempotency_key":
                    raise
            time.sleep(pause)
        raise PushRefused("Another push is at work; try again when it is done.")


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
