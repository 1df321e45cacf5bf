"""Setup intents."""

from dataclasses import replace

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.payments import payment_methods, setup_intents
from stripe_emulator.resources.fields import carry
from stripe_emulator.resources.payment_methods import create as create_payment_method
from stripe_emulator.state.documents import Json

_PATH = "/v1/setup_intents/{intent}"
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


@operation("POST", "/v1/setup_intents")
def create(request: Request) -> Json:
    """Create a setup intent, and confirm it if asked to."""
    tx, params = request.tx, request.params
    customer = tx.require("customer", params["customer"], "customer") if params.get("customer") else None
    types = params.get("allowed_payment_method_types") or params.get("payment_method_types") or ["card"]
    intent = setup_intents.create_setup_intent(
        tx,
        customer=customer["id"] if customer else None,
        description=params.get("description"),
        metadata=params.get("metadata") or {},
        usage=params.get("usage"),
        payment_method_types=types,
        allowed_payment_method_types=types,
    )
    _take_method(request, intent)
    return _confirm(request, intent) if params.get("confirm") else tx.save(intent)


@operation("GET", "/v1/setup_intents")
def list_all(request: Request) -> Json:
    """List setup intents."""
    filters = {name: request.params.get(name) for name in ("customer", "payment_method")}
    return list_objects(request, "setup_intent", filters)


@operation("GET", _PATH)
def retrieve(request: Request) -> Json:
    """Return a setup intent."""
    return request.tx.require("setup_intent", request.path["intent"])


@operation("POST", _PATH)
def update(request: Request) -> Json:
    """Change a setup intent."""
    intent = retrieve(request)
    if set(request.params) - {"description", "expand", "metadata"}:
        _check_open(intent, "update")
    carry(intent, request.params, ("description",))
    if request.params.get("customer"):
        intent["customer"] = request.tx.require("customer", request.params["customer"], "customer")["id"]
    _take_method(request, intent)
    return request.tx.save(intent)


@operation("POST", _PATH + "/confirm")
def confirm(request: Request) -> Json:
    """Try to save the payment method."""
    intent = retrieve(request)
    _check_open(intent, "confirm")
    _take_method(request, intent)
    return _confirm(request, intent)


@operation("POST", _PATH + "/cancel")
def cancel(request: Request) -> Json:
    """Cancel a setup intent."""
    intent = retrieve(request)
    _check_open(intent, "cancel")
    return setup_intents.cancel_setup_intent(request.tx, intent, request.params.get("cancellation_reason"))


@operation("POST", _PATH + "/verify_microdeposits")
def verify_microdeposits(request: Request) -> Json:
    """Refuse: no payment method here is verified by microdeposits."""
    retrieve(request)
    raise errors.invalid_request("This SetupIntent does not require microdeposit verification.")


def _take_method(request: Request, intent: Json) -> None:
    params = request.params
    if params.get("payment_method_data"):
        method = create_payment_method(replace(request, params=params["payment_method_data"]))
    elif params.get("payment_method"):
        method = payment_methods.resolve(request.tx, params["payment_method"])
    else:
        return
    intent["payment_method"] = method["id"]
    if intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"


def _confirm(request: Request, intent: Json) -> Json:
    if intent["payment_method"] is None:
        raise errors.invalid_request(
            "You cannot confirm this SetupIntent because it's missing a payment method.",
            "payment_method",
            "setup_intent_unexpected_state",
        )
    method = request.tx.require("payment_method", intent["payment_method"])
    outcome = setup_intents.attempt_setup(request.tx, intent, method, return_url=request.params.get("return_url"))
    if outcome.status == "declined":
        raise setup_intents.setup_decline_error(request.tx, intent)
    return intent


def _check_open(intent: Json, verb: str) -> None:
    if intent["status"] not in _OPEN:
        raise errors.invalid_request(
            f"You cannot {verb} this SetupIntent because it has a status of {intent['status']}.",
            code="setup_intent_unexpected_state",
            setup_intent=intent,
        )
