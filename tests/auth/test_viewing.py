"""An admin sees the site as a person does: they read, change nothing, and the person is told."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from app.audit import OperatorAct
from app.auth.models import SecurityEvent, User, UserSession
from app.billing.models.payments import Order
from app.database import db, utcnow
from tests.people import Person
from tests.stripe_actions import Stripe

pytestmark = pytest.mark.needs("app/admin")


@pytest.fixture
def olga(app: Flask) -> Person:
    olga = Person.sign_up(app, "olga@example.com")
    olga.become_admin()
    return olga


@pytest.fixture
def looking(olga: Person, alice: Person) -> Person:
    """Olga, who sees the site as Alice does."""
    answer = begin(olga, alice)
    assert answer.location == "/dashboard"
    return olga


def begin(olga: Person, person: Person):  # type: ignore[no-untyped-def]
    page = f"/admin/users/{person.id}/acts/view"
    return olga.post(page, page=page, reason="cannot find the receipt")


def sessions(app: Flask, **columns: object) -> None:
    with app.app_context():
        db.session.execute(db.update(UserSession).values(**columns))
        db.session.commit()


@pytest.mark.parametrize("path", ["/dashboard", "/account", "/account/invoices", "/account/security", "/pricing"])
def test_every_page_is_the_persons_and_says_who_looks(looking: Person, path: str) -> None:
    page = looking.read(path)

    assert "You see this site as alice@example.com does, read-only" in page
    assert "olga@example.com" not in page


def test_no_page_of_the_operators_is_open_meanwhile(looking: Person) -> None:
    assert looking.get("/admin/").status_code == 403


def posts(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and not rule.endpoint.startswith(("viewing.leave", "webhook.", "dev.")):
            values = dict.fromkeys(rule.arguments, "1")
            values |= {name: "00000000-0000-4000-8000-000000000000" for name in rule.arguments if "uuid" in rule.rule}
            with app.test_request_context():
                address = app.url_map.bind("").build(rule.endpoint, values, method="POST")
            yield address


def test_nothing_can_be_sent_whatever_the_form(looking: Person, app: Flask, alice: Person) -> None:
    token = looking.csrf_token()
    sent = {path: looking.client.post(path, data={"csrf_token": token}).status_code for path in posts(app)}

    # What reports a breach of the content's policy is answered without a reader; the API knows no cookie.
    answered = {path: status for path, status in sent.items() if status != 403 and (status, path[:5]) != (401, "/api/")}
    assert len(sent) > 40
    assert set(answered) <= {"/csp-report"}, answered
    assert alice.is_signed_in


def test_what_would_write_for_them_or_leave_for_stripe_is_refused_in_words(
    looking: Person, app: Flask, catalogue: None
) -> None:
    for path in ("/checkout/pro", "/account/portal"):
        answer = looking.client.post(path, data={"csrf_token": looking.csrf_token()})
        assert answer.status_code == 403
        assert "Here you only look on" in answer.text
    for path in ("/checkout/success?session_id=cs_1", "/account?from=portal", "/account/export"):
        assert "Here you only look on" in looking.get(path).text
    with app.app_context():
        assert db.session.scalar(db.select(Order.id)) is None


@pytest.mark.needs("app/auth/factors")
@pytest.mark.parametrize("page", ["authenticator", "passkeys/new", "recovery-codes"])
def test_no_secret_of_a_factor_is_shown(looking: Person, page: str) -> None:
    answer = looking.get(f"/account/security/{page}")

    assert answer.status_code in (403, 404, 405)
    assert "otpauth" not in answer.text


def test_the_button_ends_it(looking: Person, alice: Person) -> None:
    answer = looking.post("/viewing/leave", page="/dashboard")

    assert answer.location == f"/admin/users/{alice.id}"
    assert looking.get("/admin/").status_code == 200


def test_it_ends_by_itself_after_half_an_hour(looking: Person, app: Flask) -> None:
    with app.app_context():
        until = db.session.scalars(
            db.select(UserSession.viewed_until).where(UserSession.viewed_until.is_not(None))
        ).one()
        assert timedelta(minutes=29) < until - utcnow() <= timedelta(minutes=30)
    sessions(app, viewed_until=utcnow() - timedelta(seconds=1))

    assert looking.get("/admin/").status_code == 200
    assert looking.post("/viewing/leave").status_code == 303


def test_it_is_in_the_audit_and_in_the_persons_activity(looking: Person, alice: Person, app: Flask) -> None:
    alice_id = alice.id
    with app.app_context():
        act = db.session.scalars(db.select(OperatorAct)).one()
        assert (act.kind, act.actor, act.user_id, act.reason) == (
            "view",
            "olga@example.com",
            alice_id,
            "cannot find the receipt",
        )
        event = db.session.scalars(db.select(SecurityEvent).where(SecurityEvent.kind == "viewed")).one()
        assert (event.device, event.network) == ("Support", "")
    assert "Support looked at your pages, and could change nothing" in alice.read("/account/activity")


def test_who_refuses_is_not_looked_at(olga: Person, alice: Person) -> None:
    assert alice.post("/account/security/viewing", page="/account/security", refuse="yes").status_code == 303

    assert "acts/view" not in olga.get(f"/admin/users/{alice.id}").text
    answer = olga.get(f"/admin/users/{alice.id}/acts/view")
    assert "does not want it" in olga.get(answer.location).text


def test_refusing_ends_it_at_once(looking: Person, alice: Person) -> None:
    alice.post("/account/security/viewing", page="/account/security", refuse="yes")

    assert looking.get("/admin/").status_code == 200


def test_nobody_sees_the_site_as_another_admin(olga: Person, alice: Person, bob: Person, app: Flask) -> None:
    bob.become_admin()
    token = olga.csrf_token()

    olga.client.post(f"/admin/users/{bob.id}/acts/view", data={"csrf_token": token})

    assert olga.get("/admin/").status_code == 200
    with app.app_context():
        assert "another admin" in db.session.scalars(db.select(OperatorAct.error)).one()


def test_it_begins_only_with_a_fresh_sign_in(olga: Person, alice: Person, app: Flask) -> None:
    sessions(app, created_at=utcnow() - timedelta(hours=2), last_used_at=utcnow())

    assert "/confirm" in olga.get(f"/admin/users/{alice.id}/acts/view").location
    assert "/confirm" in olga.post(f"/admin/users/{alice.id}/acts/view").location


def test_the_setting_switches_it_off(olga: Person, alice: Person, app: Flask) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"view_as_user": False})
    try:
        assert "Help from support" not in alice.get("/account/security").text
        answer = olga.get(f"/admin/users/{alice.id}/acts/view")
        assert "VIEW_AS_USER" in olga.get(answer.location).text
    finally:
        app.extensions["settings"] = settings


def test_a_person_cannot_look_at_anybody(alice: Person, bob: Person, app: Flask) -> None:
    alice_id, bob_id = alice.id, bob.id
    with app.app_context():
        own = db.session.scalars(db.select(UserSession).where(UserSession.user_id == alice_id)).one()
        own.viewed_user_id, own.viewed_until = bob_id, utcnow() + timedelta(minutes=5)
        db.session.commit()

    assert "bob@example.com" not in alice.read("/account/security")


def test_nothing_is_asked_of_stripe_meanwhile(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, app: Flask
) -> None:
    from tests.billing.support.conftest import absent_stripe, paid

    paid(alice, at_stripe, "pro")
    begin(olga, alice)

    with absent_stripe(app):
        page = olga.get("/account")

    assert page.status_code == 200
    assert re.search("You(&#39;|')re on Pro", page.text)


def test_admins_are_logged_out_after_an_hour_unused_and_eight_at_most(olga: Person, alice: Person, app: Flask) -> None:
    now = utcnow()
    for columns in (
        {"created_at": now - timedelta(hours=9), "last_used_at": now},
        {"created_at": now - timedelta(hours=2), "last_used_at": now - timedelta(hours=1, minutes=1)},
    ):
        sessions(app, **columns)
        assert not olga.is_signed_in
        assert alice.is_signed_in
    sessions(app, created_at=now - timedelta(hours=7), last_used_at=now - timedelta(minutes=50))
    assert olga.is_signed_in
    with app.app_context():
        assert db.session.get_one(User, olga.id).last_seen_at > now - timedelta(minutes=1)
