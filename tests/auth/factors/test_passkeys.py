"""Passkeys: added, shown, copied, removed."""

import json

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.auth.factors.models import Passkey
from app.database import db
from tests.auth.factors.phones import Phone, logging_in
from tests.auth.factors.soft_keys import USER_PRESENT, SoftKey, options_on, origin_of
from tests.auth.test_races import at_once
from tests.auth.test_step_up import forget_password, grow_old
from tests.mail.mailbox import mails
from tests.people import Person

NEW = "/account/security/passkeys/new"


@pytest.fixture
def visitor(app: Flask) -> Person:
    return Person(app, app.test_client(), "")


def show(person: Person, key: SoftKey, **lies: object) -> TestResponse:
    """Log in with a passkey."""
    return person.post("/login/passkey", credential=key.get(options_on(person, "/login"), **lies))


def passkeys(app: Flask) -> list[Passkey]:
    with app.app_context():
        return list(db.session.scalars(db.select(Passkey)))


def test_passkey_is_added_and_signs_in_alone(alice: Person, visitor: Person) -> None:
    key = SoftKey(origin_of(alice))

    added = alice.post(NEW, credential=key.create(options_on(alice, NEW)), name="My phone")
    answer = show(visitor, key)

    assert (added.status_code, added.location) == (303, "/account/security/recovery-codes")
    assert ("sign_in_changed", alice.email) in mails(alice.app)
    assert (answer.status_code, answer.location) == (303, "/dashboard")
    assert visitor.is_signed_in
    assert "My phone" in visitor.get("/account/security").text
    assert passkeys(alice.app)[0].last_used_at is not None


def test_new_passkey_has_to_find_its_owner_by_itself_and_ask_for_a_finger_or_pin(alice: Person) -> None:
    asked = options_on(alice, NEW)

    assert alice.get(NEW).status_code == 200
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["rp"] == {"id": "localhost", "name": alice.app.config["APP_NAME"]}
    assert asked["user"]["name"] == alice.email


def test_passkey_makes_a_password_alone_too_little(alice: Person) -> None:
    key = SoftKey.of(alice)
    browser = logging_in(alice)

    options = options_on(browser, "/login/second-step")
    answer = browser.post("/login/second-step/passkey", credential=key.get(options))

    assert [allowed["id"] for allowed in options["allowCredentials"]] == [json.loads(key.get(options))["id"]]
    assert answer.status_code == 303
    assert browser.is_signed_in


LIES = {
    "another site's origin": {"origin": "https://evil.example"},
    "another site's passkey": {"rp_id": "evil.example"},
    "another ceremony": {"type": "webauthn.create"},
    "a challenge of its own": {"challenge": "Y2hhbGxlbmdl"},
    "a wrong signature": {"signature": b"0" * 70},
    "somebody else's handle": {"user_handle": b"0" * 16},
}


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES)
def test_answer_that_lies_signs_nobody_in(alice: Person, visitor: Person, lies: dict[str, object]) -> None:
    key = SoftKey.of(alice)

    answer = show(visitor, key, **lies)

    assert answer.status_code == 422
    assert "That passkey was not accepted" in answer.text
    assert not visitor.is_signed_in


@pytest.mark.parametrize(
    "credential", ["", "{}", "[]", "null", "1", "[[" * 9000, '{"response": {"clientDataJSON": 1}}']
)
def test_answer_that_cannot_be_read_signs_nobody_in(visitor: Person, credential: str) -> None:
    assert visitor.post("/login/passkey", credential=credential).status_code == 422


def test_answers_that_do_not_hold_are_counted_by_network_and_keep_no_owner_out(alice: Person, app: Flask) -> None:
    key, token = SoftKey.of(alice), (visitor := Person(app, app.test_client(), "")).csrf_token()
    networks = [{"REMOTE_ADDR": f"2001:db8:1:2::{at}"} for at in range(11)]

    refused = [
        visitor.client.post("/login/passkey", data={"csrf_token": token}, environ_overrides=place).status_code
        for place in networks
    ]
    owner = logging_in(alice)
    answer = owner.post("/login/second-step/passkey", credential=key.get(options_on(owner, "/login/second-step")))

    assert refused == [422] * 10 + [429]
    assert answer.status_code == 303


def test_device_that_asked_for_no_finger_or_pin_is_refused(alice: Person, visitor: Person) -> None:
    key = SoftKey.of(alice, flags=USER_PRESENT)
    new = SoftKey(origin_of(alice), flags=USER_PRESENT)

    assert show(visitor, key).status_code == 422
    assert alice.post(NEW, credential=new.create(options_on(alice, NEW)), name="x").status_code == 422


def test_answer_counts_once_also_when_it_comes_twice_at_once(alice: Person, visitor: Person) -> None:
    key = SoftKey.of(alice)
    fields = {"credential": key.get(options_on(visitor, "/login")), "csrf_token": visitor.csrf_token()}
    browsers = [Person(alice.app, alice.app.test_client(), "") for _ in range(3)]
    forms = [(browser, fields | {"csrf_token": browser.csrf_token()}) for browser in browsers]

    answers = at_once(*(lambda b=b, f=f: b.client.post("/login/passkey", data=f) for b, f in forms))

    assert sorted(answer.status_code for answer in answers) == [303, 422, 422]


def test_challenge_of_one_purpose_answers_no_other(alice: Person, visitor: Person) -> None:
    key = SoftKey.of(alice)
    browser = logging_in(alice)

    answer = visitor.post("/login/passkey", credential=key.get(options_on(browser, "/login/second-step")))

    assert answer.status_code == 422


