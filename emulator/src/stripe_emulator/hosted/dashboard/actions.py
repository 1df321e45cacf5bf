"""Making things happen to one object."""

from flask import abort, request
from werkzeug.wrappers import Response

from stripe_emulator.api.errors import ApiError
from stripe_emulator.hosted.dashboard.addresses import kind_of
from stripe_emulator.hosted.dashboard.blueprint import bp, done
from stripe_emulator.hosted.money import parse_amount
from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.payment_methods import use_method
from stripe_emulator.hosted.portal.cancellation import keep_subscription as keep
from stripe_emulator.hosted.storage import attempt
from stripe_emulator.state.store import Json, Transaction

FAILING, AUTHENTICATING, WORKING = (
    "pm_card_chargeCustomerFail",
    "pm_card_authenticationRequired",
    "pm_card_visa",
)


@bp.post("/dashboard/charges/<id>/refund")
def refund(id: str) -> Response:
    """Refund a charge, all of it or the amount that was typed."""

    def carry_out(tx: Transaction) -> None:
        charge = tx.require("charge", id)
        typed = request.form.get("amount", "").strip()
        amount = parse_amount(typed, charge["currency"]) if typed else None
        if typed and not amount:
            abort(400, "Enter an amount, such as 5.00.")
        call(tx, "POST", "/v1/refunds", {"charge": id, **({"amount": amount} if amount else {})})

    return _act(carry_out, "refunded", id)


@bp.post("/dashboard/charges/<id>/dispute")
def dispute(id: str) -> Response:
    """Have the cardholder dispute a charge."""
    from stripe_emulator.engine.payments.disputes import create_dispute

    return _act(lambda tx: create_dispute(tx, tx.require("charge", id), "fraudulent"), "disputed", id)


@bp.post("/dashboard/disputes/<id>/win")
def win_dispute(id: str) -> Response:
    """Answer the dispute with evidence that wins."""
    params = {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True}
    return _act(lambda tx: call(tx, "POST", f"/v1/disputes/{id}", params), "dispute-won", id)


@bp.post("/dashboard/disputes/<id>/lose")
def lose_dispute(id: str) -> Response:
    """Accept the dispute as lost."""
    return _act(lambda tx: call(tx, "POST", f"/v1/disputes/{id}/close"), "dispute-lost", id)


@bp.post("/dashboard/checkout-sessions/<id>/expire")
def expire(id: str) -> Response:
    """Expire an open checkout session."""
    return _act(lambda tx: call(tx, "POST", f"/v1/checkout/sessions/{id}/expire"), "expired", id)


@bp.post("/dashboard/customers/<id>/failing-card")
def use_failing_card(id: str) -> Response:
    """Have the customer's next charges declined."""
    return _act(lambda tx: _use_card(tx, id, FAILING), "failing", id)


@bp.post("/dashboard/customers/<id>/authenticating-card")
def use_authenticating_card(id: str) -> Response:
    """Have the customer's next charges ask for 3-D Secure."""
    return _act(lambda tx: _use_card(tx, id, AUTHENTICATING), "failing", id)


@bp.post("/dashboard/customers/<id>/working-card")
def use_working_card(id: str) -> Response:
    """Have the customer's next charges succeed."""
    return _act(lambda tx: _use_card(tx, id, WORKING), "working", id)


@bp.post("/dashboard/subscriptions/<id>/cancel")
def cancel_now(id: str) -> Response:
    """Cancel a subscription at once."""
    return _act(lambda tx: call(tx, "DELETE", f"/v1/subscriptions/{id}"), "canceled", id)


@bp.post("/dashboard/subscriptions/<id>/cancel-later")
def cancel_later(id: str) -> Response:
    """Cancel a subscription when its period ends."""
    params = {"cancel_at_period_end": True}
    return _act(lambda tx: call(tx, "POST", f"/v1/subscriptions/{id}", params), "canceling", id)


@bp.post("/dashboard/subscriptions/<id>/keep")
def keep_subscription(id: str) -> Response:
    """Take a cancellation back."""
    return _act(lambda tx: keep(tx, tx.require("subscription", id)), "resumed", id)


@bp.post("/dashboard/invoices/<id>/charge")
def settle_invoice(id: str) -> Response:
    """Try to collect an open invoice now."""
    return _act(lambda tx: call(tx, "POST", f"/v1/invoices/{id}/pay"), "settled", id)


@bp.post("/dashboard/invoices/<id>/void")
def void_invoice(id: str) -> Response:
    """Void an open invoice."""
    return _act(lambda tx: call(tx, "POST", f"/v1/invoices/{id}/void"), "voided", id)


def _act(action: object, what: str, id: str) -> Response:
    try:
        attempt(action)  # type: ignore[arg-type]
    except ApiError as error:
        abort(error.status if error.status != 402 else 400, error.body["message"])
    return done(what, "dashboard.show_object", kind=str(kind_of(id)), id=id)


def _use_card(tx: Transaction, customer: str, magic_id: str) -> Json:
    method = call(tx, "POST", f"/v1/payment_methods/{magic_id}/attach", {"customer": customer})
    use_method(tx, customer, method["id"])
    return method
