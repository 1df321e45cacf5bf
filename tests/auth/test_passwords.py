"""Hashing: Argon2id with OWASP's parameters, the same work for every answer, a few at a time."""

import threading
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import ServiceUnavailable

from app.auth import passwords
from app.auth.passwords import (
    DUMMY_HASH,
    HASHER,
    HASHES_AT_ONCE,
    MOST_IN_LINE,
    hash_password,
    needs_rehash,
    verify_password,
)
from app.auth.sign_in import authenticate
from tests.people import Person


def test_hash_is_argon2id_with_owasps_parameters() -> None:
    assert hash_password("correct horse").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_password_fits_its_own_hash_alone() -> None:
    password_hash = hash_password("correct horse")

    assert verify_password(password_hash, "correct horse")
    assert not verify_password(password_hash, "Correct horse")
    assert not verify_password(password_hash, "correct horse ")


def test_dummy_hash_costs_as_much_as_a_real_one() -> None:
    assert not needs_rehash(DUMMY_HASH)
    assert HASHER.hash("x").split("$")[:4] == DUMMY_HASH.split("$")[:4]


@pytest.mark.parametrize("password_hash", [None, "", "!", "$argon2id$v=19$m=19456,t=2,p=1$broken"])
def test_nothing_fits_a_hash_that_is_none(password_hash: str | None) -> None:
    assert not verify_password(password_hash, "")


def test_address_without_an_account_costs_as_much_work() -> None:
    def work_for(password_hash: str | None) -> float:
        before = time.thread_time()
        verify_password(password_hash, "wrong")
        return time.thread_time() - before

    assert work_for(None) > work_for(hash_password("right")) / 2


def test_log_in_at_an_address_without_an_account_costs_as_much_work(app: Flask, alice: Person) -> None:
    def work_for(email: str) -> float:
        before = time.thread_time()
        with app.test_request_context("/login", method="POST"):
            assert authenticate(email, "wrong") is None
        return time.thread_time() - before

    # Whatever only the first one pays for.
    work_for(alice.email)

    assert work_for("nobody@example.com") > work_for(alice.email) / 2


def test_password_composed_by_another_keyboard_is_the_same() -> None:
    assert verify_password(hash_password("caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait"), "cafe\u0301 au lait")


def test_whole_password_counts_however_long() -> None:
    password_hash = hash_password("x" * 256)

    assert not verify_password(password_hash, "x" * 255)


def test_only_a_few_hash_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def hash_one() -> None:
        nonlocal running, most
        with passwords._a_place():
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.02)
            with lock:
                running -= 1

    threads = [threading.Thread(target=hash_one) for _ in range(HASHES_AT_ONCE + MOST_IN_LINE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == HASHES_AT_ONCE


def test_a_full_line_sends_the_next_away_at_once() -> None:
    places = [passwords._line.acquire() for _ in range(HASHES_AT_ONCE + MOST_IN_LINE)]

    try:
        with pytest.raises(ServiceUnavailable) as refused:
            hash_password("correct horse")
    finally:
        for _ in places:
            passwords._line.release()

    assert refused.value.retry_after


def test_page_for_who_finds_no_place_speaks_of_nothing_else(client: FlaskClient, app: Flask) -> None:
    places = [passwords._line.acquire() for _ in range(HASHES_AT_ONCE + MOST_IN_LINE)]
    visitor = Person(app, client, "")

    try:
        answer = visitor.post("/login", page="/login", email="nobody@example.com", password="a wrong password")
    finally:
        for _ in places:
            passwords._line.release()

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Too many people at once" in answer.text
    assert "Stripe, who handle" not in answer.text


def test_line_that_is_too_long_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "SECONDS_IN_LINE", 0.01)
    places = [passwords._places.acquire() for _ in range(HASHES_AT_ONCE)]

    try:
        with pytest.raises(ServiceUnavailable):
            hash_password("correct horse")
    finally:
        for _ in places:
            passwords._places.release()
