"""Authenticator apps and recovery codes: added, asked for, used up, removed."""

import re
import time

import pyotp
import pytest
from flask import Flask

from app.auth.factors.authenticator import renew_encryption, use_code
from app.auth.factors.models import Authenticator, RecoveryCode
from app.auth.models import SecurityEvent, User
from app.auth.security_log import Kind
from app.database import db
from app.mail.outbox import OutboxMail
from tests.auth.factors.phones import Phone, logging_in, recovery_codes_of, second_step
from tests.auth.test_races import at_once
from tests.auth.test_step_up import grow_old
from tests.mail.mailbox import link_path, mails
from tests.people import PASSWORD, Person

CODE = re.compile(r"<code>((?:[a-z2-7]{4}-){5}[a-z2-7]{4})</code>")
SECRET = re.compile(r'<code id="secret">(\w{32})</code>')


def add_app(person: Person) -> tuple[Phone, list[str]]:
    """Add an app as a reader does: the phone, and the recovery codes that were shown."""
    secret = SECRET.search(person.get("/account/security/authenticator").text)
    assert secret
    phone = Phone(secret[1])
    answer = person.post("/account/security/authenticator", code=phone.code())
    assert (answer.status_code, answer.location) == (303, "/account/security/recovery-codes")
    return phone, CODE.findall(person.get(answer.location).text)


def count(app: Flask, model: type) -> int:
    with app.app_context():
        return db.session.scalar(db.select(db.func.count()).select_from(model))


def kinds(person: Person) -> list[str]:
    with person.app.app_context():
        return list(db.session.scalars(db.select(SecurityEvent.kind).order_by(SecurityEvent.id)))


def test_app_is_added_and_from_then_on_the_password_alone_signs_nobody_in(alice: Person) -> None:
    phone, codes = add_app(alice)

    browser = logging_in(alice, remember="y")
    before = browser.is_signed_in
    answer = second_step(browser, phone.code(1))

    assert len(set(codes)) == 8
    assert browser.answer.location == "/login/second-step"  # type: ignore[attr-defined]
    assert not before
    assert (answer.status_code, answer.location) == (303, "/dashboard")
    assert "Expires" in answer.headers["Set-Cookie"]
    assert browser.is_signed_in
    assert mails(alice.app, alice.email)[-2:] == [("sign_in_changed", alice.email)] * 2
    assert kinds(alice)[-4:] == ["authenticator_added", "recovery_codes_made", "second_step_asked", "signed_in"]


def test_a_new_app_is_told_to_its_owner_who_can_undo_it_where_the_mail_leads(alice: Person) -> None:
    add_app(alice)

    with alice.app.app_context():
        told = db.select(OutboxMail).where(OutboxMail.template == "sign_in_changed")
        mail = db.session.scalars(told.order_by(OutboxMail.created_at)).first()
        added = db.select(SecurityEvent.user_id).where(SecurityEvent.kind == Kind.AUTHENTICATOR_ADDED)
        owners = db.session.scalars(added).all()
    assert mail is not None
    assert [mail.user_id] == owners == [alice.id]
    assert mail.context["what"] == Kind.AUTHENTICATOR_ADDED.text
    assert link_path(alice.app, "sign_in_changed", alice.email) == "/account/security"


def test_second_step_that_nobody_waits_for_leads_back_and_says_why(alice: Person) -> None:
    alice.post("/logout")

    answer = alice.get("/login/second-step")

    assert (answer.status_code, answer.location) == (303, "/login")
    assert "That took too long" in alice.read("/login")


def test_picture_of_the_secret_needs_no_style_and_no_other_site(alice: Person) -> None:
    page = alice.get("/account/security/authenticator").text
    again = alice.get("/account/security/authenticator").text

    assert "<svg" in page
    assert "style=" not in page
    assert "otpauth://totp/Perennial:alice%40example.com?secret=" in page
    assert SECRET.findall(page) == SECRET.findall(again)


