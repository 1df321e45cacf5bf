"""Payment methods: cards by number, token or magic id, and SEPA debits by IBAN."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.payments import payment_methods
from stripe_emulator.resources.fields import address, carry
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

_KIND = "payment_method"


def build(tx: Transaction, params: Json) -> Json:
    """Store a new payment method that belongs to nobody yet."""
    billing = {name: value or None for name, value in params.get("billing_details", {}).items()}
    type = params.get("type")
    if type == "card":
        made = _card(tx, params, billing)
    elif type == "sepa_debit":
        iban = params.get("sepa_debit", {}).get("iban")
        if not iban:
            raise errors.invalid_request("Missing required param: sepa_debit.", "sepa_debit", "parameter_missing")
        made = payment_methods.create_sepa_debit(tx, iban.replace(" ", ""), billing, params.get("metadata"))
    elif type is None:
        raise errors.invalid_request("Missing required param: type.", "type", "parameter_missing")
    else:
        raise errors.invalid_request(
            f"The payment method type `{type}` is not emulated; use card or sepa_debit.", "type"
        )
    if "allow_redisplay" in params:
        made["allow_redisplay"] = params["allow_redisplay"]
        tx.save(made)
    return made


@operation("POST", "/v1/payment_methods")
def create(request: Request) -> Json:
    """Create a payment method that belongs to nobody yet."""
    return build(request.tx, request.params)


@operation("GET", "/v1/payment_methods")
def list_all(request: Request) -> Json:
    """List a customer's payment methods."""
    return _list(request, request.params.get("customer"))


@operation("GET", "/v1/payment_methods/{payment_method}")
def retrieve(request: Request) -> Json:
    """Return a payment method."""
    return request.tx.require(_KIND, request.path["payment_method"])


@operation("POST", "/v1/payment_methods/{payment_method}")
def update(request: Request) -> Json:
    """Change billing details, a card's expiry, or metadata."""
    tx, params = request.tx, request.params
    payment_method = tx.require(_KIND, request.path["payment_method"])
    with changing(tx, "payment_method.updated", payment_method):
        carry(payment_method, params, ("allow_redisplay",))
        details, given = payment_method["billing_details"], params.get("billing_details", {})
        carry(details, given, ("email", "name", "phone", "tax_id"))
        if "address" in given:
            details["address"] = address(given["address"] or {"city": ""})
        for name in ("exp_month", "exp_year"):
            if name in params.get("card", {}) and payment_method["type"] == "card":
                payment_method["card"][name] = params["card"][name]
    return payment_method


@operation("POST", "/v1/payment_methods/{payment_method}/attach")
def attach(request: Request) -> Json:
    """Attach a payment method, or a fresh one for a magic id, to a customer."""
    tx = request.tx
    if not request.params.get("customer"):
        raise errors.invalid_request("Missing required param: customer.", "customer", "parameter_missing")
    customer = tx.require("customer", request.params["customer"], "customer")
    payment_method = payment_methods.resolve(tx, request.path["payment_method"])
    return payment_methods.attach(tx, payment_method, customer["id"])


@operation("POST", "/v1/payment_methods/{payment_method}/detach")
def detach(request: Request) -> Json:
    """Detach a payment method from its customer."""
    payment_method = request.tx.require(_KIND, request.path["payment_method"])
    return payment_methods.detach(request.tx, payment_method)


@operation("GET", "/v1/customers/{customer}/payment_methods")
def list_of_customer(request: Request) -> Json:
    """List the customer's payment methods."""
    return _list(request, request.tx.require("customer", request.path["customer"])["id"])


@operation("GET", "/v1/customers/{customer}/payment_methods/{payment_method}")
def retrieve_of_customer(request: Request) -> Json:
    """Return one of the customer's payment methods."""
    payment_method = request.tx.require(_KIND, request.path["payment_method"])
    if payment_method["customer"] != request.path["customer"]:
        raise errors.resource_missing(_KIND, payment_method["id"])
    return payment_method


def _card(tx: Transaction, params: Json, billing: Json) -> Json:
    given, metadata = params.get("card"), params.get("metadata")
    if given and given.get("token"):
        made = payment_methods.create_from_magic_id(tx, given["token"], billing)
        if made is None:
            raise errors.resource_missing("token", given["token"], "card[token]")
        made["metadata"] = metadata or {}
        return tx.save(made)
    if not given or not given.get("number"):
        raise errors.invalid_request("Missing required param: card[number].", "card[number]", "parameter_missing")
    number = given["number"].replace(" ", "")
    return payment_methods.create_card(
        tx, number, given.get("exp_month"), given.get("exp_year"), given.get("cvc"), billing, metadata
    )


def _list(request: Request, customer_id: str | None) -> Json:
    # Payment methods that belong to nobody are never listed.
    filters = {"type": request.params.get("type"), "customer": customer_id}
    where = None if customer_id else (lambda one: one["customer"] is not None)
    return list_objects(request, _KIND, filters=filters, where=where)
