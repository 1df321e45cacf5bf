"""Reading one object from Stripe, or a customer's subscriptions, in the account that the caller names."""

from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeObject, get_gateway


def retrieve(kind: str, object_id: str, scope: StripeScope, expand: list[str] | None = None) -> StripeObject:
    """The object as Stripe has it now, at the SDK's version; `kind` is its `object` value.

    Raises `StripeObjectMissing` when there is none, `StripeUnavailable` when Stripe cannot be asked.
    """
    gateway = get_gateway()
    services = {
        "subscription": gateway.v1.subscriptions,
        "checkout.session": gateway.v1.checkout.sessions,
        "invoice": gateway.v1.invoices,
        "charge": gateway.v1.charges,
        "dispute": gateway.v1.disputes,
        "customer": gateway.v1.customers,
        "payment_intent": gateway.v1.payment_intents,
    }
    params = {"expand": expand} if expand else {}
    with gateway.errors():
        found: StripeObject = services[kind].retrieve(object_id, params, scope.options()).to_dict()
    return found


def subscriptions_of(stripe_customer_id: str, scope: StripeScope) -> list[StripeObject]:
    """Every subscription of a customer, ended ones too, newest first."""
    gateway = get_gateway()
    params = {"customer": stripe_customer_id, "status": "all", "limit": 100}
    with gateway.errors():
        pages = gateway.v1.subscriptions.list(params, scope.options()).auto_paging_iter()
        return [subscription.to_dict() for subscription in pages]
