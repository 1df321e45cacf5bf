"""The account's balance and what changed it."""

from collections import defaultdict

from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.state.documents import Json


@operation("GET", "/v1/balance")
def retrieve(request: Request) -> Json:
    """Add up the balance transactions, by currency and by whether the money is available yet."""
    now = request.tx.now()
    available: dict[str, int] = defaultdict(int, {"usd": 0})
    pending: dict[str, int] = defaultdict(int, {"usd": 0})
    for one in request.tx.find("balance_transaction"):
        part = available if one["available_on"] <= now else pending
        part[one["currency"]] += one["net"]
    return {
        "object": "balance",
        "available": _amounts(available),
        "livemode": False,
        "pending": _amounts(pending),
    }


@operation("GET", "/v1/balance_transactions")
def list_all(request: Request) -> Json:
    """List balance transactions, of one source or type if asked."""
    filters = {name: request.params.get(name) for name in ("currency", "source", "type")}
    return list_objects(request, "balance_transaction", filters=filters)


@operation("GET", "/v1/balance_transactions/{id}")
def retrieve_transaction(request: Request) -> Json:
    """Return a balance transaction."""
    return request.tx.require("balance_transaction", request.path["id"])


def _amounts(by_currency: dict[str, int]) -> list[Json]:
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in by_currency.items()
    ]
