"""The parts of Stripe's objects that we read, at the SDK's API version, as frozen and checked values.

What does not fit them, and what a row could not hold, is refused: an event's object is then read from Stripe. Times
are aware UTC, amounts are minor units, and an expandable field is the id of what it names.
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Self

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError

from app.billing.errors import UnreadableObject
from app.database import parse_uuid

LONGEST_TEXT, LONGEST_WORD, LONGEST_NUMBER = 255, 32, 64
LARGEST_AMOUNT = 2**63 - 1
LARGEST_COUNT = 2**31 - 1
LAST_SECOND = 250_000_000_000  # The year 9892: what a datetime can hold, with room for the days of grace.


def id_of(reference: object) -> object:
    """The id of an expandable field, whether it is the id or the object."""
    if isinstance(reference, Mapping) and isinstance(reference.get("id"), str):
        return reference["id"]
    else:
        return reference


def time_of(seconds: object) -> datetime:
    """Stripe's unix seconds as an aware UTC time; raise `ValueError` for what no clock can hold."""
    if type(seconds) is int and 0 <= seconds <= LAST_SECOND:
        return datetime.fromtimestamp(seconds, UTC)
    raise ValueError("not a moment")


def optional_time(seconds: object) -> datetime | None:
    """The same, or None for null."""
    return None if seconds is None else time_of(seconds)


def or_empty(value: object) -> object:
    """An empty object for null."""
    return {} if value is None else value


Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Word = Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)]
Amount = Annotated[int, Field(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)]
Count = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]
Currency = Annotated[str, Field(min_length=3, max_length=3)]
Moment = Annotated[datetime, PlainValidator(time_of)]
OptionalMoment = Annotated[datetime | None, PlainValidator(optional_time)]
Reference = Annotated[Text | None, BeforeValidator(id_of)]
OurId = Annotated[uuid.UUID | None, PlainValidator(parse_uuid)]


class Part(BaseModel):
    """Some of an object's fields; the others are left out."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class StripeResource(Part):
    """An object of Stripe's; `service` is where the SDK's `v1` has it."""

    service: ClassVar[str]
    id: Text

    @classmethod
    def read(cls, answer: object) -> Self:
        """The object in what Stripe wrote; raise `UnreadableObject` for another shape."""
        try:
            return cls.model_validate(answer)
        except ValidationError as error:
            where = ", ".join(sorted({".".join(map(str, problem["loc"])) for problem in error.errors()}))
            raise UnreadableObject(f"Stripe's {cls.service} cannot be read: {where}.") from error


class Metadata(Part):
    """What our own server writes into metadata."""

    user_id: OurId = Field(None, validation_alias="userId")
    order_id: OurId = Field(None, validation_alias="orderId")


OurMetadata = Annotated[Metadata, BeforeValidator(or_empty)]
NO_METADATA = Metadata()


class SoldPrice(Part):
    """The price of something that a session sells."""

    id: Text
    lookup_key: Text | None = None


class LineItem(Part):
    """Something that a session sells."""

    price: SoldPrice | None = None


class LineItems(Part):
    """What a session sells, where it was expanded."""

    data: list[LineItem]


class SessionDiscount(Part):
    """What was taken off: by a code that was typed in, or by a coupon without one."""

    coupon: Reference = None
    promotion_code: Reference = None


class CheckoutSessionObject(StripeResource):
    """https://docs.stripe.com/api/checkout/sessions/object"""

    service = "checkout.sessions"
    # Null only where nothing is sold.
    amount_total: Amount
    amount_subtotal: Amount | None = None
    client_reference_id: str | None = None
    created: Moment
    currency: Currency | None = None
    customer: Reference = None
    discounts: list[SessionDiscount] | None = None
    expires_at: OptionalMoment = None
    invoice: Reference = None
    line_items: LineItems | None = None
    metadata: OurMetadata = NO_METADATA
    mode: Word
    payment_intent: Reference = None
    # Known where the PaymentIntent was expanded.
    payment_intent_status: Word | None = Field(None, validation_alias=AliasPath("payment_intent", "status"))
    payment_status: Word
    status: Word | None = None
    subscription: Reference = None
    url: str | None = None


