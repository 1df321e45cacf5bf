"""Signatures that carry a time, between machines whose clocks do not agree."""

import time
from pathlib import Path

import pytest
from itsdangerous import SignatureExpired

from app.auth.email_tokens import Purpose, make_token, read_token
from app.signatures import CLOCKS_DIFFER_SECONDS, timed_serializer
from tests.people import Person

ROOT = Path(__file__).parents[1]


@pytest.fixture
def clock(monkeypatch):
    """The clock of the machine that answers, which can be put forward and back."""
    real, shift = time.time, {"seconds": 0.0}
    monkeypatch.setattr("time.time", lambda: real() + shift["seconds"])
    return shift


def test_a_machine_that_is_behind_takes_what_another_has_signed(client, clock):
    clock["seconds"] = 2
    token = client.get("/pricing").text.split('name="csrf_token" value="')[1].split('"')[0]
    clock["seconds"] = 0

    assert client.post("/checkout/basic", data={"csrf_token": token}).status_code == 303


def test_nobody_is_signed_out_by_a_machine_that_is_behind(alice: Person, clock):
    clock["seconds"] = 2
    with alice.client.session_transaction() as cookie:
        cookie["signed"] = "anew"
    clock["seconds"] = 0

    assert alice.get("/account").status_code == 200
    assert alice.post("/account/sessions/revoke", page="/account").status_code == 303


def test_links_in_mails_work_on_a_machine_that_is_behind(alice: Person, app, user_of, clock):
    with app.app_context():
        clock["seconds"] = 2
        token = make_token(user_of(alice.email), Purpose.RESET_PASSWORD)
        clock["seconds"] = 0

        assert read_token(token, Purpose.RESET_PASSWORD) is not None


@pytest.mark.parametrize("seconds", [-61, CLOCKS_DIFFER_SECONDS + 2])
def test_what_is_too_old_or_from_another_time_is_refused(app, clock, seconds):
    with app.app_context():
        clock["seconds"] = seconds
        signed = timed_serializer("links", "test").dumps("value")
        clock["seconds"] = 0

        with pytest.raises(SignatureExpired):
            timed_serializer("links", "test").loads(signed, max_age=60)


def test_every_signature_with_a_date_is_made_here():
    makers = [file.name for file in (ROOT / "app").rglob("*.py") if "URLSafeTimedSerializer(" in file.read_text()]

    assert makers == ["signatures.py"]


def test_tokens_of_mails_have_no_dot_for_a_proxy_to_stumble_over(alice: Person, app, user_of):
    with app.app_context():
        tokens = [make_token(user_of(alice.email), purpose) for purpose in Purpose]
        assert not [token for token in tokens if "." in token]
        assert all(read_token(token, purpose) for token, purpose in zip(tokens, Purpose, strict=True))
