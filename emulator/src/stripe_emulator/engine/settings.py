"""How the account is, how long billing waits and what it does in the end; each can be changed with `tx.set_setting`."""

from typing import Any

from stripe_emulator.state.transaction import Transaction

HOUR = 3600
DAY = 24 * HOUR

DEFAULTS: dict[str, Any] = {
    #: Whether the account is one of those made since July 2026 that have Managed Payments on by default.
    "managed_payments_by_default": False,
    #: The merchant's name and colour (`#00603c`) on the hosted pages; empty for those of the account.
    "merchant_name": "",
    "merchant_accent": "",
    # Clock time.
    "invoice_draft_seconds": HOUR,
    "incomplete_expires_seconds": 23 * HOUR,
    "trial_will_end_seconds": 3 * DAY,
    "invoice_upcoming_seconds": 7 * DAY,
    #: Seconds between the tries to collect a renewal: four more after the first, in two weeks.
    "dunning_schedule": [1 * DAY, 3 * DAY, 5 * DAY, 5 * DAY],
    #: What a subscription becomes when they have all failed: `canceled`, `unpaid` or `past_due`.
    "dunning_final_status": "canceled",
    # Real time.
    "sepa_settle_seconds": 5,
    "dispute_appears_seconds": 0,
    "dispute_decides_seconds": 3,
    "refund_pending_seconds": 5,
    "session_expires_seconds": DAY,
}


def setting(tx: Transaction, name: str) -> Any:
    """Return the value of an engine setting."""
    return tx.get_setting(name, DEFAULTS[name])
