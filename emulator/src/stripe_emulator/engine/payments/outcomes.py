"""What an issuer would answer: decided from the test card alone, before anything is written."""

from dataclasses import dataclass
from typing import Literal

from stripe_emulator.engine.payments import cards
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


@dataclass(frozen=True)
class Outcome:
    """What happens when a payment method is charged or set up."""

    status: Literal["succeeded", "declined", "authenticate", "processing"]
    decline_code: str | None = None
    #: Declines, but can be saved to a customer all the same.
    attaches: bool = False


def decide(tx: Transaction, payment_method: Json, *, authenticated: bool = False) -> Outcome:
    """Return what using this payment method leads to."""
    behaviour = behaviour_of(tx, payment_method)
    if isinstance(behaviour, cards.Iban):
        outcome = Outcome("processing")
    elif not authenticated and _must_authenticate(tx, behaviour, payment_method):
        outcome = Outcome("authenticate")
    elif behaviour.decline:
        outcome = Outcome("declined", behaviour.decline, behaviour.attaches)
    else:
        outcome = Outcome("succeeded")
    return outcome


def decide_setup(tx: Transaction, payment_method: Json, *, authenticated: bool = False) -> Outcome:
    """Return what saving this payment method for later leads to."""
    behaviour = behaviour_of(tx, payment_method)
    outcome = decide(tx, payment_method, authenticated=authenticated)
    saved_anyway = isinstance(behaviour, cards.Card) and behaviour.attaches
    if outcome.status == "processing" or (outcome.status == "declined" and saved_anyway):
        outcome = Outcome("succeeded")
    return outcome


def behaviour_of(tx: Transaction, payment_method: Json) -> cards.Card | cards.Iban:
    """Return the row of the table of test cards that this payment method was made from."""
    number = tx.hidden("payment_method", payment_method["id"]).get("number", cards.CARDS[0].number)
    return cards.card_by_number(number) or cards.iban_by_number(number) or cards.CARDS[0]


def remember_setup(tx: Transaction, payment_method: Json) -> None:
    """Note that the cardholder has agreed to later charges, so they need no authentication again."""
    hidden = tx.hidden("payment_method", payment_method["id"])
    if not hidden.get("set_up"):
        tx.set_hidden("payment_method", payment_method["id"], {**hidden, "set_up": True})


def _must_authenticate(tx: Transaction, card: cards.Card, payment_method: Json) -> bool:
    if card.authentication == "on_setup":
        must = not tx.hidden("payment_method", payment_method["id"]).get("set_up")
    else:
        must = card.authentication == "always"
    return must
