"""Tokens: made by whoever is surely the owner, shown once, and good for the API alone."""

import hashlib
import re
from datetime import timedelta

import pytest
from flask import Flask

from app.api.models import ApiToken
from app.auth.models import SecurityEvent, User, UserSession
from app.auth.suspension import suspend
from app.auth.ways_in import forget_ways_added_since
from app.database import db, utcnow
from app.logs import without_secrets
from app.mail.outbox import OutboxMail
from tests.api.programs import Program
from tests.people import PASSWORD, Person
from tests.test_pages import assert_well_made

FORM = {"name": "Books", "scopes": ["account:read"], "days": "90"}


def become(person: Person, role: str) -> None:
    with person.app.app_context():
        rank = person.app.extensions["catalog"].role(role).rank
        changed = {"role": role, "role_rank": rank, "plan_key": role}
        db.session.execute(db.update(User).where(User.email == person.email).values(changed))
        db.session.commit()


def make(person: Person, **changed: object):  # type: ignore[no-untyped-def]
    fields = {"csrf_token": person.csrf_token("/account"), **FORM, **changed}
    return person.client.post("/account/tokens", data=fields)


def tokens(app: Flask) -> list[ApiToken]:
    with app.app_context():
        return list(db.session.scalars(db.select(ApiToken).order_by(ApiToken.created_at)))


def sign_in_long_ago(person: Person) -> None:
    with person.app.app_context():
        db.session.execute(db.update(UserSession).values(created_at=utcnow() - timedelta(hours=1), confirmed_at=None))
        db.session.commit()


def shown(page: str) -> str | None:
    found = re.search(r"shop_pat_[\w-]{43}", page)
    return found[0] if found else None


def test_token_is_shown_once_and_kept_as_a_hash(alice: Person) -> None:
    become(alice, "pro")

    answer = make(alice)
    first, second = alice.get("/account/tokens").text, alice.get("/account/tokens").text

    token = shown(first)
    row = tokens(alice.app)[0]
    assert (answer.status_code, answer.location) == (303, "/account/tokens")
    assert token is not None and shown(second) is None and "Books" in second
    assert row.digest == hashlib.sha256(token.encode()).hexdigest()
    assert row.scope_names == FORM["scopes"]
    assert timedelta(days=89) < row.expires_at - utcnow() < timedelta(days=90)
    assert Program(alice.app, token).get("/me").status_code == 200


def test_page_is_well_made_in_each_of_its_states(alice: Person) -> None:
    without = alice.get("/account/tokens").text
    become(alice, "pro")
    form = alice.get("/account/tokens").text
    make(alice)
    new = alice.get("/account/tokens").text

    assert "Your plan does not include the API" in without and "Create token" in form and "Your new token" in new
    for page in (without, form, new, make(alice, name="").text):
        assert_well_made(page)


def test_owner_is_told_by_mail_and_in_the_history(alice: Person) -> None:
    become(alice, "pro")

    make(alice)
    alice.post("/account/tokens/revoke", token_id=str(tokens(alice.app)[0].id))

    page = alice.read("/account/activity")
    with alice.app.app_context():
        told = db.session.scalars(db.select(OutboxMail).where(OutboxMail.template == "sign_in_changed")).all()
        assert [mail.context["what"] for mail in told] == ["API token made"]
    assert "API token made" in page and "API token revoked" in page
    assert tokens(alice.app) == []


def test_who_signed_in_long_ago_is_asked_first(alice: Person) -> None:
    become(alice, "pro")
    sign_in_long_ago(alice)

    refused = make(alice)
    way = alice.get("/account/tokens/new")
    confirmed = alice.post("/account/security/confirm", password=PASSWORD, next="/account/tokens")

    assert refused.location.startswith("/account/security/confirm")
    assert way.location.startswith("/account/security/confirm?next=")
    assert confirmed.location == "/account/tokens"
    assert tokens(alice.app) == []
    assert make(alice).status_code == 303
    assert len(tokens(alice.app)) == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "Give the token a name."),
        ({"name": "x" * 61}, "Use at most 60 characters."),
        ({"name": "\u202e"}, "Use letters that can be read."),
        ({"scopes": []}, "Choose at least one thing that it may do."),
        ({"scopes": ["everything"]}, "not a valid choice"),
        ({"days": "9999"}, "Not a valid choice"),
    ],
)
def test_form_that_lacks_something_is_shown_again(alice: Person, changed: dict[str, object], words: str) -> None:
    become(alice, "pro")

    answer = make(alice, **changed)

    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert words in answer.text
    assert tokens(alice.app) == []


def test_plan_without_the_api_makes_no_token(alice: Person) -> None:
    page = alice.read("/account/tokens")

    assert "Your plan does not include the API." in page
    assert make(alice).status_code == 403
    assert tokens(alice.app) == []


