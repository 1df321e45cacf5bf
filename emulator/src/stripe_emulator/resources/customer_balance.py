"""A customer's credit balance and cash balance."""

from stripe_emulator.api import errors
from stripe_emulator.api.currencies import check_currency
from stripe_emulator.api.pagination import list_objects, list_of
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.invoices import customer_balance
from stripe_emulator.resources.fields import carry
from stripe_emulator.state.documents import Json

_KIND = "customer_balance_transaction"


@operation("POST", "/v1/customers/{customer}/balance_transactions")
def create(request: Request) -> Json:
    """Adjust the balance: below zero is credit for later invoices."""
    tx, params = request.tx, request.params
    customer = tx.require("customer", request.path["customer"])
    currency = check_currency(params["currency"])
    if customer["currency"] not in (None, currency):
        raise errors.invalid_request(
            f"The customer's currency is {customer['currency']}; a balance cannot be kept in {currency}.",
            "currency",
        )
    transaction = customer_balance.add(tx, customer, params["amount"], currency, "adjustment")
    carry(transaction, params, ("description",))
    return tx.save(transaction)


@operation("GET", "/v1/customers/{customer}/balance_transactions")
def list_all(request: Request) -> Json:
    """List what changed the balance."""
    customer = request.tx.require("customer", request.path["customer"])
    return list_objects(request, _KIND, filters={"customer": customer["id"]})


@operation("GET", "/v1/customers/{customer}/balance_transactions/{transaction}")
def retrieve(request: Request) -> Json:
    """Return one change of the balance."""
    return _transaction(request)


@operation("POST", "/v1/customers/{customer}/balance_transactions/{transaction}")
def update(request: Request) -> Json:
    """Change a transaction's description or metadata."""
    transaction = _transaction(request)
    carry(transaction, request.params, ("description",))
    return request.tx.save(transaction)


@operation("GET", "/v1/customers/{customer}/cash_balance")
def cash_balance(request: Request) -> Json:
    """Return the cash balance, which is empty: bank transfers are not emulated."""
    return _cash_balance(request, "automatic")


@operation("POST", "/v1/customers/{customer}/cash_balance")
def update_cash_balance(request: Request) -> Json:
    """Change how bank transfers would be matched."""
    mode = request.params.get("settings", {}).get("reconciliation_mode", "automatic")
    answer = _cash_balance(request, mode)
    return answer


@operation("GET", "/v1/customers/{customer}/cash_balance_transactions")
def cash_transactions(request: Request) -> Json:
    """List bank transfers: there are none."""
    request.tx.require("customer", request.path["customer"])
    return list_of(request, [])


def _transaction(request: Request) -> Json:
    request.tx.require("customer", request.path["customer"])
    transaction = request.tx.get(_KIND, request.path["transaction"])
    if transaction is None or transaction["customer"] != request.path["customer"]:
        raise errors.resource_missing(_KIND, request.path["transaction"], "transaction")
    return transaction


def _cash_balance(request: Request, mode: str) -> Json:
    customer = request.tx.require("customer", request.path["customer"])
    return {
        "object": "cash_balance",
        "available": None,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "settings": {
            "reconciliation_mode": "automatic" if mode == "merchant_default" else mode,
            "using_merchant_default": mode == "merchant_default",
        },
    }
