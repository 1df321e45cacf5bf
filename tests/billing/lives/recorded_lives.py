"""Lives to be recorded: what happens at Stripe to one subscriber, from the first purchase to the last event."""

from stripe_emulator import Emulator

from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in


def subscription_life(alice: Person, stripe: Stripe, emulator: Emulator) -> None:
    """Bought, changed, canceled, resumed, not paid, paid, ended."""
    session = stripe.pay(session_id_in(alice.buy("basic").location))
    subscription, customer = session["subscription"], session["customer"]
    stripe.swap_price(subscription, "shop_pro_month")
    stripe.cancel_in_portal(subscription)
    stripe.resume_in_portal(subscription)
    stripe.use_card(customer, "tok_chargeCustomerFail")
    emulator.advance(days=32)
    stripe.use_card(customer, "tok_visa")
    emulator.advance(days=10)
    charge = stripe.charges()[0]
    stripe.v1.refunds.create({"charge": charge["id"], "amount": 100})
    stripe.v1.subscriptions.cancel(subscription)


def lifetime_life(alice: Person, stripe: Stripe, emulator: Emulator) -> None:
    """Bought for life with a card whose payment is disputed, and the dispute won."""
    stripe.pay(session_id_in(alice.buy("lifetime").location), "tok_createDispute")
    emulator.advance(seconds=60)
    [dispute] = stripe.v1.disputes.list({}).data
    stripe.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True})
    emulator.advance(seconds=60)


def refunded_life(alice: Person, stripe: Stripe, emulator: Emulator) -> None:
    """Bought for life, refunded in part and then in full."""
    intent = stripe.pay(session_id_in(alice.buy("lifetime").location))["payment_intent"]
    stripe.v1.refunds.create({"payment_intent": intent, "amount": 5000})
    stripe.v1.refunds.create({"payment_intent": intent})


def failed_refund_life(alice: Person, stripe: Stripe, emulator: Emulator) -> None:
    """Bought for life with a card that no refund reaches: one came back in part, and one in full."""
    intent = stripe.pay(session_id_in(alice.buy("lifetime").location), "tok_refundFail")["payment_intent"]
    for amount in (5000, 19900):
        stripe.v1.refunds.create({"payment_intent": intent, "amount": amount})
        emulator.advance(days=1)


def debit_life(alice: Person, stripe: Stripe, emulator: Emulator) -> None:
    """Bought for life by a debit that comes days later."""
    stripe.pay_by_debit(session_id_in(alice.buy("lifetime").location))
    emulator.advance(days=1)


def trial_life(alice: Person, stripe: Stripe, emulator: Emulator) -> None:
    """Tried for free, paid once and canceled in the portal, to the end of what was paid."""
    customer = stripe.pay(session_id_in(alice.buy("lifetime").location), "tok_visa")["customer"]
    subscription = stripe.subscribe(customer, stripe.price("shop_basic_month"), trial_period_days=7)["id"]
    emulator.advance(days=8)
    stripe.cancel_in_portal(subscription)
    emulator.advance(days=32)


def unpaid_life(alice: Person, stripe: Stripe, emulator: Emulator) -> None:
    """A renewal that no attempt could collect."""
    customer = stripe.pay(session_id_in(alice.buy("pro").location))["customer"]
    stripe.use_card(customer, "tok_chargeCustomerFail")
    for _ in range(6):
        emulator.advance(days=9)


def upgrade_life(alice: Person, stripe: Stripe, emulator: Emulator) -> None:
    """An upgrade that is not paid, nor the renewal after it; the older of the two is paid in the end."""
    emulator.configure(dunning_final_status="past_due")
    session = stripe.pay(session_id_in(alice.buy("basic").location))
    emulator.advance(days=20)
    stripe.use_card(session["customer"], "tok_chargeCustomerFail")
    stripe.swap_price(session["subscription"], "shop_pro_month")
    emulator.advance(days=18)
    oldest = next(one for one in stripe.invoices() if one["status"] == "open")
    stripe.v1.invoices.pay(oldest["id"], {"paid_out_of_band": True})


def confirmed_life(alice: Person, stripe: Stripe, emulator: Emulator) -> None:
    """Two renewals that the bank asks about: she fails to answer once, and answers then."""
    customer = stripe.pay(session_id_in(alice.buy("basic").location))["customer"]
    stripe.use_card(customer, "tok_authenticationRequired")
    emulator.advance(days=32)
    for intent in emulator.find("payment_intent", status="requires_action"):
        emulator.fail_3d_secure(intent["id"])
    emulator.advance(days=2)
    for intent in emulator.find("payment_intent", status="requires_action"):
        emulator.confirm_3d_secure(intent["id"])


def deleted_life(alice: Person, stripe: Stripe, emulator: Emulator) -> None:
    """The customer is deleted, and what was paid goes back afterwards."""
    session = stripe.pay(session_id_in(alice.buy("basic", "year").location))
    stripe.v1.customers.delete(session["customer"])
    stripe.v1.refunds.create({"charge": stripe.charges()[0]["id"]})


def double_life(alice: Person, stripe: Stripe, emulator: Emulator) -> None:
    """Two subscriptions at once, one of which is paused and ends."""
    customer = stripe.pay(session_id_in(alice.buy("basic").location))["customer"]
    second = stripe.subscribe(customer, stripe.price("shop_pro_month"))["id"]
    stripe.v1.subscriptions.pause(second, {"type": "subscription"})
    stripe.v1.subscriptions.resume(second)
    stripe.v1.subscriptions.update(second, {"pause_collection": {"behavior": "void"}})
    stripe.v1.subscriptions.cancel(second)


LIVES = {
    "subscription": subscription_life,
    "dispute": lifetime_life,
    "refund": refunded_life,
    "failed refund": failed_refund_life,
    "debit": debit_life,
    "trial": trial_life,
    "unpaid": unpaid_life,
    "upgrade": upgrade_life,
    "confirmed": confirmed_life,
    "deleted": deleted_life,
    "double": double_life,
}
