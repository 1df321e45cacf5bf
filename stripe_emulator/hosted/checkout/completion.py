"""Carrying a checkout session out through the engine."""

from stripe_emulator.hosted.checkout.form import Answers
from stripe_emulator.hosted.checkout.summary import Order, summarize
from stripe_emulator.hosted.operations import call
from stripe_emulator.store import Json, Transaction


def order_of(tx: Transaction, session: Json) -> Order:
    """Return what the page says about the session."""
    items = call(tx, "GET", f"/v1/checkout/sessions/{session['id']}/line_items", {"limit": 100})["data"]
    return summarize(tx, session, items, None, None)


def pay(tx: Transaction, session_id: str, answers: Answers) -> str:
    """Complete the session and return where the browser goes."""
    raise NotImplementedError


def apply_code(tx: Transaction, session_id: str, code: str) -> None:
    """Apply a promotion code to the session."""
    raise NotImplementedError
