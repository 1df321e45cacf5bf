"""Money that came in for nothing: after its account was gone, or twice for one order. The operator is shown it."""

import re

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.reconcile.users import sync_all
from app.database import db
from tests.billing.lives.test_races import at_once
from tests.mail.mailbox import mails
from tests.people import PASSWORD, Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in

LINK = "https://buy.stripe.com/test_lifetime"
IN_ORDER = "Nothing. All is in order."


@pytest.fixture
def olga(app: Flask, catalogue: None, at_stripe: Stripe) -> Person:
    """The operator, of a site to which the test brings the events."""
    at_stripe.mute()
    olga = Person.sign_up(app, "olga@example.com")
    olga.become_admin()
    return olga


@pytest.fixture
def rows(app: Flask):  # type: ignore[no-untyped-def]
    """The orders' states and notes, and the payments: owner, amount, refunded."""

    def read() -> tuple[list[tuple[str, str | None]], list[tuple[object, int, int]]]:
        orders = db.select(Order.state, Order.note).order_by(Order.created_at)
        payments = db.select(Payment.user_id, Payment.amount, Payment.amount_refunded).order_by(Payment.id)
        with app.app_context():
            found = db.session.execute(orders).all(), db.session.execute(payments).all()
        return [tuple(row) for row in found[0]], [tuple(row) for row in found[1]]

    return read


@pytest.fixture
def seller(app: Flask, app_with, olga: Person) -> Flask:  # type: ignore[no-untyped-def]
    """A site that sells Lifetime through a Payment Link."""
    return app_with(stripe_payment_links={"lifetime": LINK})


@pytest.fixture
def paid_twice(seller: Flask, deliver, at_stripe: Stripe) -> tuple[Person, list[Json]]:  # type: ignore[no-untyped-def]
    """Alice opened the link in two tabs and paid in both; then the webhooks came."""
    alice = Person.sign_up(seller, "alice@example.com")
    order_ids = [alice.buy("lifetime").location.rpartition("=")[2] for _ in range(2)]
    assert len(set(order_ids)) == 1
    sessions = [pay_through_link(at_stripe, order_id) for order_id in order_ids]
    for session in sessions:
        assert deliver(event_of("checkout.session.completed", session)).status_code == 200
    return alice, sessions


def pay_through_link(at_stripe: Stripe, order_id: str) -> Json:
    wanted = {"mode": "payment", "success_url": "https://example.com", "client_reference_id": order_id}
    wanted |= {"line_items": [{"price": at_stripe.price("shop_lifetime"), "quantity": 1}]}
    return at_stripe.pay(at_stripe.v1.checkout.sessions.create(wanted).id)


def delete(person: Person) -> None:
    answer = person.post("/account/delete", page="/account/delete", current_password=PASSWORD)
    assert answer.status_code == 303


def pay_too_late(person: Person, at_stripe: Stripe, plan: str) -> None:
    """Pay by a debit that settles when the account is gone already."""
    at_stripe.pay_by_debit(session_id_in(person.buy(plan).location))
    delete(person)
    at_stripe.emulator.advance(seconds=60)


def outcome_of_last(app: Flask) -> str:
    with app.app_context():
        return str(db.session.scalars(db.select(StripeEvent.outcome).order_by(StripeEvent.received_at.desc())).first())


@pytest.mark.needs("app/admin")
def test_debit_that_settles_after_its_account_is_gone_is_shown(
    app: Flask, olga: Person, alice: Person, deliver, at_stripe: Stripe, rows
) -> None:
    pay_too_late(alice, at_stripe, "lifetime")

    deliver(at_stripe.events("checkout.session.async_payment_succeeded")[-1])

    assert rows() == ([("mismatched", "paid after its account was deleted")], [(None, 19900, 0)])
    assert "1 order was paid and could not be fulfilled." in olga.get("/admin/").text
    page = olga.get("/admin/orders?state=mismatched").text
    assert "paid after its account was deleted" in page
    assert at_stripe.charges()[-1]["payment_intent"] in page
    assert "Lifetime" in olga.get("/admin/payments").text


@pytest.mark.needs("app/admin")
def test_refund_of_what_nobody_bought_settles_it(olga: Person, alice: Person, deliver, at_stripe: Stripe, rows) -> None:
    pay_too_late(alice, at_stripe, "lifetime")
    deliver(at_stripe.events("checkout.session.async_payment_succeeded")[-1])
    at_stripe.v1.refunds.create({"charge": at_stripe.charges()[-1]["id"]})

    deliver(at_stripe.events("charge.refunded")[-1])

    [(state, _)], payments = rows()
    assert (state, payments) == ("refunded", [(None, 19900, 19900)])
    assert IN_ORDER in olga.get("/admin/").text


