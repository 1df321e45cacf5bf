"""Stripe's webhook: verify, hand over, answer."""

import json

from flask import Blueprint, request
from werkzeug import Request, Response
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from app import metrics
from app.billing.errors import WebhookRefused
from app.billing.webhooks import process as events
from app.billing.webhooks.refusals import note_refusal
from app.extensions import csrf, limiter
from app.request_log import note_security

bp = Blueprint("webhook", __name__)
# Stripe has no form token and comes as often as it needs to; its signature is the check.
csrf.exempt(bp)
limiter.exempt(bp)

PATH = "/webhooks/stripe"
LARGEST_BODY_BYTES = 1024 * 1024
RECEIVED = '{"received": true}\n'


@bp.post(PATH)
def stripe_webhook() -> Response:
    """Take one event; https://docs.stripe.com/webhooks."""
    return take_delivery(request)


def take_delivery(delivery: Request) -> Response:
    """The same, with nothing of Flask's but the application: what `door` calls."""
    try:
        outcome = events.receive(_body(delivery), delivery.headers.get("Stripe-Signature"))
    except RequestEntityTooLarge:
        return _refusal("The body is too large.", 413)
    except BadRequest:
        return _refusal("The body is cut off, or its chunks are malformed.", 400)
    except WebhookRefused as error:
        metrics.count_webhook("refused")
        if note_refusal(error):
            note_security("webhook_refused", reason=error.kind, address=delivery.remote_addr)
        return _refusal(str(error), 400)
    except Exception:
        metrics.count_webhook("failed")
        # Recorded and logged with the event; Stripe tries again.
        return _refusal("The event could not be processed.", 500)
    metrics.count_webhook(outcome)
    return Response(RECEIVED, mimetype="application/json")


def _refusal(error: str, status: int) -> Response:
    return Response(json.dumps({"error": error}) + "\n", status, mimetype="application/json")


def _body(delivery: Request) -> bytes:
    # Werkzeug cuts a chunked body off at its limit without a word, so that lies one byte further than ours.
    delivery.max_content_length = LARGEST_BODY_BYTES + 1
    try:
        body = delivery.get_data(cache=False)
    except RequestEntityTooLarge:
        raise
    except Exception as error:
        # Each server has exceptions of its own for a body that breaks off, or for chunks that are none.
        raise BadRequest from error
    if len(body) > LARGEST_BODY_BYTES:
        raise RequestEntityTooLarge
    return body
