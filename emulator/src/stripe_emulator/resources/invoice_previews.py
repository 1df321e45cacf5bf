"""Invoice previews: what a renewal, a change or a new subscription would cost."""

from stripe_emulator.api import errors
from stripe_emulator.api.expand import expand
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.invoices import discounts, preview
from stripe_emulator.engine.subscriptions import schedule_progress, trials
from stripe_emulator.engine.subscriptions.ending import OVER
from stripe_emulator.engine.subscriptions.item_changes import plan_change
from stripe_emulator.engine.subscriptions.subscription_items import period_end
from stripe_emulator.engine.subscriptions.subscriptions import create_subscription
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


@operation("POST", "/v1/invoices/create_preview")
def create_preview(request: Request) -> Json:
    """Return the invoice that would come; nothing of it is kept."""
    with request.tx.undone():
        # A discount that is to come is there to be expanded only now.
        return expand(request.tx, _preview(request.tx, request.params), request.params.get("expand") or [])


def _preview(tx: Transaction, params: Json) -> Json:
    details = params.get("subscription_details") or {}
    if params.get("subscription"):
        return _of_existing(tx, tx.require("subscription", params["subscription"], "subscription"), params, details)
    if not params.get("customer"):
        raise errors.invalid_request("You must specify `customer` or `subscription`.", "customer", "parameter_missing")
    customer = tx.require("customer", params["customer"], "customer")
    if details.get("items"):
        return _of_new(tx, customer, params, details)
    running = [one for one in tx.find("subscription", customer=customer["id"]) if one["status"] not in OVER]
    if not running:
        raise errors.invalid_request(
            f"No upcoming invoices for customer: {customer['id']}", code="invoice_upcoming_none", status=404
        )
    return preview.upcoming_invoice(tx, running[0])


def _of_existing(tx: Transaction, subscription: Json, params: Json, details: Json) -> Json:
    if subscription["status"] in OVER:
        raise errors.invalid_request(
            "No upcoming invoices for a canceled subscription.", code="invoice_upcoming_none", status=404
        )
    if params.get("discounts"):
        subscription["discounts"] = discounts.redeem_all(
            tx, params["discounts"], customer=subscription["customer"], subscription=subscription["id"]
        )
    if details.get("cancel_now"):
        return preview.cancellation_invoice(
            tx, subscription, bool(details.get("proration_behavior", "create_prorations") != "none")
        )
    changed = any(details.get(key) for key in ("items", "billing_cycle_anchor"))
    if details.get("trial_end") == "now" and subscription["status"] == "trialing":
        subscription["items"]["data"] = plan_change(tx, subscription, details).items
        return preview.trial_end_invoice(tx, subscription)
    if isinstance(details.get("trial_end"), int):
        trials.move_end(tx, subscription, details["trial_end"])
    if changed:
        return preview.change_invoice(tx, subscription, details)
    if _ends_first(tx, subscription, details):
        raise errors.invalid_request(
            f"No upcoming invoices for subscription: {subscription['id']}",
            code="invoice_upcoming_none",
            status=404,
        )
    return preview.upcoming_invoice(tx, subscription)


def _ends_first(tx: Transaction, subscription: Json, details: Json) -> bool:
    """Tell whether the subscription is over before it would be billed again; one that ends later is still billed."""
    given = details.get("cancel_at")
    if details.get("cancel_at_period_end") or (isinstance(given, str) and given):
        return True
    if details.get("cancel_at_period_end") is False or given == "":
        planned = None
    else:
        planned = given or subscription["cancel_at"]
    ends = [end for end in (planned, schedule_progress.end_of(tx, subscription)) if end is not None]
    return any(end <= period_end(subscription) for end in ends)


def _of_new(tx: Transaction, customer: Json, params: Json, details: Json) -> Json:
    wanted: Json = {
        **{
            key: details[key]
            for key in ("items", "trial_end", "billing_cycle_anchor", "proration_behavior")
            if key in details
        },
        "discounts": params.get("discounts") or [],
        "payment_behavior": "default_incomplete",
    }
    subscription = create_subscription(tx, customer, wanted)
    invoice = tx.require("invoice", subscription["latest_invoice"])
    invoice.update(status="draft", number=None, hosted_invoice_url=None, invoice_pdf=None, effective_at=None)
    invoice["status_transitions"].update(finalized_at=None, paid_at=None)
    return preview.as_preview(invoice)