def test_plan_has_room_for_so_many_tokens_and_no_more(alice: Person) -> None:
    become(alice, "basic")

    first, second = make(alice), make(alice)

    assert (first.status_code, second.status_code) == (303, 403)
    assert "Your plan has room for one token." in alice.read("/account/tokens")


def test_token_that_has_ended_takes_no_room(alice: Person) -> None:
    Program.of(alice, role="basic", expires_at=utcnow() - timedelta(days=1))

    assert "Ended" in alice.read("/account/tokens")
    assert make(alice).status_code == 303


def test_token_without_an_end_lasts(alice: Person) -> None:
    become(alice, "pro")

    make(alice, days="")

    assert tokens(alice.app)[0].expires_at is None
    assert "Never" in alice.read("/account/tokens")


def test_nobody_revokes_somebody_elses_token(alice: Person, bob: Person) -> None:
    Program.of(alice)

    bob.post("/account/tokens/revoke", token_id=str(tokens(alice.app)[0].id))
    bob.post("/account/tokens/revoke", token_id="nothing")

    assert len(tokens(alice.app)) == 1
    assert "API token revoked" not in bob.read("/account/activity")


def test_token_opens_no_page(alice: Person) -> None:
    program = Program.of(alice)
    stranger = alice.app.test_client()

    for path in ("/account", "/dashboard", "/account/tokens", "/account/export"):
        answer = stranger.get(path, headers={"Authorization": f"Bearer {program.token}"})
        assert answer.location.startswith("/login"), path


def test_cookie_opens_nothing_of_the_api(alice: Person) -> None:
    become(alice, "pro")

    assert alice.get("/account").status_code == 200
    assert alice.get("/api/v1/me").status_code == 401


def test_token_counts_beside_somebody_elses_cookie(alice: Person, bob: Person) -> None:
    program = Program.of(alice)

    answer = bob.client.get("/api/v1/me", headers={"Authorization": f"Bearer {program.token}"})

    assert answer.get_json()["role"] == "pro"
    assert bob.is_signed_in


def test_revoked_token_is_refused_at_once(alice: Person) -> None:
    program = Program.of(alice)
    before = program.get("/me").status_code

    alice.post("/account/tokens/revoke", token_id=str(tokens(alice.app)[0].id))

    assert (before, program.get("/me").status_code) == (200, 401)


def test_token_that_has_ended_is_refused(alice: Person) -> None:
    program = Program.of(alice, expires_at=utcnow() - timedelta(seconds=1))

    assert program.get("/me").status_code == 401


def test_token_of_a_deleted_account_is_refused(alice: Person) -> None:
    program = Program.of(alice)

    alice.post("/account/delete", current_password=PASSWORD)

    assert program.get("/me").status_code == 401
    assert tokens(alice.app) == []


def test_token_of_who_is_suspended_is_refused(alice: Person) -> None:
    program, owner = Program.of(alice), alice.id
    before = program.get("/me").status_code
    with alice.app.app_context():
        suspend(db.session.get(User, owner), "Spam")
        db.session.commit()

    assert (before, program.get("/me").status_code) == (200, 401)


def test_owner_who_takes_the_account_back_leaves_no_token_of_the_thief(alice: Person) -> None:
    program, owner = Program.of(alice), alice.id
    with alice.app.app_context():
        forget_ways_added_since(utcnow() - timedelta(days=7), owner)
        db.session.commit()

    assert program.get("/me").status_code == 401


def test_use_is_noted_every_few_minutes(alice: Person) -> None:
    program = Program.of(alice)
    never = tokens(alice.app)[0].last_used_at

    program.get("/me")
    first = tokens(alice.app)[0].last_used_at
    program.get("/me")

    assert never is None
    assert first is not None
    assert tokens(alice.app)[0].last_used_at == first
    with alice.app.app_context():
        db.session.execute(db.update(ApiToken).values(last_used_at=utcnow() - timedelta(hours=1)))
        db.session.commit()
    program.get("/me")
    assert tokens(alice.app)[0].last_used_at > first


def test_copy_of_the_data_names_tokens_and_holds_nothing_to_use(alice: Person) -> None:
    Program.of(alice)

    [kept] = alice.get("/account/export").get_json()["api_tokens"]

    assert kept["name"] == "Books"
    assert "digest" not in kept


def test_token_never_stands_in_a_log(alice: Person) -> None:
    program = Program.of(alice)

    assert without_secrets(f"sent {program.token} there") == "sent <secret> there"


def test_history_of_others_stays_theirs(alice: Person, bob: Person) -> None:
    Program.of(alice)

    with alice.app.app_context():
        kinds = db.select(SecurityEvent.kind).where(SecurityEvent.user_id == bob.id)
        assert "api_token_made" not in db.session.scalars(kinds).all()
