"""Payment methods: made from a card number, a token, a magic id or an IBAN; attached to customers."""

from datetime import UTC, datetime

from stripe_emulator.api import errors
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.payments import cards
from stripe_emulator.engine.payments.card_details import card_details, check_card, fingerprint, whole_billing_details
from stripe_emulator.engine.payments.outcomes import Outcome, decide
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def create_card(
    tx: Transaction,
    number: str,
    exp_month: int | None = None,
    exp_year: int | None = None,
    cvc: str | None = None,
    billing_details: Json | None = None,
    metadata: Json | None = None,
) -> Json:
    """Create a card payment method from what was typed; only test numbers are taken."""
    card = cards.card_by_number(number)
    now = datetime.fromtimestamp(tx.now(), UTC)
    year, month = exp_year or now.year + 2, exp_month or 12
    check_card(card, month, year + 2000 if year < 100 else year, cvc, now)
    assert card is not None
    return create_from_card(tx, card, month, year + 2000 if year < 100 else year, billing_details, metadata)


def create_from_card(
    tx: Transaction,
    card: cards.Card,
    exp_month: int = 12,
    exp_year: int | None = None,
    billing_details: Json | None = None,
    metadata: Json | None = None,
) -> Json:
    """Create a payment method for a test card."""
    exp_year = exp_year or datetime.fromtimestamp(tx.now(), UTC).year + 2
    details = {"card": card_details(card, exp_month, exp_year)}
    return _insert(tx, "card", card.number, details, billing_details, metadata)


def create_from_magic_id(tx: Transaction, magic_id: str, billing_details: Json | None = None) -> Json | None:
    """Create a payment method for `pm_card_…` or `tok_…`; None if it is no such id."""
    card = cards.card_by_magic_id(magic_id)
    return create_from_card(tx, card, billing_details=billing_details) if card else None


def create_sepa_debit(
    tx: Transaction, iban: str, billing_details: Json | None = None, metadata: Json | None = None
) -> Json:
    """Create a SEPA debit payment method; only test IBANs are taken."""
    known = cards.iban_by_number(iban)
    if known is None:
        raise errors.invalid_request(
            "The IBAN you provided is invalid.", "sepa_debit[iban]", "invalid_bank_account_iban"
        )
    details = {
        "sepa_debit": {
            "bank_code": known.number[4:9],
            "branch_code": "",
            "country": known.country,
            "fingerprint": fingerprint(known.number),
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": known.last4,
        }
    }
    return _insert(tx, "sepa_debit", known.number, details, billing_details, metadata)


def resolve(tx: Transaction, id: str, param: str = "payment_method") -> Json:
    """Return the payment method with this id, making a new one for a magic id or a token."""
    found = tx.get("payment_method", id) or create_from_magic_id(tx, id)
    if found is None:
        raise errors.invalid_request(
            f"No such PaymentMethod: '{id}'",
            param,
            "resource_missing",
            404 if param == "payment_method" else 400,
        )
    if is_detached(tx, found):
        raise errors.invalid_request(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared "
            "with a connected account without Customer attachment, or was detached from a Customer. It may not be "
            "used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.",
            param,
        )
    return found


def attach(tx: Transaction, payment_method: Json, customer_id: str, *, check: bool = True) -> Json:
    """Attach to the customer; a card that declines at once cannot be saved (402)."""
    if payment_method["customer"] == customer_id:
        return payment_method
    if payment_method["customer"] is not None:
        raise errors.invalid_request(
            "The payment method you provided has already been attached to a customer.",
            None,
            "payment_method_unexpected_state",
        )
    if check:
        _refuse_if_declined(tx, payment_method)
    payment_method["customer"] = customer_id
    tx.save(payment_method)
    tx.emit("payment_method.attached", payment_method)
    return payment_method


def detach(tx: Transaction, payment_method: Json) -> Json:
    """Detach from its customer, whose default it can then no longer be."""
    customer_id = payment_method["customer"]
    if customer_id is None:
        raise errors.invalid_request(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    payment_method["customer"] = None
    tx.save(payment_method)
    hidden = tx.hidden("payment_method", payment_method["id"])
    tx.set_hidden("payment_method", payment_method["id"], {**hidden, "detached": True})
    tx.emit("payment_method.detached", payment_method, previous={"customer": customer_id})
    _forget_default(tx, customer_id, payment_method["id"])
    return payment_method


def set_customer_default(tx: Transaction, customer_id: str, payment_method_id: str) -> Json:
    """Make it what the customer's invoices are paid with."""
    customer = tx.require("customer", customer_id)
    with changing(tx, "customer.updated", customer):
        customer["invoice_settings"] = {
            **(customer.get("invoice_settings") or {"custom_fields": None, "footer": None, "rendering_options": None}),
            "default_payment_method": payment_method_id,
        }
    return customer


def default_for(tx: Transaction, customer_id: str, subscription: Json | None = None) -> Json | None:
    """Return what a charge uses: the subscription's own default, else the customer's."""
    own = subscription and (subscription["default_payment_method"] or subscription["default_source"])
    customer = tx.get("customer", customer_id) or {}
    settings = customer.get("invoice_settings") or {}
    chosen = own or settings.get("default_payment_method") or customer.get("default_source")
    return tx.get("payment_method", chosen) if chosen else None


def is_detached(tx: Transaction, payment_method: Json) -> bool:
    """Tell whether it was taken away from its customer: it can never be used again."""
    return bool(tx.hidden("payment_method", payment_method["id"]).get("detached"))


def _insert(
    tx: Transaction,
    type: str,
    number: str,
    details: Json,
    billing_details: Json | None,
    metadata: Json | None,
) -> Json:
    payment_method: Json = {
        "id": ids.new_id("payment_method"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": whole_billing_details(billing_details),
        "created": tx.now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": metadata or {},
        "type": type,
        **details,
    }
    tx.insert(payment_method)
    tx.set_hidden("payment_method", payment_method["id"], {"number": number})
    return payment_method


def _refuse_if_declined(tx: Transaction, payment_method: Json) -> None:
    outcome: Outcome = decide(tx, payment_method, authenticated=True)
    if outcome.status == "declined" and not outcome.attaches:
        assert outcome.decline_code is not None
        code, message = cards.decline_message(outcome.decline_code)
        raise errors.card_error(message, code, outcome.decline_code)


def _forget_default(tx: Transaction, customer_id: str, payment_method_id: str) -> None:
    customer = tx.get("customer", customer_id)
    settings = (customer or {}).get("invoice_settings") or {}
    if customer and settings.get("default_payment_method") == payment_method_id:
        with changing(tx, "customer.updated", customer):
            customer["invoice_settings"] = {**settings, "default_payment_method": None}
    for subscription in tx.find("subscription", customer=customer_id, default_payment_method=payment_method_id):
        with changing(tx, "customer.subscription.updated", subscription):
            subscription["default_payment_method"] = None
