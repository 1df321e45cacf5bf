"""What an operator does for somebody, in the browser: each page says what will happen, and then it happens."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from app.audit import OperatorAct
from app.auth.models import UserSession
from app.billing.models.payments import Payment
from app.database import db, utcnow
from app.mail.outbox import OutboxMail
from tests.billing.support.conftest import absent_stripe, paid
from tests.people import Person
from tests.stripe_actions import Stripe

pytestmark = pytest.mark.needs("app/admin")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def subscribed(alice: Person, catalogue: None, at_stripe: Stripe) -> Person:
    return paid(alice, at_stripe, "pro")


def page_of(person: Person, act: str) -> str:
    return f"/admin/users/{person.id}/acts/{act}"


def act_on(olga: Person, page: str, **fields: str) -> str:
    """Fill in the page of an act; what the operator is told afterwards."""
    answer = olga.post(page, page=page, **fields)
    assert answer.status_code == 303, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", olga.get(answer.location).text).split())


def acts(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        rows = db.session.scalars(db.select(OperatorAct).order_by(OperatorAct.id))
        return [(row.kind, row.actor, row.reason) for row in rows]


def payment_page(app: Flask) -> str:
    with app.app_context():
        return f"/admin/payments/{db.session.scalars(db.select(Payment.id)).one()}/refund"


def test_refund_offers_all_that_is_left_and_gives_a_part(
    olga: Person, subscribed: Person, app: Flask, at_stripe: Stripe
) -> None:
    page = payment_page(app)
    assert page in olga.get(f"/admin/users/{subscribed.id}").text
    assert 'value="29.00"' in olga.get(page).text

    told = act_on(olga, page, amount="9.50", reason="late delivery")

    assert "$9.50 is on its way back." in told
    assert [charge["amount_refunded"] for charge in at_stripe.charges()] == [950]
    assert 'value="19.50"' in olga.get(page).text
    assert acts(app) == [("refund", "olga@example.com", "late delivery")]


def test_what_was_not_paid_is_not_offered_for_a_refund(olga: Person, subscribed: Person, app: Flask) -> None:
    page = payment_page(app)
    with app.app_context():
        db.session.execute(db.update(Payment).values(status="failed"))
        db.session.commit()

    assert page not in olga.get(f"/admin/users/{subscribed.id}").text
    answer = olga.get(page)

    assert answer.status_code == 303
    assert "Nothing of this payment can be given back." in olga.read(answer.location)


@pytest.mark.parametrize("amount", ["", "nine", "9.505", "NaN"])
def test_an_amount_that_is_none_is_said_beside_its_field(
    olga: Person, subscribed: Person, app: Flask, at_stripe: Stripe, amount: str
) -> None:
    page = payment_page(app)

    answer = olga.post(page, page=page, amount=amount)

    assert answer.status_code == 422
    assert "error-summary" in answer.text
    assert [charge["amount_refunded"] for charge in at_stripe.charges()] == [0]


@pytest.mark.parametrize("amount", ["0", "-5", "29.01", "1e3000"])
def test_more_than_is_left_is_refused_in_words(
    olga: Person, subscribed: Person, app: Flask, at_stripe: Stripe, amount: str
) -> None:
    assert "no more than is left of the payment" in act_on(olga, payment_page(app), amount=amount)

    assert [charge["amount_refunded"] for charge in at_stripe.charges()] == [0]


def test_cancel_at_the_end_keeps_the_role_and_now_takes_it(
    olga: Person, subscribed: Person, app: Flask, at_stripe: Stripe
) -> None:
    page = page_of(subscribed, "cancel")

    assert "It ends on" in act_on(olga, page, when="at_the_end", reason="asked by mail")
    assert subscribed.role == "pro"
    assert "The subscription has ended." in act_on(olga, page, when="now")

    assert subscribed.role == "free"
    assert [one["status"] for one in at_stripe.subscriptions()] == ["canceled"]


@pytest.mark.parametrize(("when", "status"), [("now", "canceled"), ("at_the_end", "active")])
def test_cancel_can_give_the_last_payment_back(
    olga: Person, subscribed: Person, app: Flask, at_stripe: Stripe, when: str, status: str
) -> None:
    page = page_of(subscribed, "cancel")
    assert "$29 of the last payment" in olga.read(page)

    told = act_on(olga, page, when=when, gives_back="y", reason="14 days")

    assert "$29 is on its way back." in told
    assert [charge["amount_refunded"] for charge in at_stripe.charges()] == [2900]
    assert [one["status"] for one in at_stripe.subscriptions()] == [status]
    assert [kind for kind, *_ in acts(app)] == ["refund", "cancel"]


def test_cancel_offers_no_money_where_none_is_left(
    olga: Person, subscribed: Person, app: Flask, at_stripe: Stripe
) -> None:
    act_on(olga, payment_page(app), amount="29")

    page = page_of(subscribed, "cancel")
    assert "Nothing is given back" in olga.read(page)
    act_on(olga, page, when="now", gives_back="y")

    assert [charge["amount_refunded"] for charge in at_stripe.charges()] == [2900]


def test_free_days_move_the_next_charge(olga: Person, subscribed: Person) -> None:
    page = page_of(subscribed, "extend")

    assert olga.post(page, page=page, days="0").status_code == 422
    assert "The next charge comes on" in act_on(olga, page, days="30")


def test_a_lost_mailbox_gets_another_address(olga: Person, subscribed: Person, app: Flask) -> None:
    page = page_of(subscribed, "email")

    assert olga.post(page, page=page, email="nothing").status_code == 422
    assert "The address is alice@new.example now." in act_on(olga, page, email="Alice@New.example")

    assert subscribed.get("/account").status_code == 302


@pytest.mark.parametrize("name", ["verification", "sign-out", "promote", "email", "suspend", "delete"])
def test_each_act_keeps_who_and_why(olga: Person, alice: Person, app: Flask, name: str) -> None:
    act_on(olga, page_of(alice, name), reason="asked by mail", email="alice@new.example")

    assert [(actor, reason) for _, actor, reason in acts(app)] == [("olga@example.com", "asked by mail")]


def test_another_admin_is_told_of_to_all_of_them(olga: Person, alice: Person, app: Flask) -> None:
    assert "is an admin now" in act_on(olga, page_of(alice, "promote"))

    with app.app_context():
        told = db.session.scalars(db.select(OutboxMail.to_email).where(OutboxMail.template == "operator_notice"))
        assert set(told) == {"olga@example.com", "alice@example.com"}


def test_the_only_admin_cannot_go(olga: Person) -> None:
    for name in ("demote", "delete"):
        assert "This is the only admin" in act_on(olga, page_of(olga, name))


def test_sign_out_and_verification_and_delete(olga: Person, alice: Person, app: Flask) -> None:
    assert "A link is on its way to alice@example.com." in act_on(olga, page_of(alice, "verification"))
    assert "is logged out everywhere" in act_on(olga, page_of(alice, "sign-out"))
    assert alice.get("/account").status_code == 302
    assert "alice@example.com is deleted." in act_on(olga, page_of(alice, "delete"), reason="asked by mail")

    assert [kind for kind, *_ in acts(app)] == ["send_verification", "sign_out", "delete_user"]
    assert "Delete user" in olga.get("/admin/acts").text


@pytest.mark.parametrize("name", ["cancel", "extend"])
def test_an_act_that_does_not_apply_says_why(olga: Person, bob: Person, name: str) -> None:
    answer = olga.get(page_of(bob, name))

    assert answer.status_code == 302
    assert "has no subscription" in olga.get(answer.location).text
    assert page_of(bob, name) not in olga.get(f"/admin/users/{bob.id}").text


def test_stripe_down_leaves_everything_as_it_was(olga: Person, subscribed: Person, app: Flask) -> None:
    token = olga.csrf_token(payment_page(app))
    pages = {payment_page(app): {"amount": "29"}, page_of(subscribed, "cancel"): {"when": "now"}}

    with absent_stripe(app):
        for page, fields in pages.items():
            answer = olga.client.post(page, data={"csrf_token": token, **fields})
            assert answer.status_code == 303
            assert "before you try again" in olga.get("/admin/acts").text

    assert subscribed.role == "pro"
    assert "Not done. StripeUnavailable" in olga.get("/admin/acts").text


@pytest.mark.parametrize("path", [f"/admin/users/{UNKNOWN}/acts/cancel", "/admin/payments/4711/refund"])
def test_what_does_not_exist_is_404(olga: Person, path: str) -> None:
    assert olga.get(path).status_code == 404


def test_an_unknown_act_is_404(olga: Person, alice: Person) -> None:
    assert olga.get(page_of(alice, "enrich")).status_code == 404


def test_acts_ask_again_who_it_is(olga: Person, alice: Person, app: Flask) -> None:
    with app.app_context():
        an_hour_ago = utcnow() - timedelta(hours=1)
        db.session.execute(db.update(UserSession).values(created_at=an_hour_ago, confirmed_at=None))
        db.session.commit()

    for answer in (olga.get(page_of(alice, "delete")), olga.post(page_of(alice, "delete"), page="/admin/users")):
        assert answer.status_code in (302, 303)
        assert "/confirm" in answer.location
    assert acts(app) == []


@pytest.mark.parametrize("name", ["cancel", "delete", "promote"])
def test_acts_are_for_admins_alone(alice: Person, bob: Person, name: str) -> None:
    assert alice.get(page_of(bob, name)).status_code == 403
    assert alice.post(page_of(bob, name)).status_code == 403
