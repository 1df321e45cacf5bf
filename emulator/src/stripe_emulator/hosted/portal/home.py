"""The portal's first page: the plan as a sentence, payment methods, billing details, invoices."""

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from stripe_emulator.hosted.payment_methods import default_method_of, methods_of
from stripe_emulator.hosted.portal.blueprint import bp, current_portal
from stripe_emulator.hosted.portal.offers import options_for, yearly_of
from stripe_emulator.hosted.portal.session import PortalSession, finish_flow
from stripe_emulator.hosted.portal.words import plans_of
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.state.store import Json, Transaction

SHOWN_INVOICES = 24
NOTICES = {
    "canceled": "Your plan is canceled.",
    "renewed": "Your plan goes on as before.",
    "resumed": "Your plan is running again.",
    "updated": "Your plan is changed.",
    "scheduled": "Your plan changes when this period ends.",
    "added": "Your payment method is saved and will be used from now on.",
    "default": "This payment method will be used from now on.",
    "removed": "The payment method is removed.",
    "details": "Your billing details are saved.",
    "kept": "Your plan stays as it is.",
    "paused": "Your plan is paused.",
    "unconfirmed": "The bank could not confirm the payment, so your plan is as it was.",
}


@bp.get("")
def home() -> str | BaseResponse:
    """Show the customer's billing, or go to the task the session was made for."""
    portal = current_portal()
    if portal.flow is not None:
        return redirect(flow_address(portal.flow), 303)
    with current_store().read() as tx:
        context = _context(tx, portal)
    done = request.args.get("done", "")
    tone = "warn" if done == "unconfirmed" else "good"
    return render_template("portal/home.html", notice=NOTICES.get(done), tone=tone, **context)


@bp.get("/done")
def done() -> str:
    """Confirm that the flow is finished."""
    portal = current_portal()
    message = (portal.completion.get("hosted_confirmation") or {}).get("custom_message")
    notice = NOTICES.get(request.args.get("done", ""), "Your change is saved.")
    return render_template("portal/done.html", message=message, notice=notice)


def after(tx: Transaction, what: str) -> Response | BaseResponse:
    """Answer a finished action: the portal's home, or where the session's flow says."""
    portal = current_portal()
    if portal.flow is None:
        return redirect(url_for("portal.home", done=what), 303)
    finish_flow(tx, portal)
    kind = portal.completion["type"]
    if kind == "redirect" and portal.completion_url:
        target = portal.completion_url
    elif kind == "hosted_confirmation":
        target = url_for("portal.done", done=what)
    else:
        target = url_for("portal.home", done=what)
    return redirect(target, 303)


def flow_address(flow: Json) -> str:
    """Return the page of a deep-linked flow."""
    kind = flow["type"]
    subscription = (flow.get(kind) or {}).get("subscription")
    return {
        "payment_method_update": lambda: url_for("portal.add_payment_method"),
        "subscription_cancel": lambda: url_for("portal.cancel", subscription_id=subscription),
        "subscription_update": lambda: url_for("portal.choose_plan", subscription_id=subscription),
        "subscription_update_confirm": lambda: url_for("portal.confirm_plan", subscription_id=subscription),
        "subscription_pause": lambda: url_for("portal.pause", subscription_id=subscription),
        "customer_update": lambda: url_for("portal.details"),
    }[kind]()


def _context(tx: Transaction, portal: PortalSession) -> Json:
    customer = tx.require("customer", portal.customer_id)
    invoices = [each for each in tx.find("invoice", customer=customer["id"]) if each["status"] != "draft"]
    plans = plans_of(tx, customer["id"])
    return {
        "customer": customer,
        "plans": plans,
        "yearly": {each.id: yearly_of(options_for(tx, portal, each.subscription)) for each in plans},
        "methods": methods_of(tx, customer["id"]),
        "default_method": default_method_of(tx, customer),
        "invoices": invoices[:SHOWN_INVOICES],
        "unpaid": [each for each in invoices if each["status"] == "open"],
    }
