"""Promotion codes: found as they were typed, and refused to those they are not meant for."""

from stripe_emulator.api import errors
from stripe_emulator.engine.money import format_amount
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction


def find_promotion_code(tx: Transaction, code: str) -> Json | None:
    """Return the active promotion code a customer typed, in whatever case."""
    wanted = code.strip().lower()
    return next(
        (each for each in tx.find("promotion_code") if each["active"] and each["code"].lower() == wanted),
        None,
    )


def check_restrictions(
    tx: Transaction, promotion_code: Json, customer: str | None, amount: int | None = None, currency: str | None = None
) -> None:
    """Refuse a promotion code to those it is not meant for, and for less than its minimum if the amount is known."""
    restrictions = promotion_code["restrictions"]
    minimum = restrictions.get("minimum_amount")
    meant_for = id_of(promotion_code["customer"])
    if meant_for and meant_for != customer:
        raise errors.invalid_request(
            "This promotion code cannot be redeemed by this customer.",
            code="promotion_code_customer_mismatch",
        )
    applies = restrictions.get("minimum_amount_currency") == currency
    if minimum and applies and currency and amount is not None and amount < minimum:
        text = format_amount(minimum, currency)
        raise errors.invalid_request(
            f"This promotion code requires a minimum purchase of {text}.",
            code="promotion_code_minimum_amount",
        )
    if restrictions.get("first_time_transaction") and customer and _has_paid(tx, customer):
        raise errors.invalid_request(
            "This promotion code cannot be redeemed because the associated customer has prior transactions.",
            code="promotion_code_first_time_transaction",
        )


def check_active(tx: Transaction, promotion_code: Json, param: str) -> None:
    """Refuse a promotion code that is switched off or over."""
    expired = promotion_code["expires_at"] is not None and promotion_code["expires_at"] <= tx.now()
    if expired or not promotion_code["active"]:
        raise errors.invalid_request("This promotion code is no longer active.", param, "promotion_code_expired")


def _has_paid(tx: Transaction, customer: str) -> bool:
    return any(charge["paid"] for charge in tx.find("charge", customer=customer))
