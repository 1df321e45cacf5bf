"""Which actions an object's page offers."""

from dataclasses import dataclass

from stripe_emulator.hosted.money import decimals
from stripe_emulator.state.store import Json, Transaction


@dataclass(frozen=True)
class Action:
    """A button, with a field for an amount if there is one."""

    endpoint: str
    label: str
    id: str
    tone: str = ""
    amount: str | None = None
    field: str = ""


def actions_for(tx: Transaction, obj: Json) -> list[Action]:
    """Return what can be done to an object as it stands."""
    offer = {
        "customer": _customer,
        "subscription": _subscription,
        "invoice": _invoice,
        "payment_intent": _payment,
        "charge": _charge,
        "dispute": _dispute,
        "checkout.session": _session,
    }.get(obj["object"])
    return offer(tx, obj) if offer else []


def _customer(tx: Transaction, customer: Json) -> list[Action]:
    return [
        Action("use_failing_card", "Change to a failing card", customer["id"], "danger"),
        Action("use_authenticating_card", "Change to a 3-D Secure card", customer["id"]),
        Action("use_working_card", "Change to a working card", customer["id"]),
    ]


def _subscription(tx: Transaction, subscription: Json) -> list[Action]:
    id, status = subscription["id"], subscription["status"]
    if status in ("canceled", "incomplete_expired"):
        return []
    if subscription["cancel_at_period_end"] or subscription["cancel_at"]:
        later = Action("keep_subscription", "Do not cancel", id)
    else:
        later = Action("cancel_later", "Cancel at period end", id)
    return [later, Action("cancel_now", "Cancel now", id, "danger")]


def _invoice(tx: Transaction, invoice: Json) -> list[Action]:
    if invoice["status"] != "open":
        return []
    return [
        Action("settle_invoice", "Charge now", invoice["id"]),
        Action("void_invoice", "Void", invoice["id"], "danger"),
    ]


def _payment(tx: Transaction, intent: Json) -> list[Action]:
    charge = tx.get("charge", intent["latest_charge"]) if intent["latest_charge"] else None
    return _charge(tx, charge) if charge else []


def _charge(tx: Transaction, charge: Json) -> list[Action]:
    left = charge["amount_captured"] - charge["amount_refunded"]
    if not charge["paid"] or charge["disputed"] or left <= 0:
        return []
    places = decimals(charge["currency"])
    amount = f"{left / 10**places:.{places}f}"
    return [
        Action("refund", "Refund", charge["id"], "danger", amount, f"Amount in {charge['currency'].upper()}"),
        Action("dispute", "Dispute", charge["id"], "danger"),
    ]


def _dispute(tx: Transaction, dispute: Json) -> list[Action]:
    if dispute["status"] in ("won", "lost", "warning_closed"):
        return []
    return [
        Action("win_dispute", "Win", dispute["id"]),
        Action("lose_dispute", "Lose", dispute["id"], "danger"),
    ]


def _session(tx: Transaction, session: Json) -> list[Action]:
    return [Action("expire", "Expire", session["id"], "danger")] if session["status"] == "open" else []
