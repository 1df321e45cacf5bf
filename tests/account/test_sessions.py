"""Where one is signed in, and signing out there."""

from datetime import timedelta

import pytest

from app.auth.models import UserSession
from app.database import db, utcnow
from tests.account.test_settings import signed_in_elsewhere
from tests.people import PASSWORD, Person

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def session_of(browser: Person) -> str:
    with browser.client.session_transaction() as session:
        return str(session["_user_id"])


def grow_old(alice: Person) -> None:
    with alice.app.app_context():
        db.session.execute(db.update(UserSession).values(created_at=utcnow() - timedelta(hours=1)))
        db.session.commit()


def test_browsers_are_listed_with_their_device(alice: Person) -> None:
    elsewhere = Person(alice.app, alice.app.test_client(), alice.email)
    elsewhere.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    elsewhere.post("/login", page="/login", email=alice.email, password=PASSWORD)

    page = alice.get("/account/security").text

    assert "Firefox on Linux" in page
    assert "This device" in page


def test_one_browser_is_logged_out(alice: Person) -> None:
    phone, laptop = signed_in_elsewhere(alice), signed_in_elsewhere(alice)

    answer = alice.post("/account/sessions/revoke", session_id=session_of(phone))

    assert (answer.status_code, answer.location) == (303, "/account/security")
    assert phone.get("/account").status_code == 302
    assert laptop.get("/account").status_code == 200
    assert alice.get("/account").status_code == 200


def test_all_other_browsers_are_logged_out(alice: Person) -> None:
    phone, laptop = signed_in_elsewhere(alice), signed_in_elsewhere(alice)

    alice.post("/account/sessions/revoke")

    assert phone.get("/account").status_code == 302
    assert laptop.get("/account").status_code == 302
    assert alice.get("/account").status_code == 200


def test_session_of_somebody_else_stays(alice: Person, bob: Person) -> None:
    alice.post("/account/sessions/revoke", session_id=session_of(bob))

    assert bob.get("/account").status_code == 200


@pytest.mark.parametrize("session_id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_unknown_session_keeps_this_one(alice: Person, session_id: str) -> None:
    answer = alice.post("/account/sessions/revoke", session_id=session_id)

    assert answer.status_code == 303
    assert alice.get("/account").status_code == 200


def test_password_is_asked_for_some_time_after_logging_in(alice: Person) -> None:
    phone = signed_in_elsewhere(alice)
    grow_old(alice)

    asked = alice.post("/account/sessions/revoke", session_id=session_of(phone))
    wrong = alice.post("/account/sessions/revoke", session_id=session_of(phone), current_password="wrong")
    before = phone.get("/account").status_code
    right = alice.post("/account/sessions/revoke", session_id=session_of(phone), current_password=PASSWORD)

    assert (asked.status_code, wrong.status_code, right.status_code) == (422, 422, 303)
    assert f'value="{session_of(phone)}"' in asked.text
    assert "This is not your current password." in wrong.text
    assert (before, phone.get("/account").status_code) == (200, 302)
