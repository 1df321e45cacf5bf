"""What is done to the amount of an authorized payment intent, and what is not emulated of it."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_of
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.payments import payment_intents
from stripe_emulator.resources.payment_intents import check_status, retrieve
from stripe_emulator.state.documents import Json

_PATH = "/v1/payment_intents/{intent}"


@operation("POST", _PATH + "/capture")
def capture(request: Request) -> Json:
    """Take the money of an authorized intent."""
    intent, amount = retrieve(request), request.params.get("amount_to_capture")
    check_status(intent, ("requires_capture",), "capture")
    if amount is not None and not 0 < amount <= intent["amount_capturable"]:
        raise errors.invalid_request(
            "The amount to capture must be at most the amount authorized.", "amount_to_capture"
        )
    return payment_intents.capture(request.tx, intent, amount)


@operation("POST", _PATH + "/increment_authorization")
def increment_authorization(request: Request) -> Json:
    """Raise the authorized amount."""
    intent, amount = retrieve(request), request.params["amount"]
    check_status(intent, ("requires_capture",), "increment the authorization of")
    if amount <= intent["amount"]:
        raise errors.invalid_request("The amount must be greater than the currently authorized amount.", "amount")
    intent.update(amount=amount, amount_capturable=amount)
    return request.tx.save(intent)


@operation("POST", _PATH + "/apply_customer_balance")
def apply_customer_balance(request: Request) -> Json:
    """Refuse: only bank transfers are paid from a cash balance."""
    retrieve(request)
    raise errors.invalid_request("This PaymentIntent is not paid by `customer_balance`.", "payment_method")


@operation("POST", _PATH + "/verify_microdeposits")
def verify_microdeposits(request: Request) -> Json:
    """Refuse: no payment method here is verified by microdeposits."""
    retrieve(request)
    raise errors.invalid_request("This PaymentIntent does not require microdeposit verification.")


@operation("GET", _PATH + "/amount_details_line_items")
def list_amount_details(request: Request) -> Json:
    """List the details of the amount: none are kept."""
    retrieve(request)
    return list_of(request, [])
