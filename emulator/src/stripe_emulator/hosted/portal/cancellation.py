"""Canceling a plan with a reason, and renewing one that is set to end."""

from flask import render_template, request
from werkzeug.wrappers import Response

from stripe_emulator.hosted.lifeline import until_last_day
from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.portal.blueprint import bp, current_portal
from stripe_emulator.hosted.portal.home import after
from stripe_emulator.hosted.portal.session import PortalSession
from stripe_emulator.hosted.portal.words import describe
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.hosted.subscriptions import own_subscription, release_schedule
from stripe_emulator.state.store import Json, Transaction

REASONS = {
    "too_expensive": "It's too expensive",
    "missing_features": "I need more features",
    "switched_service": "I found an alternative",
    "unused": "I no longer need it",
    "customer_service": "Customer service was less than expected",
    "too_complex": "Ease of use was less than expected",
    "low_quality": "Quality was less than expected",
    "other": "Other reason",
}
FEATURE = "subscription_cancel"


@bp.get("/subscriptions/<subscription_id>/cancel")
def cancel(subscription_id: str) -> str:
    """Say what canceling means, and ask why if the configuration wants to know."""
    portal = current_portal()
    portal.require(FEATURE)
    with current_store().read() as tx:
        subscription = own_subscription(tx, portal.customer_id, subscription_id)
        plan, marks = describe(tx, subscription), until_last_day(tx, subscription)
    feature = portal.features[FEATURE]
    reasons = feature.get("cancellation_reason") or {}
    offered = {key: REASONS[key] for key in reasons.get("options") or REASONS if key in REASONS}
    return render_template(
        "portal/cancel.html",
        plan=plan,
        marks=marks,
        at_once=feature["mode"] == "immediately",
        reasons=offered if reasons.get("enabled") else {},
    )


@bp.post("/subscriptions/<subscription_id>/cancel")
def confirm_cancel(subscription_id: str) -> Response:
    """Cancel as the configuration says: now, or when the paid period is over."""
    portal = current_portal()
    portal.require(FEATURE)

    def carry_out(tx: Transaction) -> Response:
        subscription = own_subscription(tx, portal.customer_id, subscription_id)
        cancel_subscription(tx, portal, subscription, read_reason())
        return after(tx, "canceled")

    return attempt(carry_out)


@bp.post("/subscriptions/<subscription_id>/keep")
def keep_plan(subscription_id: str) -> Response:
    """Take back a change that was to come when the period ends."""

    def carry_out(tx: Transaction) -> Response:
        release_schedule(tx, own_subscription(tx, current_portal().customer_id, subscription_id))
        return after(tx, "kept")

    return attempt(carry_out)


@bp.post("/subscriptions/<subscription_id>/renew")
def renew(subscription_id: str) -> Response:
    """Take the cancellation back before it takes effect."""
    portal = current_portal()

    def carry_out(tx: Transaction) -> Response:
        subscription = own_subscription(tx, portal.customer_id, subscription_id)
        keep_subscription(tx, subscription)
        return after(tx, "renewed")

    return attempt(carry_out)


def read_reason() -> Json:
    """Return the posted reason as Stripe's `cancellation_details`."""
    feedback, comment = request.form.get("feedback", ""), request.form.get("comment", "").strip()[:500]
    details = {"feedback": feedback if feedback in REASONS else None, "comment": comment or None}
    return {key: value for key, value in details.items() if value}


def cancel_subscription(tx: Transaction, portal: PortalSession, subscription: Json, reason: Json) -> None:
    """Cancel; a flexible subscription gets `cancel_at` alone, as Stripe's own portal does it."""
    path, details = (
        f"/v1/subscriptions/{subscription['id']}",
        {"cancellation_details": reason} if reason else {},
    )
    feature = portal.features[FEATURE]
    if subscription["cancel_at"] or subscription["cancel_at_period_end"]:
        return
    release_schedule(tx, subscription)
    if feature["mode"] == "immediately":
        prorated = {"prorate": feature.get("proration_behavior", "none") != "none"}
        call(tx, "DELETE", path, {**prorated, **details})
    elif subscription["billing_mode"]["type"] == "flexible":
        ends = max(item["current_period_end"] for item in subscription["items"]["data"])
        call(tx, "POST", path, {"cancel_at": ends, **details})
    else:
        call(tx, "POST", path, {"cancel_at_period_end": True, **details})


def keep_subscription(tx: Transaction, subscription: Json) -> None:
    """Clear whichever mark says that the subscription will end."""
    path = f"/v1/subscriptions/{subscription['id']}"
    if subscription["cancel_at_period_end"]:
        subscription = call(tx, "POST", path, {"cancel_at_period_end": False})
    if subscription["cancel_at"]:
        call(tx, "POST", path, {"cancel_at": ""})
