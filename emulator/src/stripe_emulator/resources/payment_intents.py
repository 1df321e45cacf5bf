"""Payment intents."""

from dataclasses import replace

from stripe_emulator.api import errors
from stripe_emulator.api.currencies import check_currency
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.api.search import search_objects
from stripe_emulator.engine.invoices import invoice_payments
from stripe_emulator.engine.payments import charging, payment_intents, payment_methods
from stripe_emulator.engine.prices import check_charge_amount
from stripe_emulator.resources.fields import carry
from stripe_emulator.resources.payment_methods import create as create_payment_method
from stripe_emulator.state.documents import Json

_PATH = "/v1/payment_intents/{intent}"
_SEARCHABLE = ("amount", "created", "currency", "customer", "metadata", "status")
_PLAIN = (
    "capture_method",
    "confirmation_method",
    "description",
    "excluded_payment_method_types",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)
_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
#: What may be changed of an intent that has been paid or canceled.
_ALWAYS_CHANGEABLE = {"description", "expand", "metadata", "receipt_email"}
_CANCELABLE = (*_CONFIRMABLE, "requires_capture")


@operation("POST", "/v1/payment_intents")
def create(request: Request) -> Json:
    """Create an intent, and confirm it if asked to."""
    tx, params = request.tx, request.params
    currency = check_currency(params["currency"])
    if params["amount"] < 1:
        raise errors.invalid_request(
            "This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer"
        )
    check_charge_amount(params["amount"], currency)
    customer = tx.require("customer", params["customer"], "customer") if params.get("customer") else None
    types = params.get("allowed_payment_method_types") or params.get("payment_method_types") or ["card"]
    intent = payment_intents.create_intent(
        tx,
        params["amount"],
        currency,
        customer=customer["id"] if customer else None,
        metadata=params.get("metadata") or {},
        payment_method_types=types,
        allowed_payment_method_types=types,
        **{name: params[name] for name in _PLAIN if params.get(name)},
    )
    if "payment_method_types" in params:
        intent["automatic_payment_methods"] = None
    _take_method(request, intent)
    return _confirm(request, intent) if params.get("confirm") else tx.save(intent)


@operation("GET", "/v1/payment_intents")
def list_all(request: Request) -> Json:
    """List intents."""
    return list_objects(request, "payment_intent", {"customer": request.params.get("customer")})


@operation("GET", "/v1/payment_intents/search")
def search(request: Request) -> Json:
    """Search intents."""
    return search_objects(request, "payment_intent", _SEARCHABLE)


@operation("GET", _PATH)
def retrieve(request: Request) -> Json:
    """Return an intent."""
    return request.tx.require("payment_intent", request.path["intent"])


@operation("POST", _PATH)
def update(request: Request) -> Json:
    """Change an intent that has not been paid."""
    intent, params = retrieve(request), request.params
    if set(params) - _ALWAYS_CHANGEABLE:
        check_status(intent, _CANCELABLE, "update")
    carry(intent, params, _PLAIN)
    if "amount" in params:
        check_charge_amount(params["amount"], intent["currency"])
        intent["amount"] = params["amount"]
    if params.get("customer"):
        intent["customer"] = request.tx.require("customer", params["customer"], "customer")["id"]
    _take_method(request, intent)
    return request.tx.save(intent)


@operation("POST", _PATH + "/confirm")
def confirm(request: Request) -> Json:
    """Try to collect the intent."""
    intent = retrieve(request)
    check_status(intent, _CONFIRMABLE, "confirm")
    carry(intent, {key: value for key, value in request.params.items() if key != "metadata"}, _PLAIN)
    _take_method(request, intent)
    return _confirm(request, intent)


@operation("POST", _PATH + "/cancel")
def cancel(request: Request) -> Json:
    """Cancel an intent."""
    intent = retrieve(request)
    check_status(intent, _CANCELABLE, "cancel")
    if invoice_payments.invoice_of(request.tx, intent) is not None:
        raise errors.invalid_request("You cannot cancel the payment intent of an invoice; void the invoice instead.")
    return payment_intents.cancel(request.tx, intent, request.params.get("cancellation_reason"))


def _take_method(request: Request, intent: Json) -> None:
    tx, params = request.tx, request.params
    given = params.get("payment_method") or params.get("source")
    if params.get("payment_method_data"):
        method = create_payment_method(replace(request, params=params["payment_method_data"]))
    elif given:
        method = payment_methods.resolve(tx, given)
    else:
        return
    if method["customer"] and intent["customer"] and method["customer"] != intent["customer"]:
        raise errors.invalid_request("The payment method belongs to another customer.", "payment_method")
    intent["payment_method"] = method["id"]
    if intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"


def _confirm(request: Request, intent: Json) -> Json:
    tx, params = request.tx, request.params
    if intent["payment_method"] is None:
        raise errors.invalid_request(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken.",
            "payment_method",
            "payment_intent_unexpected_state",
        )
    method = tx.require("payment_method", intent["payment_method"])
    off_session = bool(params.get("off_session"))
    outcome = charging.attempt_intent(tx, intent, method, off_session=off_session, return_url=params.get("return_url"))
    if outcome.status == "authenticate" and params.get("error_on_requires_action"):
        payment_intents.fail_authentication(tx, intent)
        raise payment_intents.decline_error(tx, intent)
    if intent["status"] == "requires_payment_method":
        raise payment_intents.decline_error(tx, intent)
    return tx.require("payment_intent", intent["id"])


def check_status(intent: Json, allowed: tuple[str, ...], verb: str) -> None:
    """Refuse what cannot be done to an intent in this status."""
    if intent["status"] not in allowed:
        raise errors.invalid_request(
            f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            f"with one of the following statuses may be used: {', '.join(allowed)}.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
        )
