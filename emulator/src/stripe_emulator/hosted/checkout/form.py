"""What the customer answered on the checkout page."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stripe_emulator.engine.checkout.checkout import needs_payment_method
from stripe_emulator.engine.payments.cards import iban_by_number
from stripe_emulator.hosted.card_form import read_card
from stripe_emulator.state.store import Json, Transaction


@dataclass
class Answers:
    """The values to show again, what is wrong with them, and the payment method they stand for."""

    values: dict[str, str]
    email: str | None
    errors: dict[str, str] = field(default_factory=dict)
    payment_method: Json | None = None
    customer_details: Json | None = None
    #: Where a refusal by the bank is shown.
    refused_field: str = "card_number"


def known_email(tx: Transaction, session: Json) -> str | None:
    """Return the email that the session or its customer already has."""
    customer = tx.get("customer", session["customer"]) if session["customer"] else None
    details = session["customer_details"] or {}
    return (customer or {}).get("email") or session["customer_email"] or details.get("email")


def read_answers(tx: Transaction, session: Json, form: Mapping[str, str]) -> Answers:
    """Read the posted form."""
    values = {key: str(value).strip()[:200] for key, value in form.items()}
    known = known_email(tx, session)
    email = known or values.get("email", "")
    if not needs_payment_method(session):
        answers = Answers(values, email, refused_field="email")
    elif values.get("method") == "sepa_debit" and "sepa_debit" in session["payment_method_types"]:
        answers = _read_debit(values, email)
    else:
        answers = _read_card(tx, session, values, email)
    answers.customer_details = _details(values, email)
    name, _, host = email.partition("@")
    if not known and not (name and host and " " not in email):
        answers.errors = {"email": "Enter an e-mail address, like name@example.com.", **answers.errors}
    return answers


def _details(values: Mapping[str, str], email: str) -> Json:
    name = values.get("name") or values.get("account_name")
    address = {key: values[key] for key in ("country", "postal_code") if values.get(key)}
    empty = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {"email": email, "name": name or None, "address": {**empty, **address} if address else None}


def _read_card(tx: Transaction, session: Json, values: dict[str, str], email: str) -> Answers:
    card = read_card(values, tx.now(session))
    details = card.billing | {"email": email}
    return Answers(card.values, email, card.errors, {**card.payment_method, "billing_details": details})


def _read_debit(values: dict[str, str], email: str) -> Answers:
    iban = iban_by_number(values.get("iban", ""))
    details = {"email": email, "name": values.get("account_name") or values.get("name") or email}
    if iban is None:
        # Whatever it is, it is no test account, so it is not shown again.
        problem = {"iban": "The IBAN you provided is invalid. Use one of Stripe's test IBANs."}
        return Answers({**values, "iban": ""}, email, problem, refused_field="iban")
    method = {"type": "sepa_debit", "sepa_debit": {"iban": iban.number}, "billing_details": details}
    return Answers(values, email, payment_method=method, refused_field="iban")