def test_passkey_of_somebody_else_is_no_second_step(alice: Person, bob: Person) -> None:
    SoftKey.of(alice)
    key, browser = SoftKey.of(bob), logging_in(alice)

    answer = browser.post("/login/second-step/passkey", credential=key.get(options_on(browser, "/login/second-step")))

    assert answer.status_code == 422
    assert not browser.is_signed_in


def test_copy_of_a_passkey_is_refused_and_its_owner_told(alice: Person, visitor: Person) -> None:
    key = SoftKey.of(alice, count=5)
    first = show(visitor, key).status_code
    visitor.post("/logout")

    key.count = 3
    copied = show(visitor, key).status_code

    assert (first, copied) == (303, 422)
    assert not visitor.is_signed_in
    assert mails(alice.app)[-1] == ("sign_in_changed", alice.email)
    assert "seems to have been copied" in alice.get("/account/security").text
    assert passkeys(alice.app)[0].sign_count == 6


def test_removed_passkey_lets_nobody_in(alice: Person, visitor: Person) -> None:
    key = SoftKey.of(alice)

    alice.post(f"/account/security/passkeys/{passkeys(alice.app)[0].id}/remove")

    assert show(visitor, key).status_code == 422
    assert logging_in(alice).answer.location == "/dashboard"  # type: ignore[attr-defined]


def test_nobody_elses_passkey_is_named_or_removed(alice: Person, bob: Person) -> None:
    SoftKey.of(alice)
    path = f"/account/security/passkeys/{passkeys(alice.app)[0].id}"

    bob.post(f"{path}/rename", name="Mine")
    bob.post(f"{path}/remove")

    assert [key.name for key in passkeys(alice.app)] == ["Phone"]


def test_passkey_is_named_anew(alice: Person) -> None:
    SoftKey.of(alice)
    path = f"/account/security/passkeys/{passkeys(alice.app)[0].id}/rename"

    alice.post(path, name="Old phone")
    alice.post(path, name="")
    alice.post(path, name="x" * 61)

    assert [key.name for key in passkeys(alice.app)] == ["Old phone"]


def test_same_passkey_is_not_added_twice(alice: Person, bob: Person) -> None:
    key = SoftKey.of(alice)

    assert alice.post(NEW, credential=key.create(options_on(alice, NEW)), name="Again").status_code == 422
    assert bob.post(NEW, credential=key.create(options_on(bob, NEW)), name="Mine").status_code == 422


def test_passkey_that_was_made_for_somebody_else_is_not_added(alice: Person, bob: Person) -> None:
    key = SoftKey(origin_of(alice))

    assert bob.post(NEW, credential=key.create(options_on(alice, NEW)), name="x").status_code == 422


def test_passkey_confirms_who_it_is(alice: Person) -> None:
    key = SoftKey.of(alice)
    grow_old(alice)
    options = options_on(alice, "/account/security/confirm?next=/account/export")

    answer = alice.post("/account/security/confirm/passkey", credential=key.get(options), next="/account/export")

    assert (answer.status_code, answer.location) == (303, "/account/export")
    assert alice.get("/account/export").status_code == 200


def test_last_way_in_stays(alice: Person) -> None:
    SoftKey.of(alice)
    forget_password(alice)

    alice.post(f"/account/security/passkeys/{passkeys(alice.app)[0].id}/remove")

    assert len(passkeys(alice.app)) == 1
    assert "This is the only way into your account." in alice.get("/account/security").text


def test_of_two_last_passkeys_removed_at_once_one_stays(alice: Person) -> None:
    SoftKey.of(alice)
    SoftKey.of(alice)
    forget_password(alice)
    phone = alice.on(alice.app)
    forms = [(person, person.csrf_token()) for person in (alice, phone)]
    paths = [f"/account/security/passkeys/{key.id}/remove" for key in passkeys(alice.app)]

    at_once(
        *(
            lambda p=person, t=token, path=path: p.client.post(path, data={"csrf_token": t})
            for (person, token), path in zip(forms, paths, strict=True)
        )
    )

    assert len(passkeys(alice.app)) == 1


def test_of_an_admins_two_factors_removed_at_once_one_stays(alice: Person, app_with) -> None:  # type: ignore[no-untyped-def]
    alice.become_admin()
    strict = app_with(second_factor_for="admins")
    SoftKey.of(alice)
    Phone.of(alice)
    forms = [(person, person.csrf_token()) for person in (alice.on(strict), alice.on(strict))]
    paths = [f"/account/security/passkeys/{passkeys(alice.app)[0].id}/remove", "/account/security/authenticator/remove"]

    at_once(
        *(
            lambda p=person, t=token, path=path: p.client.post(path, data={"csrf_token": t})
            for (person, token), path in zip(forms, paths, strict=True)
        )
    )

    assert alice.on(strict).get("/admin/").status_code == 200


def test_page_under_a_number_leads_to_the_name_that_passkeys_can_have(alice: Person) -> None:
    page = alice.get(NEW).text

    assert "data-options" not in page
    assert f"{origin_of(alice)}{NEW}" in page
    assert "data-passkey" not in alice.client.get("/login").text


def test_words_stand_where_there_is_no_script(visitor: Person) -> None:
    page = visitor.client.get("/login", base_url=origin_of(visitor)).text

    assert "Passkeys need script and a recent browser." in page
    assert 'autocomplete="username webauthn"' in page
