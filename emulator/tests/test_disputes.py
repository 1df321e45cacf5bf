"""Disputes: they arise by themselves, are answered, and end."""

import pytest
import stripe

from stripe_emulator import Emulator
from tests.shop import Shop
from tests.test_payments import eventually, pay


@pytest.fixture
def shop(client: stripe.StripeClient, emulator: Emulator) -> Shop:
    """Return a shop on the session's emulator."""
    return Shop(client, emulator.url, emulator.secret_key)


def dispute_of(shop: Shop, card: str) -> stripe.Dispute:
    """Pay with a disputing card and wait for the dispute."""
    intent = pay(shop, card)
    assert eventually(lambda: bool(shop.client.v1.disputes.list({"payment_intent": intent.id}).data), 5)
    return shop.client.v1.disputes.list({"payment_intent": intent.id}).data[0]


def test_disputing_card_is_disputed_and_the_money_taken_back(shop: Shop) -> None:
    dispute = dispute_of(shop, "pm_card_createDispute")

    assert (dispute.status, dispute.reason) == ("needs_response", "fraudulent")
    assert [each.net for each in dispute.balance_transactions] == [-3500]
    assert shop.client.v1.charges.retrieve(str(dispute.charge)).disputed is True
    told = [event.type for event in shop.events() if event.type.startswith("charge.dispute")]
    assert told[:2] == ["charge.dispute.funds_withdrawn", "charge.dispute.created"]


@pytest.mark.parametrize(("evidence", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_evidence_decides_the_dispute(shop: Shop, evidence: str, status: str) -> None:
    dispute = dispute_of(shop, "pm_card_createDispute")

    answered = shop.client.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": evidence}, "submit": True}
    )

    assert answered.status == "under_review"
    assert eventually(lambda: shop.client.v1.disputes.retrieve(dispute.id).status == status, 8)
    reinstated = [
        each for each in shop.events("charge.dispute.funds_reinstated") if each.data.object["id"] == dispute.id
    ]
    assert bool(reinstated) == (status == "won")


def test_accepted_dispute_is_lost_at_once(shop: Shop) -> None:
    dispute = dispute_of(shop, "pm_card_createDispute")

    assert shop.client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError):
        shop.client.v1.disputes.close(dispute.id)


def test_inquiry_moves_no_money(shop: Shop) -> None:
    dispute = dispute_of(shop, "pm_card_createDisputeInquiry")

    assert dispute.status == "warning_needs_response"
    assert dispute.balance_transactions == []
    assert shop.client.v1.disputes.close(dispute.id).status == "warning_closed"
