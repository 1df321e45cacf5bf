"""Pausing a plan, and resuming it."""

from flask import render_template
from werkzeug.wrappers import Response

from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.portal.blueprint import bp, current_portal
from stripe_emulator.hosted.portal.home import after
from stripe_emulator.hosted.portal.words import describe
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.hosted.subscriptions import own_subscription
from stripe_emulator.state.store import Transaction

FEATURE = "subscription_pause"


@bp.get("/subscriptions/<subscription_id>/pause")
def pause(subscription_id: str) -> str:
    """Say what pausing means."""
    portal = current_portal()
    portal.require(FEATURE)
    with current_store().read() as tx:
        plan = describe(tx, own_subscription(tx, portal.customer_id, subscription_id))
    return render_template("portal/pause.html", plan=plan)


@bp.post("/subscriptions/<subscription_id>/pause")
def confirm_pause(subscription_id: str) -> Response:
    """Pause the plan."""
    current_portal().require(FEATURE)
    return attempt(lambda tx: _carry_out(tx, subscription_id, "pause", "paused"))


@bp.post("/subscriptions/<subscription_id>/resume")
def resume(subscription_id: str) -> Response:
    """Start a paused plan again."""
    return attempt(lambda tx: _carry_out(tx, subscription_id, "resume", "resumed"))


def _carry_out(tx: Transaction, subscription_id: str, action: str, what: str) -> Response:
    own_subscription(tx, current_portal().customer_id, subscription_id)
    call(tx, "POST", f"/v1/subscriptions/{subscription_id}/{action}", {})
    return after(tx, what)