@pytest.mark.needs("app/admin")
def test_refund_that_is_heard_of_before_the_payment_stands(
    olga: Person, alice: Person, deliver, at_stripe: Stripe, rows
) -> None:
    pay_too_late(alice, at_stripe, "lifetime")
    at_stripe.v1.refunds.create({"charge": at_stripe.charges()[-1]["id"]})
    deliver(at_stripe.events("charge.refunded")[-1])

    deliver(at_stripe.events("checkout.session.async_payment_succeeded")[-1])

    [(state, _)], payments = rows()
    assert (state, payments) == ("refunded", [(None, 19900, 19900)])


@pytest.mark.needs("app/admin")
def test_subscription_debit_that_settles_after_its_account_is_gone_is_shown_until_refunded(
    olga: Person, alice: Person, deliver, at_stripe: Stripe, rows
) -> None:
    pay_too_late(alice, at_stripe, "pro")

    for kind in ("invoice.paid", "checkout.session.async_payment_succeeded"):
        deliver(at_stripe.events(kind)[-1])

    assert rows() == ([("mismatched", "paid after its account was deleted")], [(None, 2900, 0)])
    overview = olga.get("/admin/").text
    assert "1 order was paid and could not be fulfilled." in overview
    assert "1 payment bought nothing." in overview
    states = []
    for amount in (900, 2000):
        at_stripe.v1.refunds.create({"charge": at_stripe.charges()[-1]["id"], "amount": amount})
        deliver(at_stripe.events("charge.refunded")[-1])
        [(state, _)], payments = rows()
        states.append(state)
    assert (states, payments) == (["mismatched", "refunded"], [(None, 2900, 2900)])
    assert IN_ORDER in olga.get("/admin/").text


@pytest.mark.needs("app/admin")
def test_renewal_that_settles_after_its_account_is_gone_is_shown(
    app: Flask, olga: Person, alice: Person, deliver, at_stripe: Stripe, rows
) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    deliver(at_stripe.events("checkout.session.completed")[-1])
    deliver(at_stripe.events("invoice.paid")[-1])
    delete(alice)
    quiet = olga.get("/admin/").text
    with app.app_context():
        [subscription] = db.session.scalars(db.select(Subscription)).all()
    late = at_stripe.invoices()[-1] | {"id": "in_late", "number": "LATE-0002"}
    late["status_transitions"]["paid_at"] = int(subscription.ended_at.timestamp()) + 60

    deliver(event_of("invoice.paid", late))

    assert IN_ORDER in quiet
    assert rows()[1] == [(None, 2900, 0), (None, 2900, 0)]
    assert "1 payment bought nothing." in olga.get("/admin/").text
    shown = olga.get("/admin/payments?show=unearned").text
    assert "in_late" in shown
    assert shown.count("<code>in_") == 1


@pytest.mark.needs("app/admin")
def test_payment_for_nobody_is_recorded_once(olga: Person, alice: Person, deliver, at_stripe: Stripe, rows) -> None:
    pay_too_late(alice, at_stripe, "pro")
    events = [at_stripe.events(kind)[-1] for kind in ("invoice.paid", "checkout.session.async_payment_succeeded")]
    for event in events:
        deliver(event)
    once = rows()

    for event in events:
        deliver({**event, "id": f"{event['id']}_again"})

    assert rows() == once


@pytest.mark.parametrize("amount", [1000, None], ids=["partial", "full"])
@pytest.mark.needs("app/admin")
def test_refund_after_the_account_is_gone_is_recorded(
    olga: Person, alice: Person, deliver, at_stripe: Stripe, rows, amount: int | None
) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    deliver(at_stripe.events("checkout.session.completed")[-1])
    deliver(at_stripe.events("invoice.paid")[-1])
    delete(alice)
    wanted = {"charge": at_stripe.charges()[-1]["id"]}
    at_stripe.v1.refunds.create(wanted | {"amount": amount} if amount else wanted)

    deliver(at_stripe.events("charge.refunded")[-1])

    assert rows()[1] == [(None, 2900, amount or 2900)]
    assert rows()[0] == [("fulfilled", None)]


@pytest.mark.needs("app/admin")
def test_order_fulfilled_before_its_account_went_stays_fulfilled(
    app: Flask, olga: Person, alice: Person, deliver, at_stripe: Stripe, rows
) -> None:
    session = at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    deliver(event_of("checkout.session.completed", session))
    delete(alice)

    deliver(event_of("checkout.session.completed", session))

    assert rows() == ([("fulfilled", None)], [(None, 19900, 0)])
    assert outcome_of_last(app) == "ignored"


