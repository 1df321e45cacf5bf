"""Step-up: showing again that it is oneself, before something that matters."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth.models import User, UserSession
from app.auth.sessions import Method
from app.database import db, utcnow
from tests.people import PASSWORD, Person


def grow_old(person: Person, **columns: object) -> None:
    """Let an hour pass since this person signed in and confirmed."""
    with person.app.app_context():
        db.session.execute(
            db.update(UserSession).values({"created_at": utcnow() - timedelta(hours=1), "confirmed_at": None} | columns)
        )
        db.session.commit()


def forget_password(person: Person) -> None:
    """Leave the account without a password, as one that was made by signing in with Google."""
    with person.app.app_context():
        db.session.execute(db.update(User).values(password_hash=None))
        db.session.commit()


def confirm(person: Person, password: str = PASSWORD, next: str = "") -> TestResponse:
    return person.post("/account/security/confirm", password=password, next=next)


def test_data_are_handed_out_after_the_password_and_the_reader_is_led_back(alice: Person) -> None:
    grow_old(alice)

    asked = alice.get("/account/export")
    answered = confirm(alice, next=parse_qs(urlsplit(asked.location).query)["next"][0])

    assert asked.status_code == 302
    assert urlsplit(asked.location).path == "/account/security/confirm"
    assert (answered.status_code, answered.location) == (303, "/account/export")
    assert alice.get("/account/export").status_code == 200


def test_wrong_password_confirms_nothing(alice: Person) -> None:
    grow_old(alice)

    answer = confirm(alice, "wrong")

    assert answer.status_code == 422
    assert "This is not your password." in answer.text
    assert alice.get("/account/export").status_code == 302


def test_a_quarter_of_an_hour_later_it_is_asked_again(alice: Person) -> None:
    grow_old(alice, confirmed_at=utcnow() - timedelta(minutes=16))

    assert alice.get("/account/export").status_code == 302


def test_a_browser_that_was_signed_in_by_mail_is_asked_at_once(alice: Person) -> None:
    grow_old(alice, created_at=utcnow(), method=Method.LINK)

    assert alice.get("/account/export").status_code == 302


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_confirming_leads_to_no_other_site(alice: Person, target: str) -> None:
    assert confirm(alice, next=target).location == "/account/security"


def test_confirming_ends_the_cookie_from_before(alice: Person) -> None:
    before = alice.client.get_cookie("session")
    assert before is not None

    confirm(alice)
    after = alice.is_signed_in
    alice.client.set_cookie("session", before.value)

    assert (after, alice.is_signed_in) == (True, False)


def test_confirming_one_browser_confirms_no_other(alice: Person) -> None:
    phone = Person(alice.app, alice.app.test_client(), alice.email)
    phone.post("/login", page="/login", email=alice.email, password=PASSWORD)
    grow_old(alice)

    confirm(alice)

    assert phone.get("/account/export").status_code == 302


def test_forms_take_a_confirmed_browser_without_the_password_and_never_a_wrong_one(alice: Person) -> None:
    fields = {"email": "alice@new.example"}
    before = alice.post("/account/email", **fields).status_code
    confirm(alice)

    wrong = alice.post("/account/email", **fields, current_password="wrong").status_code
    without = alice.post("/account/email", **fields).status_code

    assert (before, wrong, without) == (422, 422, 303)
    assert "Current password" not in alice.get("/account").text


def test_who_has_no_password_sets_one_soon_after_signing_in_and_is_asked_later(alice: Person) -> None:
    forget_password(alice)
    first = alice.post("/account/password", new_password="nine lives of a cat")
    forget_password(alice)
    grow_old(alice)

    later = alice.post("/account/password", new_password="ten lives of a cat")

    assert (first.status_code, first.location) == (303, "/account/security")
    assert (later.status_code, urlsplit(later.location).path) == (303, "/account/security/confirm")
    assert confirm(alice, "").status_code == 422


def test_nobody_logs_in_with_a_password_where_there_is_none(alice: Person, client: FlaskClient) -> None:
    forget_password(alice)
    visitor = Person(alice.app, client, alice.email)

    for password in (PASSWORD, "None", ""):
        assert visitor.post("/login", page="/login", email=alice.email, password=password).status_code == 422


def test_page_that_a_form_stood_on_is_led_back_to_and_no_other_sites(alice: Person, app_with) -> None:  # type: ignore[no-untyped-def]
    strict = alice.on(app_with(step_up_for_portal=True))
    grow_old(alice)
    site = alice.app.extensions["settings"].site_url

    def leads_back(referrer: str) -> str | None:
        headers = {"Referer": referrer}
        answer = strict.client.post("/account/portal", data={"csrf_token": strict.csrf_token()}, headers=headers)
        return parse_qs(urlsplit(answer.location).query).get("next", [None])[0]

    assert leads_back(f"{site}/account") == "/account"
    assert leads_back("https://evil.example/account") is None


def test_portal_asks_only_when_the_setting_says_so(alice: Person, app_with) -> None:  # type: ignore[no-untyped-def]
    grow_old(alice)

    assert alice.post("/account/portal").location == "/pricing"
    assert "/account/security/confirm" in alice.on(app_with(step_up_for_portal=True)).post("/account/portal").location


def test_program_is_told_that_it_has_to_confirm(alice: Person) -> None:
    grow_old(alice)

    answer = alice.client.get("/account/export", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json) == (403, {"error": {"code": "confirmation_required"}})


def test_security_page_lists_browsers_and_what_happened(alice: Person) -> None:
    page = alice.get("/account/security").text

    assert "This device" in page
    assert "Account created" in page


def test_security_pages_are_for_who_is_signed_in(client: FlaskClient) -> None:
    for path in ("/account/security", "/account/security/confirm", "/account/export"):
        assert "/login" in client.get(path).location