class Recurring(Part):
    """How often a price is charged."""

    interval: Word
    interval_count: Annotated[Count, Field(ge=1)] = 1


class ItemPrice(Part):
    """The price of a subscription's item."""

    id: Text
    currency: Currency
    lookup_key: Text | None
    product: Reference = None
    recurring: Recurring | None
    unit_amount: Amount | None


class SubscriptionItem(Part):
    """https://docs.stripe.com/api/subscription_items/object"""

    id: Text
    current_period_start: Moment
    current_period_end: Moment
    price: ItemPrice
    quantity: Count | None = None


class SubscriptionItems(Part):
    """A subscription has at least one."""

    data: Annotated[list[SubscriptionItem], Field(min_length=1)]


class PauseCollection(Part):
    """That no payment is collected for a while."""

    resumes_at: OptionalMoment = None


class CancellationDetails(Part):
    """Why a subscription ends, and what the customer said of it."""

    comment: str | None = None
    feedback: Text | None = None
    reason: Text | None = None


CancellationInWords = Annotated[CancellationDetails, BeforeValidator(or_empty)]


class SubscriptionObject(StripeResource):
    """https://docs.stripe.com/api/subscriptions/object"""

    service = "subscriptions"
    cancel_at: OptionalMoment
    cancel_at_period_end: bool
    canceled_at: OptionalMoment
    cancellation_details: CancellationInWords = CancellationDetails()
    currency: Currency
    customer: Reference
    ended_at: OptionalMoment
    items: SubscriptionItems
    latest_invoice: Reference
    metadata: OurMetadata = NO_METADATA
    pause_collection: PauseCollection | None
    start_date: Moment
    status: Word
    trial_end: OptionalMoment

    @property
    def is_priced_otherwise(self) -> bool:
        """Whether it is billed in another currency than the one in which its items show their prices."""
        return any(item.price.currency != self.currency for item in self.items.data)


class Period(Part):
    """The time that an invoice's line is about."""

    start: Moment
    end: Moment


class InvoiceLine(Part):
    """One line of an invoice; less than nothing for what is given back of a price."""

    amount: Amount | None = None
    description: str | None = None
    period: Period | None = None
    quantity: Count | None = None
    stripe_price_id: Reference = Field(None, validation_alias=AliasPath("pricing", "price_details", "price"))


class InvoiceLines(Part):
    """The first lines of an invoice."""

    data: list[InvoiceLine]


class SubscriptionDetails(Part):
    """Which subscription an invoice is for, with the metadata that it had."""

    metadata: OurMetadata = NO_METADATA
    subscription: Reference = None


class InvoiceParent(Part):
    """What an invoice came from; None for one that was written by itself."""

    subscription_details: SubscriptionDetails | None = None


class StatusTransitions(Part):
    """When an invoice was asked for, and when it was paid."""

    finalized_at: OptionalMoment = None
    paid_at: OptionalMoment = None


class PaymentOfInvoice(Part):
    """What pays an invoice."""

    payment_intent: Reference = None


class InvoicePaymentObject(StripeResource):
    """https://docs.stripe.com/api/invoice-payment/object"""

    service = "invoice_payments"
    invoice: Reference = None
    is_default: bool = False
    payment: PaymentOfInvoice
    status: Word


class InvoicePayments(Part):
    """An invoice's payments, where they were expanded."""

    data: list[InvoicePaymentObject]


