"""What a subscription costs in its own currency: Stripe shows an item's price in the price's."""

from app.billing.asking import ask
from app.billing.errors import StripeObjectMissing
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import ItemPrice, PriceObject, SubscriptionObject
from app.billing.gateway.read import retrieve


def in_own_currency(subscription: SubscriptionObject, scope: StripeScope) -> SubscriptionObject:
    """The subscription with its items' prices in the currency that it is billed in. Inside `ask_then_lock`.

    Costs a question for each price that is shown in another one.
    """
    if not subscription.is_priced_otherwise:
        return subscription
    items = [
        item.model_copy(update={"price": _price_in(item.price, subscription.currency, scope)})
        for item in subscription.items.data
    ]
    return subscription.model_copy(update={"items": subscription.items.model_copy(update={"data": items})})


def _price_in(price: ItemPrice, currency: str, scope: StripeScope) -> ItemPrice:
    if price.currency == currency:
        return price
    amount = ask(_amount_in, price.id, currency, scope)
    return price.model_copy(update={"currency": currency, "unit_amount": amount})


def _amount_in(stripe_price_id: str, currency: str, scope: StripeScope) -> int | None:
    """What a unit costs in this currency, in minor units; None where Stripe does not say."""
    try:
        price = retrieve(PriceObject, stripe_price_id, scope, expand=["currency_options"])
    except StripeObjectMissing:
        return None
    option = price.currency_options.get(currency)
    return option.unit_amount if option else None