@pytest.mark.needs("app/admin")
def test_nothing_due_for_an_account_that_is_gone_is_no_concern(
    app: Flask, olga: Person, alice: Person, deliver, at_stripe: Stripe, rows
) -> None:
    session_id = session_id_in(alice.buy("lifetime").location)
    coupon = at_stripe.v1.coupons.create({"percent_off": 100, "duration": "once"}).id
    at_stripe.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon}, "code": "GIFT"})
    session = at_stripe.confirm(session_id, promotion_code="GIFT")
    delete(alice)

    deliver(event_of("checkout.session.completed", session))

    assert rows() == ([("expired", None)], [])
    assert outcome_of_last(app) == "ignored"


@pytest.mark.needs("app/admin")
def test_mismatched_order_shows_its_money_among_the_payments(
    app: Flask, olga: Person, alice: Person, deliver, at_stripe: Stripe
) -> None:
    session_id = session_id_in(alice.buy("lifetime").location)
    with app.app_context():
        db.session.execute(db.update(Order).values(currency="eur"))
        db.session.commit()

    deliver(event_of("checkout.session.completed", at_stripe.pay(session_id)))

    with app.app_context():
        payment = db.session.scalars(db.select(Payment)).one()
    assert (payment.amount, payment.currency) == (19900, "usd")


@pytest.mark.needs("app/admin")
def test_second_payment_through_the_link_is_recorded_and_shown(
    paid_twice: tuple[Person, list[Json]], olga: Person, rows
) -> None:
    alice, sessions = paid_twice

    assert rows() == ([("fulfilled", None)], [(alice.id, 19900, 0), (alice.id, 19900, 0)])
    assert alice.role == "pro"
    assert "1 payment bought nothing." in olga.get("/admin/").text
    shown = olga.get("/admin/payments?show=unearned").text
    assert "Lifetime, paid again" in shown
    assert sessions[1]["payment_intent"] in shown
    assert sessions[0]["payment_intent"] not in shown


def test_second_payment_is_recorded_once(paid_twice, deliver, rows) -> None:
    once = rows()

    for session in paid_twice[1]:
        deliver(event_of("checkout.session.completed", session))

    assert rows() == once


@pytest.mark.parametrize("which", [0, 1], ids=["the first", "the second"])
@pytest.mark.needs("app/admin")
def test_refund_of_either_payment_leaves_what_the_other_bought(
    paid_twice, olga: Person, deliver, at_stripe: Stripe, rows, which: int
) -> None:
    alice, sessions = paid_twice
    at_stripe.v1.refunds.create({"payment_intent": sessions[which]["payment_intent"]})

    deliver(at_stripe.events("charge.refunded")[-1])

    [(state, _)], payments = rows()
    assert (state, alice.role) == ("fulfilled", "pro")
    assert sorted(refunded for _, _, refunded in payments) == [0, 19900]
    assert IN_ORDER in olga.get("/admin/").text


def test_refund_of_both_payments_takes_the_role(paid_twice, deliver, at_stripe: Stripe, rows) -> None:
    alice, sessions = paid_twice
    for session in sessions:
        at_stripe.v1.refunds.create({"payment_intent": session["payment_intent"]})
        deliver(at_stripe.events("charge.refunded")[-1])

    [(state, _)], _ = rows()
    assert (state, alice.role) == ("refunded", "free")


def test_dispute_of_the_second_payment_leaves_what_the_first_bought(paid_twice, deliver, at_stripe: Stripe) -> None:
    alice, sessions = paid_twice
    [charge] = [one for one in at_stripe.charges() if one["payment_intent"] == sessions[1]["payment_intent"]]
    dispute = {"id": "du_1", "object": "dispute", "charge": charge["id"], "metadata": {}, "status": "needs_response"}

    deliver(event_of("charge.dispute.created", {**dispute, "payment_intent": charge["payment_intent"]}))

    assert alice.role == "pro"


@pytest.mark.needs("app/admin")
def test_both_payments_are_found_when_no_webhook_came(seller: Flask, olga: Person, at_stripe: Stripe, rows) -> None:
    alice = Person.sign_up(seller, "alice@example.com")
    order_id = alice.buy("lifetime").location.rpartition("=")[2]
    for _ in range(2):
        pay_through_link(at_stripe, order_id)

    with seller.app_context():
        sync_all()

    assert rows() == ([("fulfilled", None)], [(alice.id, 19900, 0), (alice.id, 19900, 0)])
    assert "1 payment bought nothing." in olga.get("/admin/").text


