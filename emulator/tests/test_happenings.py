"""The Python API, people: they pay, prove who they are, cancel in the portal and complain to their bank."""

import pytest
import stripe

from stripe_emulator import ApiError, CardError, Emulator
from tests.shop import Shop

DECLINED, ASKS_FOR_3D_SECURE, IBAN = "4000 0000 0000 9995", "4000 0027 6000 3184", "AT611904300234573201"


@pytest.fixture
def shop(client: stripe.StripeClient, emulator: Emulator) -> Shop:
    """Return a shop on the session's emulator."""
    return Shop(client, emulator.url, emulator.secret_key)


@pytest.fixture
def charge(shop: Shop, emulator: Emulator) -> str:
    """Return a charge that somebody paid for life."""
    intent = emulator.pay_session(shop.session(shop.lifetime).id)["payment_intent"]
    return str(shop.client.v1.payment_intents.retrieve(intent).latest_charge)


@pytest.mark.parametrize("card", ["4242 4242 4242 4242", "tok_visa", "pm_card_visa"])
def test_session_is_paid_by_number_token_or_payment_method(shop: Shop, emulator: Emulator, card: str) -> None:
    paid = emulator.pay_session(shop.session(shop.basic).id, card)

    assert (paid["status"], paid["payment_status"]) == ("complete", "paid")
    assert shop.client.v1.subscriptions.retrieve(paid["subscription"]).status == "active"


def test_session_is_paid_by_debit_later(shop: Shop, emulator: Emulator) -> None:
    paid = emulator.pay_session(shop.session(shop.lifetime).id, IBAN)

    assert (paid["status"], paid["payment_status"]) == ("complete", "unpaid")


def test_promotion_code_lowers_what_is_paid(shop: Shop, emulator: Emulator) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 50, "duration": "once"}).id
    promotion = shop.client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon}})
    session = shop.session(shop.lifetime, allow_promotion_codes=True)

    paid = emulator.pay_session(session.id, promotion_code=promotion.code)

    assert paid["amount_total"] == 9950


def test_buyer_can_choose_another_quantity(shop: Shop, emulator: Emulator) -> None:
    item = {"price": shop.basic.id, "quantity": 1, "adjustable_quantity": {"enabled": True}}
    session = shop.session(shop.basic, line_items=[item])

    paid = emulator.pay_session(session.id, quantity=4)

    assert paid["amount_total"] == 4 * (shop.basic.unit_amount or 0)
    assert shop.client.v1.subscriptions.retrieve(paid["subscription"])["items"].data[0].quantity == 4


def test_decline_raises_and_leaves_the_failed_charge(shop: Shop, emulator: Emulator) -> None:
    session = shop.session(shop.lifetime)

    with pytest.raises(CardError) as declined:
        emulator.pay_session(session.id, DECLINED)

    assert (declined.value.code, declined.value.decline_code) == ("card_declined", "insufficient_funds")
    assert shop.client.v1.charges.list({"limit": 1}).data[0].status == "failed"
    assert shop.reload(session).status == "open"


def test_expired_session_is_refused(shop: Shop, emulator: Emulator) -> None:
    session = shop.client.v1.checkout.sessions.expire(shop.session(shop.basic).id)

    with pytest.raises(ApiError, match="expired") as refused:
        emulator.pay_session(session.id)

    assert refused.value.code == "checkout_session_expired"


def test_session_waits_for_3d_secure_until_it_is_confirmed(shop: Shop, emulator: Emulator) -> None:
    session = emulator.pay_session(shop.session(shop.basic).id, ASKS_FOR_3D_SECURE)

    intent = emulator.confirm_3d_secure(session["id"])

    assert (session["status"], intent["status"]) == ("open", "succeeded")
    assert shop.client.v1.checkout.sessions.retrieve(session["id"]).status == "complete"


def test_failed_3d_secure_leaves_the_session_open(shop: Shop, emulator: Emulator) -> None:
    session = emulator.pay_session(shop.session(shop.lifetime).id, ASKS_FOR_3D_SECURE)

    intent = emulator.fail_3d_secure(session["id"])

    assert intent["status"] == "requires_payment_method"
    assert shop.client.v1.checkout.sessions.retrieve(session["id"]).status == "open"
    with pytest.raises(ApiError, match="does not wait for 3-D Secure"):
        emulator.confirm_3d_secure(intent["id"])


def test_portal_cancels_by_a_date_and_takes_it_back(shop: Shop, emulator: Emulator) -> None:
    subscription = shop.subscribe(shop.customer(), shop.basic, billing_mode={"type": "flexible"})

    canceled = emulator.cancel_in_portal(subscription.id)
    kept = emulator.keep_in_portal(subscription.id)

    assert canceled["cancel_at"] == subscription["items"].data[0].current_period_end
    assert (canceled["cancel_at_period_end"], kept["cancel_at"]) == (False, None)


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_dispute_is_opened_and_decided(charge: str, shop: Shop, emulator: Emulator, outcome: str) -> None:
    dispute = emulator.open_dispute(charge, "product_not_received")

    decided = (emulator.win_dispute if outcome == "won" else emulator.lose_dispute)(dispute["id"])

    assert (dispute["status"], dispute["reason"]) == ("needs_response", "product_not_received")
    assert decided["status"] == shop.client.v1.disputes.retrieve(dispute["id"]).status == outcome


def test_inquiry_is_closed_and_never_won(charge: str, emulator: Emulator) -> None:
    inquiry = emulator.open_dispute(charge, inquiry=True)["id"]

    with pytest.raises(ApiError, match="cannot end as won"):
        emulator.win_dispute(inquiry)

    assert emulator.close_inquiry(inquiry)["status"] == "warning_closed"
