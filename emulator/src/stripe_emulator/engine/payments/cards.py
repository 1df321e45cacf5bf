"""The test cards, magic ids, tokens and IBANs, and how each behaves: the one table of them."""

from dataclasses import dataclass
from typing import Literal

Authentication = Literal["never", "on_setup", "always"]
Dispute = Literal["fraudulent", "product_not_received", "inquiry"]

#: Stripe's error code and message per decline; codes that are not `card_declined` are their own decline.
DECLINE_MESSAGES = {
    "generic_decline": ("card_declined", "Your card was declined."),
    "insufficient_funds": ("card_declined", "Your card has insufficient funds."),
    "lost_card": ("card_declined", "Your card was declined."),
    "stolen_card": ("card_declined", "Your card was declined."),
    "fraudulent": ("card_declined", "Your card was declined."),
    "card_velocity_exceeded": (
        "card_declined",
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    ),
    "expired_card": ("expired_card", "Your card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "Your card's security code is incorrect."),
    "incorrect_number": ("incorrect_number", "Your card number is incorrect."),
    "processing_error": (
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "authentication_required": (
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
}


@dataclass(frozen=True)
class Card:
    """A test card number and what happens when it is used."""

    number: str
    brand: str
    names: tuple[str, ...]
    funding: str = "credit"
    country: str = "US"
    decline: str | None = None
    #: A declining card that can still be saved to a customer: its charges fail afterwards.
    attaches: bool = False
    authentication: Authentication = "never"
    dispute: Dispute | None = None
    refund: Literal["succeeds", "pending", "fails"] = "succeeds"
    risk: Literal["normal", "elevated", "highest"] = "normal"
    title: str = ""

    @property
    def last4(self) -> str:
        """The digits shown of the number."""
        return self.number[-4:]

    @property
    def is_first_choice(self) -> bool:
        """Whether a payment page shows it at once: one works, one asks, one is declined, one fails at the renewal."""
        return self.names[-1] in ("visa", "threeDSecure2Required", "chargeDeclined", "visa_chargeCustomerFail")


@dataclass(frozen=True)
class Iban:
    """A test IBAN and how its debit settles."""

    number: str
    outcome: Literal["succeeds", "fails", "disputed"]

    @property
    def country(self) -> str:
        """The country the account is in."""
        return self.number[:2]

    @property
    def last4(self) -> str:
        """The digits shown of the number."""
        return self.number[-4:]


def _declining(number: str, decline: str, name: str, title: str) -> Card:
    names = (f"visa_chargeDeclined{name}", f"chargeDeclined{name}")
    return Card(number, "visa", names, decline=decline, title=title)


CARDS: tuple[Card, ...] = (
    Card("4242424242424242", "visa", ("visa",), title="Succeeds"),
    Card("4000056655665556", "visa", ("visa_debit",), funding="debit"),
    Card("5555555555554444", "mastercard", ("mastercard",), title="Mastercard"),
    Card("2223003122003222", "mastercard", ("mastercard_2_series",)),
    Card("5200828282828210", "mastercard", ("mastercard_debit",), funding="debit"),
    Card("5105105105105100", "mastercard", ("mastercard_prepaid",), funding="prepaid"),
    Card("378282246310005", "amex", ("amex",)),
    Card("371449635398431", "amex", ("amex_2",)),
    Card("6011111111111117", "discover", ("discover",)),
    Card("3056930009020004", "diners", ("diners",)),
    Card("3566002020360505", "jcb", ("jcb",)),
    Card("6200000000000005", "unionpay", ("unionpay",)),
    Card("4000002500000003", "visa", ("fr",), country="FR"),
    Card("4000002760000016", "visa", ("de",), country="DE"),
    Card("4000008260000000", "visa", ("gb",), country="GB"),
    Card("4000000000000077", "visa", ("bypassPending",)),
    _declining("4000000000000002", "generic_decline", "", "Declined"),
    _declining("4000000000009995", "insufficient_funds", "InsufficientFunds", "Insufficient funds"),
    _declining("4000000000009987", "lost_card", "LostCard", "Lost card"),
    _declining("4000000000009979", "stolen_card", "StolenCard", "Stolen card"),
    _declining("4000000000000069", "expired_card", "ExpiredCard", "Expired card"),
    _declining("4000000000000127", "incorrect_cvc", "IncorrectCvc", "Incorrect CVC"),
    _declining("4000000000000119", "processing_error", "ProcessingError", "Processing error"),
    _declining("4242424242424241", "incorrect_number", "IncorrectNumber", "Incorrect number"),
    _declining("4000000000006975", "card_velocity_exceeded", "VelocityLimitExceeded", "Too many attempts"),
    Card("4100000000000019", "visa", ("radarBlock",), decline="fraudulent", risk="highest"),
    Card(
        "4000000000000341",
        "visa",
        ("chargeCustomerFail", "visa_chargeCustomerFail"),
        decline="generic_decline",
        attaches=True,
        title="Saves, then is declined",
    ),
    Card("4000000000004954", "visa", ("riskLevelHighest",), risk="highest"),
    Card("4000000000009235", "visa", ("riskLevelElevated",), risk="elevated"),
    Card(
        "4000002500003155",
        "visa",
        ("authenticationRequiredOnSetup",),
        authentication="on_setup",
        title="3-D Secure, first time",
    ),
    Card(
        "4000002760003184",
        "visa",
        ("authenticationRequired",),
        authentication="always",
        title="3-D Secure, every time",
    ),
    Card("4000003800000446", "visa", ("authenticationRequiredSetupForOffSession",)),
    Card(
        "4000008260003178",
        "visa",
        ("authenticationRequiredChargeDeclinedInsufficientFunds",),
        decline="insufficient_funds",
        attaches=True,
        authentication="always",
    ),
    Card(
        "4000000000003220",
        "visa",
        ("threeDSecure2Required",),
        authentication="always",
        title="3-D Secure required",
    ),
    Card("4000000000003063", "visa", ("threeDSecureRequired",), authentication="always"),
    Card("4000000000003055", "visa", ("threeDSecureOptional",)),
    Card(
        "4000008400001629",
        "visa",
        ("threeDSecureRequiredChargeDeclined",),
        decline="generic_decline",
        attaches=True,
        authentication="always",
        title="3-D Secure, then declined",
    ),
    Card("4000000000000259", "visa", ("createDispute",), dispute="fraudulent", title="Disputed"),
    Card("4000000000002685", "visa", ("createDisputeProductNotReceived",), dispute="product_not_received"),
    Card("4000000000001976", "visa", ("createDisputeInquiry",), dispute="inquiry"),
    Card("4000000000007726", "visa", ("pendingRefund",), refund="pending"),
    Card("4000000000005126", "visa", ("refundFail",), refund="fails"),
)

IBANS: tuple[Iban, ...] = (
    *(
        Iban(number, "succeeds")
        for number in (
            "AT611904300234573201",
            "AT321904300235473204",
            "BE62510007547061",
            "DE89370400440532013000",
            "ES0700120345030000067890",
            "FI2112345600000785",
            "FR1420041010050500013M02606",
            "IE29AIBK93115212345678",
            "IT40S0542811101000000123456",
            "LU280019400644750000",
            "NL39RABO0300065264",
            "PT50000201231234567890154",
        )
    ),
    *(
        Iban(number, "fails")
        for number in (
            "AT861904300235473202",
            "AT051904300235473205",
            "BE68539007547034",
            "DE62370400440532013001",
            "ES9121000418450200051332",
            "FI1410093000123458",
            "FR8420041010050500013M02607",
            "IE02AIBK93115212345679",
            "IT60X0542811101000000123456",
            "LU980019400644750001",
            "NL91ABNA0417164300",
            "PT23000201231234567890155",
        )
    ),
    *(
        Iban(number, "disputed")
        for number in ("AT591904300235473203", "DE35370400440532013002", "IT13X0542811101000000123457")
    ),
)

_BY_NUMBER = {card.number: card for card in CARDS}
_BY_NAME = {name: card for card in CARDS for name in card.names}
_IBANS = {iban.number: iban for iban in IBANS}

#: What the hosted pages offer as one-press buttons, in this order.
SUGGESTED = tuple(card for card in CARDS if card.title)


def card_by_number(number: str) -> Card | None:
    """Return the test card with this number, written with or without spaces."""
    return _BY_NUMBER.get(number.replace(" ", "").replace("-", ""))


def card_by_magic_id(magic_id: str) -> Card | None:
    """Return the test card that `pm_card_…` or `tok_…` stands for."""
    for prefix in ("pm_card_", "tok_"):
        if magic_id.startswith(prefix):
            return _BY_NAME.get(magic_id.removeprefix(prefix))
    return None


def iban_by_number(number: str) -> Iban | None:
    """Return the test IBAN with this number, written with or without spaces."""
    return _IBANS.get(number.replace(" ", "").upper())


def decline_message(decline_code: str) -> tuple[str, str]:
    """Return Stripe's error code and message for a decline code."""
    return DECLINE_MESSAGES[decline_code]
