"""How a customer pays, as far as we read it: cards, and what else has four digits to be known by."""

from pydantic import AliasPath, Field

from app.billing.gateway.objects import Count, Part, Reference, StripeResource, Text, Word


class Details(Part):
    """What a card or a bank account is known by; an account has neither brand nor expiry."""

    brand: Word | None = None
    exp_month: Count | None = None
    exp_year: Count | None = None
    fingerprint: Text | None = None
    last4: Word | None = None


class PaymentMethodObject(StripeResource):
    """https://docs.stripe.com/api/payment_methods/object"""

    service = "payment_methods"
    card: Details | None = None
    customer: Reference = None
    sepa_debit: Details | None = None
    type: Word
    us_bank_account: Details | None = None

    @property
    def details(self) -> Details:
        """Those of its own kind; of the kinds that have none, empty ones."""
        return self.card or self.sepa_debit or self.us_bank_account or Details()

    @property
    def brand(self) -> str:
        """The card's brand, or the kind of what is no card."""
        return self.details.brand or self.type


class PayingSubscription(Part):
    """A subscription of a customer, and what it is charged to if that is its own."""

    id: Text
    default_payment_method: PaymentMethodObject | None = None


class PayingSubscriptions(Part):
    """The first of them; none that is over."""

    data: list[PayingSubscription] = []


class PayingCustomer(StripeResource):
    """A customer with what is charged; the payment methods are expanded."""

    service = "customers"
    default_payment_method: PaymentMethodObject | None = Field(
        None, validation_alias=AliasPath("invoice_settings", "default_payment_method")
    )
    subscriptions: PayingSubscriptions = PayingSubscriptions()

    def pays_with(self, subscription_id: str | None) -> PaymentMethodObject | None:
        """What the next invoice is charged to: the subscription's own way to pay, or else the customer's."""
        own = {one.id: one.default_payment_method for one in self.subscriptions.data}
        return own.get(subscription_id or "") or self.default_payment_method
