"""Access given by hand: why is asked and kept, and who pays is not charged behind the operator's back."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.billing.models.roles import Grant, RoleChange
from app.billing.models.subscription import Subscription
from app.database import db, utcnow
from app.mail.outbox import OutboxMail
from tests.admin.test_acts import act_on, acts, page_of
from tests.billing.support.conftest import absent_stripe, paid
from tests.people import Person
from tests.stripe_actions import Stripe

pytestmark = pytest.mark.needs("app/admin")


@pytest.fixture
def subscribed(alice: Person, catalogue: None, at_stripe: Stripe) -> Person:
    return paid(alice, at_stripe, "basic")


def day_in(days: int) -> str:
    return (utcnow() + timedelta(days=days)).date().isoformat()


def told_by_mail(app: Flask) -> list[str]:
    with app.app_context():
        mails = db.session.scalars(db.select(OutboxMail).where(OutboxMail.template == "operator_notice"))
        return [mail.context["message"] for mail in mails]


def test_grant_gives_the_role_names_the_operator_and_keeps_why(olga: Person, alice: Person, app: Flask) -> None:
    told = act_on(olga, page_of(alice, "grant"), role="pro", until=day_in(3), reason="lost a day to us")

    assert "alice@example.com was given Pro." in told
    assert alice.role == "pro"
    with app.app_context():
        grant = db.session.scalars(db.select(Grant)).one()
        change = db.session.scalars(db.select(RoleChange)).one()
    assert (grant.granted_by, grant.reason) == ("olga@example.com", "lost a day to us")
    assert grant.until is not None
    assert grant.until.date() == datetime.fromisoformat(day_in(3)).date()
    assert "olga@example.com" in change.cause
    page = olga.read(f"/admin/users/{alice.id}")
    assert "Grant by the operator" in page
    assert "lost a day to us" in page
    assert acts(app) == [("grant", "olga@example.com", "lost a day to us")]
    assert told_by_mail(app) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "king", "reason": "x"},
        {"role": "pro", "until": "2020-01-01", "reason": "x"},
        {"role": "pro", "until": "someday", "reason": "x"},
        {"role": "pro"},
        {},
    ],
)
def test_grant_refuses_what_makes_no_sense(olga: Person, alice: Person, fields: dict[str, str]) -> None:
    answer = olga.post(page_of(alice, "grant"), page=page_of(alice, "grant"), **fields)

    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert alice.role == "free"


@pytest.mark.parametrize(("days", "is_told"), [(None, True), (400, True), (360, False)])
def test_all_admins_are_told_of_more_than_a_year(
    olga: Person, alice: Person, app: Flask, days: int | None, is_told: bool
) -> None:
    act_on(olga, page_of(alice, "grant"), role="pro", until=day_in(days) if days else "", reason="a friend")

    assert len(told_by_mail(app)) == is_told


def test_revoke_takes_it_back(olga: Person, alice: Person) -> None:
    assert page_of(alice, "revoke") not in olga.get(f"/admin/users/{alice.id}").text
    act_on(olga, page_of(alice, "grant"), role="basic", reason="a gift")

    assert "is revoked" in act_on(olga, page_of(alice, "revoke"), reason="over")

    assert alice.role == "free"


def test_who_pays_is_shown_with_the_next_charge(olga: Person, subscribed: Person) -> None:
    page = olga.read(page_of(subscribed, "grant"))

    assert "They pay: $9 is charged next on" in page
    assert "Is paused until the grant ends" in page


def test_who_pays_nothing_is_asked_nothing_about_it(olga: Person, alice: Person) -> None:
    assert "paused" not in olga.get(page_of(alice, "grant")).text


def test_payments_can_be_paused_until_the_grant_ends_and_resumed(
    olga: Person, subscribed: Person, app: Flask, at_stripe: Stripe
) -> None:
    page = page_of(subscribed, "grant")

    told = act_on(olga, page, role="pro", until=day_in(90), reason="a year for free", payments="pause")

    assert "Their payments are paused." in told
    [subscription] = at_stripe.subscriptions()
    assert subscription["pause_collection"]["behavior"] == "void"
    assert subscription["status"] == "active"
    with app.app_context():
        row = db.session.scalars(db.select(Subscription)).one()
        assert row.is_collection_paused
        assert row.collection_resumes_at is not None
        assert row.collection_resumes_at.date().isoformat() == day_in(90)
    assert subscribed.role == "pro"
    assert "Payments are paused" in olga.read(f"/admin/users/{subscribed.id}")

    act_on(olga, page_of(subscribed, "resume"))

    assert at_stripe.subscriptions()[0]["pause_collection"] is None
    assert [kind for kind, *_ in acts(app)] == ["pause", "grant", "resume"]


def test_a_coupon_is_taken_off_beside_what_is_taken_off_already(
    olga: Person, subscribed: Person, at_stripe: Stripe
) -> None:
    for coupon in ("TEN", "HALF"):
        at_stripe.v1.coupons.create({"id": coupon, "percent_off": 10, "duration": "forever"})
        told = act_on(olga, page_of(subscribed, "grant"), role="pro", reason="sorry", payments="coupon", coupon=coupon)
        assert "The coupon is taken off." in told

    assert len(at_stripe.subscriptions()[0]["discounts"]) == 2


def test_a_coupon_that_stripe_does_not_know_grants_nothing(olga: Person, subscribed: Person) -> None:
    told = act_on(olga, page_of(subscribed, "grant"), role="pro", reason="x", payments="coupon", coupon="NONE")

    assert "Stripe refuses" in told
    assert subscribed.role == "basic"


def test_stripe_down_grants_nothing_to_who_was_to_be_paused(olga: Person, subscribed: Person, app: Flask) -> None:
    token = olga.csrf_token(page_of(subscribed, "grant"))
    fields = {"role": "pro", "reason": "x", "payments": "pause"}

    with absent_stripe(app):
        answer = olga.client.post(page_of(subscribed, "grant"), data={"csrf_token": token, **fields})
        assert "Nothing was changed here" in olga.get("/admin/acts").text

    assert answer.status_code == 303
    assert subscribed.role == "basic"
    with app.app_context():
        assert db.session.scalar(db.select(Grant.id)) is None
