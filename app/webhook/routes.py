"""Stripe's webhook: verify, hand over, answer."""

from flask import Blueprint, Response, request
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

Answer = Response | tuple[dict[str, object], int]
LARGEST_BODY_BYTES = 1024 * 1024
RECEIVED = '{"received": true}\n'


@bp.post("/webhooks/stripe")
def stripe_webhook() -> Answer:
    """Take one event; https://docs.stripe.com/webhooks."""
    try:
        outcome = events.receive(_body(), request.headers.get("Stripe-Signature"))
    except RequestEntityTooLarge:
        return {"error": "The body is too large."}, 413
    except BadRequest:
        return {"error": "The body is cut off, or its chunks are malformed."}, 400
    except WebhookRefused as error:
        metrics.count_webhook("refused")
        if note_refusal(error):
            note_security("webhook_refused", reason=error.kind)
        return {"error": str(error)}, 400
    except Exception:
        metrics.count_webhook("failed")
        # Recorded and logged with the event; Stripe tries again.
        return {"error": "The event could not be processed."}, 500
    metrics.count_webhook(outcome)
    return Response(RECEIVED, mimetype="application/json")


def _body() -> bytes:
    # Werkzeug cuts a chunked body off at its limit without a word, so that lies one byte further than ours.
    request.max_content_length = LARGEST_BODY_BYTES + 1
    try:
        body = request.get_data(cache=False)
    except Exception as error:
        # Each server has exceptions of its own for a body that breaks off, or for chunks that are none.
        raise BadRequest from error
    if len(body) > LARGEST_BODY_BYTES:
        raise RequestEntityTooLarge
    return body