@pytest.mark.needs("app/admin")
def test_events_at_once_about_an_account_that_is_gone_record_one_payment(
    olga: Person, alice: Person, deliver, at_stripe: Stripe, rows
) -> None:
    pay_too_late(alice, at_stripe, "pro")
    kinds = ("invoice.paid", "checkout.session.async_payment_succeeded") * 2
    events = [at_stripe.events(kind)[-1] for kind in kinds]

    answers = at_once(*(lambda event=event: deliver(event).status_code for event in events))

    assert answers == [200] * len(events)
    assert rows() == ([("mismatched", "paid after its account was deleted")], [(None, 2900, 0)])


def test_refund_and_payment_at_once_after_the_account_is_gone_record_one_payment(
    app: Flask, alice: Person, deliver, at_stripe: Stripe, rows
) -> None:
    at_stripe.mute()
    session = at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    delete(alice)
    with app.app_context():
        db.session.execute(db.delete(Payment))
        unheard = {"state": "expired", "fulfilled_at": None, "note": None, "stripe_payment_intent_id": None}
        db.session.execute(db.update(Order).values(unheard))
        db.session.commit()
    [charge] = at_stripe.charges()
    completed = event_of("checkout.session.completed", session)
    refunded = [event_of("charge.refunded", {**charge, "amount_refunded": 100 * part}) for part in range(1, 6)]

    answers = at_once(*(lambda event=event: deliver(event).status_code for event in [completed, *refunded]))

    assert set(answers) == {200}
    assert rows() == ([("mismatched", "paid after its account was deleted")], [(None, 19900, 500)])


@pytest.mark.needs("app/admin")
def test_both_payments_for_one_order_at_once_fulfill_it_once(
    seller: Flask, olga: Person, deliver, at_stripe: Stripe, rows
) -> None:
    alice = Person.sign_up(seller, "alice@example.com")
    order_id = alice.buy("lifetime").location.rpartition("=")[2]
    sessions = [pay_through_link(at_stripe, order_id) for _ in range(2)]
    events = [event_of("checkout.session.completed", session) for session in sessions * 2]

    at_once(*(lambda event=event: deliver(event) for event in events))

    assert rows() == ([("fulfilled", None)], [(alice.id, 19900, 0)] * 2)
    assert [template for template, _ in mails(seller)].count("order_confirmed") == 1


@pytest.mark.needs("app/admin")
def test_debit_for_an_account_that_is_gone_is_found_without_its_webhook(
    app: Flask, olga: Person, alice: Person, at_stripe: Stripe, emulator: Emulator, rows
) -> None:
    session = session_id_in(alice.buy("lifetime").location)
    at_stripe.pay_by_debit(session)
    delete(alice)
    with app.app_context():
        too_early = sync_all()
    emulator.advance(seconds=60)

    with app.app_context():
        dry, after_dry_run = sync_all(dry_run=True), rows()
        report = sync_all()

    assert too_early.settled_orders == []
    assert after_dry_run == ([("expired", None)], [])
    assert rows() == ([("mismatched", "paid after its account was deleted")], [(None, 19900, 0)])
    assert dry.settled_orders == report.settled_orders
    assert report.settled_orders == [f"a deleted user ({session})"]
    with app.app_context():
        assert sync_all().settled_orders == []


@pytest.mark.needs("app/admin")
def test_invoice_that_is_paid_after_the_end_is_shown_until_somebody_decides(
    app: Flask, site: str, at_stripe: Stripe, emulator: Emulator
) -> None:
    alice, olga = Person.sign_up(app, "alice@example.com"), Person.sign_up(app, "olga@example.com")
    olga.become_admin()
    session = at_stripe.pay(session_id_in(alice.buy("pro").location))
    at_stripe.use_card(session["customer"], "tok_chargeCustomerFail")
    emulator.advance(days=32)
    at_stripe.v1.subscriptions.cancel(session["subscription"])
    emulator.advance(days=1)
    at_stripe.v1.invoices.pay(at_stripe.invoices()[-1]["id"], {"payment_method": at_stripe.card()})
    emulator.wait_until_idle()

    shown = olga.get("/admin/payments?show=unearned").text
    address = re.search(r'action="(/admin/payments/\d+/keep)"', shown)
    assert "1 payment bought nothing." in olga.get("/admin/").text
    assert address
    assert olga.post(address[1], page="/admin/").status_code == 303
    assert "bought nothing" not in olga.get("/admin/").text
    assert olga.post(address[1], page="/admin/").status_code == 404