class InvoiceObject(StripeResource):
    """https://docs.stripe.com/api/invoices/object"""

    service = "invoices"
    amount_due: Amount
    amount_paid: Amount
    attempt_count: Count
    created: Moment
    currency: Currency
    customer: Reference = None
    description: str | None = None
    # Of an invoice that is sent; one that is charged by itself is due when it is finalized.
    due_date: OptionalMoment = None
    hosted_invoice_url: str | None = None
    invoice_pdf: str | None = None
    lines: InvoiceLines | None = None
    metadata: OurMetadata = NO_METADATA
    next_payment_attempt: OptionalMoment = None
    number: Annotated[str, Field(max_length=LONGEST_NUMBER)] | None = None
    parent: InvoiceParent | None = None
    payments: InvoicePayments | None = None
    status: Word | None = None
    status_transitions: StatusTransitions | None = None
    # Before the customer's credit.
    total: Amount = 0

    @property
    def subscription_details(self) -> SubscriptionDetails:
        """Which subscription the invoice is for; without one the details are empty."""
        return (self.parent and self.parent.subscription_details) or SubscriptionDetails()

    @property
    def due_at(self) -> datetime:
        """When it has to be paid, or the payment is tried for the first time."""
        finalized_at = self.status_transitions.finalized_at if self.status_transitions else None
        return self.due_date or finalized_at or self.created


class DiscountTotal(Part):
    """What one discount takes off an invoice."""

    amount: Amount
    discount: Reference = None


class ExpandedDiscount(Part):
    """What a discount comes from: a promotion code as people type it, or a coupon by its name or id; and how much."""

    id: Reference = None
    amount_off: Amount | None = Field(None, validation_alias=AliasPath("source", "coupon", "amount_off"))
    currency: Currency | None = Field(None, validation_alias=AliasPath("source", "coupon", "currency"))
    percent_off: float | None = Field(None, validation_alias=AliasPath("source", "coupon", "percent_off"))
    code: Text | None = Field(None, validation_alias=AliasPath("promotion_code", "code"))
    coupon_name: Text | None = Field(None, validation_alias=AliasPath("source", "coupon", "name"))
    coupon: Text | None = Field(None, validation_alias=AliasPath("source", "coupon", "id"))
    # None for one that is for everything.
    products: list[Text] | None = Field(None, validation_alias=AliasPath("source", "coupon", "applies_to", "products"))

    @property
    def name(self) -> str | None:
        return self.code or self.coupon_name or self.coupon


Amounts = dict[str | None, int]


def discount_of(discounts: list[ExpandedDiscount], amounts: Amounts) -> int:
    """What these take off amounts by product, one after the other, in their currency; half a cent counts as one."""
    left = dict(amounts)
    for one in discounts:
        to_take = one.amount_off or 0
        for product in [each for each in left if one.products is None or each in one.products]:
            if one.percent_off:
                taken = int(Decimal(str(one.percent_off)) * left[product] / 100 + Decimal("0.5"))
            else:
                taken = min(to_take, left[product])
                to_take -= taken
            left[product] -= taken
    return sum(amounts.values()) - sum(left.values())


