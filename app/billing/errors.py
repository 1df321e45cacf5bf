"""What can go wrong in billing, in our own words."""

import logging


class BillingError(Exception):
    """Something that billing could not do."""


class StripeUnavailable(BillingError):
    """Stripe could not be asked: down, slow, a bad key, a revoked connection."""


class StripeMisconfigured(StripeUnavailable):
    """Something on our side is set up wrong, so that trying again will not change it; the operator has to."""


class StripeUnauthorized(StripeMisconfigured):
    """Stripe answered 401: the key is wrong or was rolled."""


class StripeForbidden(StripeMisconfigured):
    """Stripe answered 403: the key may not do that."""


class ConnectionRevoked(StripeMisconfigured):
    """The connected Stripe account took its permission back; it has to be connected again."""


class StillChanging(StripeUnavailable):
    """What Stripe was asked about changed each time before the answer could be written."""


class PriceDrift(StripeMisconfigured):
    """Stripe would charge something else than the catalogue says, so nothing is sold at that price."""


class TransactionOpen(Exception):
    """A mistake of ours: a transaction would be open for as long as Stripe works."""


class StripeRejection(BillingError):
    """Stripe answered that the request cannot be done as asked (400, 404); `param` names what is wrong."""

    def __init__(self, message: str, param: str | None = None) -> None:
        self.param = param
        super().__init__(message)


class StripeObjectMissing(StripeRejection):
    """Stripe has no such object under this key."""


class StripeRefused(StripeRejection):
    """The request's parameters do not fit the object's state."""


class UnreadableObject(StripeUnavailable):
    """An object of Stripe's lacks what we need, or has more than we can keep; one of an event is read from Stripe."""


class WebhookRefused(BillingError):
    """A webhook that is answered 400; `kind` is what is wrong with it, in a word."""

    kind = "refused"
    level = logging.WARNING


class MalformedEvent(WebhookRefused):
    """A verified body that is not a Stripe event."""

    kind = "not_an_event"


class ForeignMode(WebhookRefused):
    """An event of the other mode (test or live) than the configured key's."""

    kind = "other_mode"
    level = logging.ERROR


class InvalidSignature(WebhookRefused):
    """The webhook's signature is missing, wrong or too old."""

    def __init__(self, message: str, kind: str) -> None:
        self.kind = kind
        super().__init__(message)


class UnknownEvent(BillingError):
    """No event with this id was recorded."""


class CannotBeDone(BillingError):
    """What an operator asked for does not fit how things are; the message says why, and nothing was changed."""


class NoCustomer(BillingError):
    """The user has no Stripe customer yet."""


class UnknownSession(BillingError):
    """The Checkout Session is unknown, or somebody else's."""


class AlreadyOwned(BillingError):
    """The user already has for good what the order would buy; `plan_key` is the plan that gives it."""

    def __init__(self, plan_key: str) -> None:
        self.plan_key = plan_key
        super().__init__(f"The user has {plan_key} for good.")


class BilledInOtherCurrency(BillingError):
    """Stripe bills the user in this currency, and keeps them to it while anything is billed there."""

    def __init__(self, currency: str, plan_key: str, interval: str | None, seats: int) -> None:
        self.currency, self.plan_key, self.interval, self.seats = currency, plan_key, interval, seats
        super().__init__(f"Somebody who is billed in {currency.upper()} wanted to buy {plan_key} in another currency.")
