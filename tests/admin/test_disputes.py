"""A dispute reaches the operator with its deadline, and with what speaks for the payment."""

import re

import pytest
from flask import Flask

from app.billing.models.payments import Payment
from app.database import db
from tests.billing.support.conftest import paid
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of

pytestmark = pytest.mark.needs("app/admin")
DUE = 1_800_000_000


@pytest.fixture
def disputed(alice: Person, catalogue: None, at_stripe: Stripe, deliver) -> Json:  # type: ignore[no-untyped-def]
    """Alice's bank wants the money for her first month back."""
    paid(alice, at_stripe, "pro")
    [charge] = at_stripe.charges()
    about = {"charge": charge["id"], "payment_intent": charge["payment_intent"], "amount": 2900}
    dispute = {"id": "du_1", "object": "dispute", "metadata": {}, "reason": "fraudulent", "status": "needs_response"}
    details = {"due_by": DUE, "has_evidence": False, "past_due": False, "submission_count": 0}
    dispute |= about | {"evidence_details": details}
    deliver(event_of("charge.dispute.created", dispute))
    return dispute


def test_the_deadline_is_named_and_leads_to_the_evidence(olga: Person, alice: Person, disputed: Json) -> None:
    overview = olga.get("/admin/")
    assert "is disputed. Answer before 15 January 2027, 08:00 UTC." in olga.read("/admin/")
    [address] = re.findall(r'href="(/admin/payments/\d+/dispute)"', overview.text)

    said = olga.read(address)

    for fact in (
        "The dispute of $29 waits for your answer",
        "Fraudulent",
        alice.email,
        "Agreed to by signing up",
        "du_1",
    ):
        assert fact in said, fact
    assert "/dashboard/disputes/du_1" in olga.get(address).text
    assert "/dashboard/search?q=pi_" in olga.get(address).text


def test_a_later_word_moves_the_deadline_and_the_end_takes_it_off(
    olga: Person, disputed: Json, deliver, app: Flask
) -> None:
    deliver(event_of("charge.dispute.updated", {**disputed, "evidence_details": {"due_by": DUE + 86400}}))
    assert "before 16 January 2027" in olga.read("/admin/")

    deliver(event_of("charge.dispute.closed", {**disputed, "status": "won"}))

    assert "is disputed" not in olga.read("/admin/")
    with app.app_context():
        payment = db.session.scalars(db.select(Payment)).one()
        assert (payment.dispute_status, payment.dispute_reason) == ("won", "fraudulent")


def test_a_payment_without_a_dispute_has_no_such_page(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, app: Flask
) -> None:
    paid(alice, at_stripe, "pro")
    with app.app_context():
        payment_id = db.session.scalars(db.select(Payment.id)).one()

    assert olga.get(f"/admin/payments/{payment_id}/dispute").status_code == 404


def test_what_is_left_of_a_deleted_account_is_said(olga: Person, disputed: Json, app: Flask) -> None:
    with app.app_context():
        db.session.execute(db.update(Payment).values(user_id=None))
        db.session.commit()
    [address] = re.findall(r'href="(/admin/payments/\d+/dispute)"', olga.get("/admin/").text)

    assert "It is gone, and with it what we knew of its use." in olga.read(address)
