"""Changing the plan: choose, see what it costs, confirm."""

from flask import abort, render_template, request, url_for
from werkzeug.wrappers import Response

from stripe_emulator.api.errors import ApiError
from stripe_emulator.hosted.portal import changes, offers
from stripe_emulator.hosted.portal.blueprint import bp, current_portal
from stripe_emulator.hosted.portal.held_changes import NEEDS_AUTHENTICATION, hold
from stripe_emulator.hosted.portal.home import after
from stripe_emulator.hosted.portal.offers import Change
from stripe_emulator.hosted.portal.words import describe
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.hosted.subscriptions import own_subscription
from stripe_emulator.state.store import Transaction

FEATURE = "subscription_update"
MAX_QUANTITY = 1_000_000


@bp.get("/subscriptions/<subscription_id>/update")
def choose_plan(subscription_id: str) -> str:
    """Offer the prices that the configuration allows."""
    portal = current_portal()
    portal.require(FEATURE)
    with current_store().read() as tx:
        subscription = own_subscription(tx, portal.customer_id, subscription_id)
        plan = describe(tx, subscription)
        options = offers.options_for(tx, portal, subscription)
    return render_template("portal/choose_plan.html", plan=plan, options=options)


@bp.get("/subscriptions/<subscription_id>/update/confirm")
def confirm_plan(subscription_id: str) -> str:
    """Show what the change costs today and from then on, before it is made."""
    return show_confirmation(subscription_id)


@bp.post("/subscriptions/<subscription_id>/update/confirm")
def update_plan(subscription_id: str) -> Response | tuple[str, int]:
    """Make the change that was shown."""
    portal = current_portal()

    def carry_out(tx: Transaction) -> Response:
        change = read_change(tx, subscription_id)
        return after(tx, changes.apply(tx, portal, change))

    try:
        return attempt(carry_out)
    except ApiError as error:
        if error.body.get("code") == NEEDS_AUTHENTICATION:
            return attempt(lambda tx: hold(tx, read_change(tx, subscription_id)))
        return show_confirmation(subscription_id, error.body["message"]), error.status


def show_confirmation(subscription_id: str, problem: str | None = None) -> str:
    """Show the change with its amounts."""
    portal = current_portal()
    with current_store().read() as tx:
        change = read_change(tx, subscription_id)
        plan = describe(tx, change.subscription)
        estimate = changes.estimate(tx, portal, change)
    in_flow = portal.flow and portal.flow["type"] == "subscription_update_confirm"
    back = portal.return_url if in_flow else url_for("portal.choose_plan", subscription_id=subscription_id)
    context = {"plan": plan, "change": change, "estimate": estimate, "problem": problem, "back": back}
    return render_template("portal/confirm_plan.html", **context)


def read_change(tx: Transaction, subscription_id: str) -> Change:
    """Return the change that the form, or the session's flow, asks for."""
    portal = current_portal()
    portal.require(FEATURE)
    subscription = own_subscription(tx, portal.customer_id, subscription_id)
    date = request.form.get("proration_date", 0, type=int)
    if abs(tx.now(subscription) - date) > changes.PREVIEW_SECONDS:
        date = tx.now(subscription)
    flow = portal.flow
    if flow and flow["type"] == "subscription_update_confirm":
        return offers.from_flow(tx, subscription, flow["subscription_update_confirm"], date)
    quantity = request.values.get("quantity", type=int)
    if quantity is not None and not 1 <= quantity <= MAX_QUANTITY:
        abort(400, "That quantity is not possible.")
    change = offers.to_price(tx, portal, subscription, request.values.get("price", ""), quantity, date)
    if change is None:
        abort(400, "That plan is not offered.")
    return change