def test_app_that_makes_other_codes_is_not_added(alice: Person) -> None:
    alice.get("/account/security/authenticator")

    answer = alice.post("/account/security/authenticator", code=Phone(pyotp.random_base32()).code())

    assert answer.status_code == 422
    assert "This is not the app" in answer.text
    assert count(alice.app, Authenticator) == 0


def test_second_app_does_not_take_the_place_of_the_first(alice: Person) -> None:
    phone = Phone.of(alice)
    other = SECRET.search(alice.get("/account/security/authenticator").text)
    assert other

    assert alice.post("/account/security/authenticator", code=Phone(other[1]).code()).status_code == 422
    assert second_step(logging_in(alice), phone.code()).status_code == 303


@pytest.mark.parametrize("steps_away", [-20, -2, 2, 20])
def test_code_of_another_time_does_not_count(alice: Person, steps_away: int) -> None:
    phone = Phone.of(alice)

    assert second_step(logging_in(alice), phone.code(steps_away)).status_code == 422


def test_code_counts_once_and_then_none_before_it(alice: Person) -> None:
    phone = Phone.of(alice)
    code, earlier = phone.code(), phone.code(-1)

    first = second_step(logging_in(alice), code).status_code
    second = second_step(logging_in(alice), code).status_code
    third = second_step(logging_in(alice), earlier).status_code

    assert (first, second, third) == (303, 422, 422)


def test_code_sent_many_times_at_once_counts_once(alice: Person) -> None:
    phone = Phone.of(alice)
    browsers = [logging_in(alice) for _ in range(4)]
    code = phone.code()
    forms = [(browser, {"csrf_token": browser.csrf_token(), "code": code}) for browser in browsers]

    answers = at_once(*(lambda b=b, f=f: b.client.post("/login/second-step", data=f) for b, f in forms))

    assert sorted(answer.status_code for answer in answers) == [303, 422, 422, 422]


@pytest.mark.parametrize("code", ["", "000000", "12345", "abcdef", "١٢٣٤٥٦", "🐎", "0" * 61, "aaaa-aaaa"])
def test_wrong_code_signs_nobody_in(alice: Person, code: str) -> None:
    Phone.of(alice)
    browser = logging_in(alice)

    assert second_step(browser, code).status_code == 422
    assert not browser.is_signed_in


def test_guessing_codes_ends_soon_whatever_browser_it_comes_from(alice: Person) -> None:
    phone = Phone.of(alice)

    tries = [second_step(logging_in(alice), "000000").status_code for _ in range(10)]
    answer = second_step(logging_in(alice), phone.code())

    assert set(tries) == {422}
    assert answer.status_code == 429


def test_thief_of_the_password_who_guesses_codes_does_not_lock_out_the_owners_browser(alice: Person) -> None:
    own = logging_in(alice)
    phone = Phone.of(alice)
    own.post("/logout")
    for _ in range(10):
        second_step(logging_in(alice), "000000")

    stranger = second_step(logging_in(alice), phone.code())
    own.post("/login", page="/login", email=alice.email, password=PASSWORD)
    guesses = [second_step(own, "000000").status_code for _ in range(9)]
    answer = second_step(own, phone.code())

    assert stranger.status_code == 429
    assert set(guesses) == {422}
    assert (answer.status_code, own.is_signed_in) == (303, True)


def test_browsers_that_the_owner_uses_share_their_guesses(alice: Person) -> None:
    own = [logging_in(alice) for _ in range(2)]
    phone = Phone.of(alice)
    for browser in own:
        browser.post("/logout")
        browser.post("/login", page="/login", email=alice.email, password=PASSWORD)

    guesses = [second_step(own[at % 2], "000000").status_code for at in range(10)]

    assert set(guesses) == {422}
    assert second_step(own[0], phone.code()).status_code == 429


def test_recovery_code_works_once_however_it_is_typed(alice: Person) -> None:
    Phone.of(alice)
    code = recovery_codes_of(alice)[3]

    first = second_step(logging_in(alice), f" {code.upper().replace('-', ' ')} ").status_code
    again = second_step(logging_in(alice), code).status_code

    assert (first, again) == (303, 422)
    assert count(alice.app, RecoveryCode) == 7
    assert mails(alice.app, alice.email)[-1] == ("sign_in_changed", alice.email)