class DiscountedSubscription(StripeResource):
    """A subscription's own discounts, which are expanded, and what they are taken from."""

    service = "subscriptions"
    discounts: list[ExpandedDiscount] = []
    items: SubscriptionItems

    def split(self, amount: int, price_id: str | None) -> Amounts:
        """What of an amount is for each product, of those that are charged as often as this price."""
        rhythm = next((one.price.recurring for one in self.items.data if one.price.id == price_id), None)
        costs: Amounts = {}
        for one in self.items.data:
            if one.price.recurring == rhythm:
                cost = (one.price.unit_amount or 0) * (one.quantity or 1)
                costs[one.price.product] = costs.get(one.price.product, 0) + cost
        whole = sum(costs.values())
        return {product: amount * cost // whole for product, cost in costs.items()} if whole else {None: amount}


class InvoicePreview(StripeResource):
    """https://docs.stripe.com/api/invoices/create_preview; its discounts are expanded."""

    service = "invoices"
    amount_due: Amount
    created: Moment
    currency: Currency
    discounts: list[ExpandedDiscount] = []
    lines: InvoiceLines | None = None
    total_discount_amounts: list[DiscountTotal] | None = None

    @property
    def discount(self) -> int:
        """What all discounts together take off."""
        return sum(one.amount for one in self.total_discount_amounts or [])

    def discount_on(self, amounts: Amounts) -> int:
        """What the same discounts would take off these amounts: the invoice may be about something else as well."""
        taken = {one.discount: one.amount for one in self.total_discount_amounts or []}
        known = [one for one in self.discounts if taken.get(one.id) and one.currency in (None, self.currency)]
        others = sum(taken.values()) - sum(taken[one.id] for one in known)
        return min(discount_of(known, amounts) + others, sum(amounts.values()))

    @property
    def next_lines(self) -> list[InvoiceLine]:
        """What is charged of the coming period, without what is still to pay of the one before."""
        lines = [line for line in (self.lines.data if self.lines else []) if line.period and line.stripe_price_id]
        begins = max((line.period.start for line in lines if line.period), default=None)
        return [line for line in lines if line.period and line.period.start == begins]


class ChargeObject(StripeResource):
    """https://docs.stripe.com/api/charges/object"""

    service = "charges"
    amount: Amount
    amount_refunded: Amount
    created: Moment
    currency: Currency | None = None
    customer: Reference = None
    disputed: bool = False
    metadata: OurMetadata = NO_METADATA
    payment_intent: Reference = None
    refunded: bool
    status: Word | None = None


class RefundObject(StripeResource):
    """https://docs.stripe.com/api/refunds/object"""

    service = "refunds"
    amount: Amount
    charge: Reference = None
    customer: Reference = None
    metadata: OurMetadata = NO_METADATA
    payment_intent: Reference = None
    status: Word | None = None


class EvidenceDetails(Part):
    """Until when a dispute can be answered."""

    due_by: OptionalMoment = None


NO_EVIDENCE_DETAILS = EvidenceDetails()


class DisputeObject(StripeResource):
    """https://docs.stripe.com/api/disputes/object"""

    service = "disputes"
    amount: Amount
    charge: Reference = None
    evidence_details: EvidenceDetails = NO_EVIDENCE_DETAILS
    metadata: OurMetadata = NO_METADATA
    payment_intent: Reference = None
    reason: Word | None = None
    status: Word


class CurrencyOption(Part):
    """What a price costs in one of its currencies."""

    unit_amount: Amount | None = None


class DiscountObject(StripeResource):
    """https://docs.stripe.com/api/discounts/object; it comes with others, and cannot be retrieved by itself."""

    service = "discounts"
    coupon: Reference = Field(None, validation_alias=AliasPath("source", "coupon"))
    checkout_session: Reference = None
    customer: Reference = None
    promotion_code: Reference = None
    start: OptionalMoment = None
    subscription: Reference = None


class PriceObject(StripeResource):
    """https://docs.stripe.com/api/prices/object"""

    service = "prices"
    # By currency, its own too, where they were expanded.
    currency_options: Mapping[str, CurrencyOption] = Field(default_factory=dict)
    lookup_key: Text | None = None


class PaymentIntentObject(StripeResource):
    """https://docs.stripe.com/api/payment_intents/object"""

    service = "payment_intents"
    status: Word


class CustomerObject(StripeResource):
    """https://docs.stripe.com/api/customers/object; of a deleted one Stripe keeps the id alone."""

    service = "customers"
    # What it is billed in; None before the first time.
    currency: Currency | None = None
    deleted: bool = False
    metadata: OurMetadata = NO_METADATA


class Owned(Part):
    """Whose an object is, in any API version; what cannot be that counts as missing."""

    customer: str | None = None
    metadata: Metadata = NO_METADATA

    @classmethod
    def of(cls, stripe_object: Mapping[str, object]) -> "Owned":
        """Read the two fields by themselves."""
        customer, metadata = id_of(stripe_object.get("customer")), stripe_object.get("metadata")
        return cls(
            customer=customer if isinstance(customer, str) and len(customer) <= LONGEST_TEXT else None,
            metadata=Metadata.model_validate(metadata) if isinstance(metadata, dict) else NO_METADATA,
        )
