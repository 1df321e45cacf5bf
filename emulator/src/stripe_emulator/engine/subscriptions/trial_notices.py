"""The notice that a trial will end: three days before, or at once if it is shorter."""

from stripe_emulator.engine.settings import setting
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def announce_end(tx: Transaction, subscription: Json) -> None:
    """Emit `customer.subscription.trial_will_end`, once per end."""
    if subscription["status"] == "trialing" and not _is_told(tx, subscription):
        hidden = tx.hidden("subscription", subscription["id"])
        tx.set_hidden("subscription", subscription["id"], {**hidden, "trial_notice": subscription["trial_end"]})
        tx.emit("customer.subscription.trial_will_end", subscription)


def next_notice(tx: Transaction, subscription: Json) -> int | None:
    """Return when the notice is still to be given."""
    if subscription["status"] != "trialing" or _is_told(tx, subscription):
        return None
    at: int = subscription["trial_end"] - setting(tx, "trial_will_end_seconds")
    return at


def _is_told(tx: Transaction, subscription: Json) -> bool:
    told = tx.hidden("subscription", subscription["id"]).get("trial_notice")
    return bool(told == subscription["trial_end"])
