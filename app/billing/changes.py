"""What an event did, as it is written beside the event."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.billing.statuses import EventOutcome

Changes = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Effect:
    """The outcome, and what changed: by object, the state before and after."""

    outcome: EventOutcome = EventOutcome.PROCESSED
    changes: Changes = field(default_factory=dict)


IGNORED = Effect(EventOutcome.IGNORED)


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The fields that differ, as JSON: `{"before": {…}, "after": {…}}`; empty when nothing does."""
    changed = [name for name, value in after.items() if before.get(name) != value]
    if not changed:
        return {}
    return {
        "before": {name: _plain(before.get(name)) for name in changed},
        "after": {name: _plain(after[name]) for name in changed},
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