def test_recovery_code_of_somebody_else_does_not_count(alice: Person, bob: Person) -> None:
    Phone.of(alice)

    assert second_step(logging_in(alice), recovery_codes_of(bob)[0]).status_code == 422


def test_new_codes_end_the_old_ones(alice: Person) -> None:
    Phone.of(alice)
    old = recovery_codes_of(alice)

    answer = alice.post("/account/security/recovery-codes")
    shown = CODE.findall(alice.get(answer.location).text)

    assert not set(old) & set(shown)
    assert second_step(logging_in(alice), old[0]).status_code == 422
    assert second_step(logging_in(alice), shown[0]).status_code == 303


def test_codes_can_be_downloaded_until_they_are_kept_and_are_never_shown_again(alice: Person) -> None:
    _, codes = add_app(alice)

    file = alice.get("/account/security/recovery-codes/download")
    kept = alice.post("/account/security/recovery-codes/kept")

    assert "Good. Keep them" in alice.get(kept.location).text
    assert file.text.split() == codes
    assert file.headers["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert file.headers["Cache-Control"] == "no-store"
    assert alice.get("/account/security/recovery-codes").location == "/account/security"
    assert alice.get("/account/security/recovery-codes/download").location == "/account/security"


def test_removed_app_asks_no_more_and_takes_the_recovery_codes_along(alice: Person) -> None:
    Phone.of(alice)
    recovery_codes_of(alice)

    alice.post("/account/security/authenticator/remove")

    assert logging_in(alice).answer.location == "/dashboard"  # type: ignore[attr-defined]
    assert count(alice.app, RecoveryCode) == 0
    assert mails(alice.app, alice.email)[-1] == ("sign_in_changed", alice.email)


@pytest.mark.parametrize("path", ["authenticator", "authenticator/remove", "recovery-codes"])
def test_factors_are_changed_only_by_who_has_shown_lately_who_they_are(alice: Person, path: str) -> None:
    Phone.of(alice)
    grow_old(alice)

    answer = alice.post(f"/account/security/{path}", code="000000")

    assert answer.location == "/account/security/confirm"
    assert count(alice.app, Authenticator) == 1


def test_code_confirms_who_it_is_and_counts_once(alice: Person) -> None:
    phone = Phone.of(alice)
    grow_old(alice)
    code = phone.code()

    page = alice.get("/account/security/confirm?next=/account/export").text
    answer = alice.post("/account/security/confirm/code", code=code, next="/account/export")
    grow_old(alice)
    again = alice.post("/account/security/confirm/code", code=code)

    assert "Code of your authenticator app" in page
    assert (answer.status_code, answer.location) == (303, "/account/export")
    assert again.status_code == 422


def test_second_step_waits_for_ten_minutes(alice: Person) -> None:
    phone, browser = Phone.of(alice), logging_in(alice)
    with browser.client.session_transaction() as cookie:
        cookie["second_step"] = cookie["second_step"] | {"at": int(time.time()) - 601}

    answer = second_step(browser, phone.code())

    assert (answer.status_code, answer.location) == (303, "/login")
    assert not browser.is_signed_in


def test_second_step_ends_when_the_password_changes_meanwhile(alice: Person) -> None:
    phone, browser = Phone.of(alice), logging_in(alice)
    alice.post("/account/password", current_password=PASSWORD, new_password="nine lives of a cat")

    assert second_step(browser, phone.code()).location == "/login"
    assert not browser.is_signed_in


def test_nobody_waits_in_a_browser_that_has_not_begun(client, app: Flask) -> None:  # type: ignore[no-untyped-def]
    visitor = Person(app, client, "")

    assert visitor.get("/login/second-step").location == "/login"
    assert second_step(visitor, "000000").location == "/login"


def test_second_step_leads_on_to_what_was_asked_for(alice: Person) -> None:
    phone = Phone.of(alice)

    assert second_step(logging_in(alice, next="/account/invoices"), phone.code()).location == "/account/invoices"


@pytest.mark.parametrize("kind", [None, "email_verified", "email_changed"])
def test_reset_by_mail_leaves_the_second_step_of_who_has_proven_an_address(alice: Person, kind: str | None) -> None:
    with alice.app.app_context():
        if kind:
            # Another address, long ago.
            db.session.add(SecurityEvent(user_id=alice.id, kind=kind))
        else:
            db.session.execute(db.update(User).values(email_verified_at=db.func.now()))
        db.session.commit()
    phone, visitor = Phone.of(alice), Person(alice.app, alice.app.test_client(), alice.email)
    visitor.post("/forgot-password", page="/forgot-password", email=alice.email)
    link = link_path(alice.app, "password_reset", alice.email)

    visitor.post(link, page=link, password="nine lives of a cat")

    assert second_step(logging_in(alice, "nine lives of a cat"), phone.code()).status_code == 303
    assert logging_in(alice, "nine lives of a cat").answer.location == "/login/second-step"  # type: ignore[attr-defined]


def test_stranger_who_signed_up_with_an_address_keeps_no_factor_when_its_owner_comes(alice: Person) -> None:
    Phone.of(alice)
    recovery_codes_of(alice)
    owner = Person(alice.app, alice.app.test_client(), alice.email)
    owner.post("/forgot-password", page="/forgot-password", email=alice.email)
    link = link_path(alice.app, "password_reset", alice.email)

    owner.post(link, page=link, password="nine lives of a cat")

    assert logging_in(alice, "nine lives of a cat").answer.location == "/dashboard"  # type: ignore[attr-defined]
    assert count(alice.app, RecoveryCode) == 0


def test_database_holds_neither_the_secret_nor_a_code(alice: Person) -> None:
    phone, codes = add_app(alice)

    with alice.app.app_context():
        kept = [row.secret for row in db.session.scalars(db.select(Authenticator))]
        kept += [row.digest for row in db.session.scalars(db.select(RecoveryCode))]

    assert not any(secret in text for text in kept for secret in (phone.secret, *codes))


def test_cookie_shows_neither_the_secret_nor_the_codes(alice: Person) -> None:
    phone, codes = add_app(alice)

    with alice.client.session_transaction() as cookie:
        held = str(dict(cookie))

    assert "new_recovery_codes" in held
    assert not any(secret in held for secret in (phone.secret, *codes))


def test_secret_outlives_a_new_secret_key_once_it_was_encrypted_anew(alice: Person, app_with) -> None:  # type: ignore[no-untyped-def]
    phone = Phone.of(alice)
    old = alice.app.extensions["settings"].secret_keys[0]
    both, new = app_with(secret_key=f"{'n' * 32},{old}"), app_with(secret_key="n" * 32)

    with new.app_context():
        before = use_code(alice.id, phone.code())
    with both.app_context():
        renew_encryption()
    with new.app_context():
        after = use_code(alice.id, phone.code())

    assert (before, after) == (False, True)


def test_admins_add_a_factor_first_where_the_setting_says_so_and_keep_one(alice: Person, app_with) -> None:  # type: ignore[no-untyped-def]
    alice.become_admin()
    strict = alice.on(app_with(second_factor_for="admins"))

    before = strict.get("/admin/")
    Phone.of(alice)
    after = strict.get("/admin/")
    strict.post("/account/security/authenticator/remove")

    assert (before.status_code, before.location) == (302, "/account/security/second-step?next=/admin/")
    assert after.status_code == 200
    assert "You have to keep a second factor" in strict.get("/account/security").text
    assert count(alice.app, Authenticator) == 1


def test_security_page_shows_what_there_is(alice: Person) -> None:
    Phone.of(alice)
    recovery_codes_of(alice)

    page = alice.get("/account/security").text

    assert "Remove the app" in page
    assert "8 left." in page
