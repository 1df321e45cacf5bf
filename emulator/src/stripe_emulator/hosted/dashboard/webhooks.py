"""Webhook endpoints and their deliveries, with what was sent and what came back."""

from flask import abort, render_template
from werkzeug.wrappers import Response

from stripe_emulator.hosted.dashboard.blueprint import bp, done
from stripe_emulator.hosted.dashboard.queries import delivery_by_number
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.state import deliveries
from stripe_emulator.state.endpoint_secrets import live_secrets

SHOWN = 50


@bp.get("/dashboard/webhooks")
def list_webhooks() -> str:
    """Show every endpoint with its secret, and the newest deliveries."""
    with current_store().read() as tx:
        endpoints = [(each, live_secrets(tx, each["id"])) for each in tx.find("webhook_endpoint")]
        newest = deliveries.latest(tx, limit=SHOWN)
    return render_template("dashboard/webhooks.html", endpoints=endpoints, deliveries=newest)


@bp.get("/dashboard/webhooks/deliveries/<int:number>")
def show_delivery(number: int) -> str:
    """Show one delivery: every attempt with its request and its response."""
    with current_store().read() as tx:
        delivery = delivery_by_number(tx, number)
        if delivery is None:
            abort(404)
        attempts = deliveries.attempts(tx, delivery)
        endpoint = tx.get("webhook_endpoint", delivery.endpoint)
    return render_template("dashboard/delivery.html", delivery=delivery, attempts=attempts[::-1], endpoint=endpoint)


@bp.post("/dashboard/webhooks/deliveries/<int:number>/resend")
def resend(number: int) -> Response:
    """Send the event to the same endpoint once more."""
    with current_store().write() as tx:
        delivery = delivery_by_number(tx, number)
        if delivery is None:
            abort(404)
        deliveries.enqueue(tx, tx.require("event", delivery.event), delivery.endpoint)
    return done("resent", "dashboard.list_webhooks")


@bp.post("/dashboard/events/<id>/resend")
def resend_event(id: str) -> Response:
    """Send an event once more to every endpoint that wants it."""
    with current_store().write() as tx:
        event = tx.require("event", id)
        for endpoint in tx.find("webhook_endpoint", status="enabled"):
            if deliveries.wants(endpoint, event):
                deliveries.enqueue(tx, event, endpoint["id"])
    return done("resent", "dashboard.show_object", kind="event", id=id)
