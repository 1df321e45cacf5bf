"""Reading Stripe's objects, in the account that the caller names."""

from operator import attrgetter
from typing import Any, TypeVar

from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.objects import (
    DiscountedSubscription,
    InvoiceObject,
    InvoicePreview,
    StripeResource,
    SubscriptionObject,
)

Kind = TypeVar("Kind", bound=StripeResource)
PAGE = 100
# Stripe says what a coupon is for only on request.
COUPON = "discounts.source.coupon.applies_to"


def retrieve(kind: type[Kind], object_id: str, scope: StripeScope, expand: list[str] | None = None) -> Kind:
    """The object as Stripe has it now, at the SDK's version.

    Raises `StripeObjectMissing` when there is none, `StripeUnavailable` when Stripe cannot be asked, and
    `UnreadableObject` when what it answers cannot be read.
    """
    params = {"expand": expand} if expand else {}
    with get_gateway().errors():
        found = _service(kind).retrieve(object_id, params, scope.options()).to_dict()
    return kind.read(found)


def list_page(kind: type[Kind], scope: StripeScope, *, limit: int = PAGE, **params: Any) -> list[Kind]:
    """One page of these objects, newest first; raises as `retrieve` does."""
    with get_gateway().errors():
        found = [one.to_dict() for one in _service(kind).list({**params, "limit": limit}, scope.options()).data]
    return [kind.read(one) for one in found]


def subscriptions_of(stripe_customer_id: str, scope: StripeScope) -> list[SubscriptionObject]:
    """Every subscription of a customer, ended ones too, newest first."""
    params = {"customer": stripe_customer_id, "status": "all", "limit": PAGE}
    with get_gateway().errors():
        pages = _service(SubscriptionObject).list(params, scope.options()).auto_paging_iter()
        found = [one.to_dict() for one in pages]
    return [SubscriptionObject.read(one) for one in found]


def preview_of(subscription_id: str, scope: StripeScope) -> InvoicePreview:
    """The invoice that Stripe would write next for a subscription; `StripeRefused` where none is to come.

    Somebody may wait for a page meanwhile, so it is tried once.
    """
    params = {"subscription": subscription_id, "expand": ["discounts.promotion_code", COUPON]}
    with get_gateway().errors():
        service = get_gateway().v1.invoices
        found = service.create_preview(params, {**scope.options(), "max_network_retries": 0}).to_dict()
    return InvoicePreview.read(found)


def discounted(subscription_id: str, scope: StripeScope) -> DiscountedSubscription:
    """A subscription with the discounts that it has now, not those of its customer."""
    return retrieve(DiscountedSubscription, subscription_id, scope, expand=[COUPON])


def invoices_of(subscription_id: str, scope: StripeScope) -> list[InvoiceObject]:
    """The latest invoices of a subscription, newest first."""
    return list_page(InvoiceObject, scope, subscription=subscription_id)


def _service(kind: type[StripeResource]) -> Any:
    return attrgetter(kind.service)(get_gateway().v1)
