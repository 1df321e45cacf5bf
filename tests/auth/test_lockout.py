"""Nobody is locked out of their own account by a stranger, and no guess is free for being made at the same time."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.auth.test_races import at_once, form
from tests.mail.mailbox import link_path, mails
from tests.people import PASSWORD, Person

pytestmark = [pytest.mark.slow, pytest.mark.database]

WRONG = "not the password"


def browser(app: Flask) -> Person:
    return Person(app, app.test_client(), "alice@example.com")


def sign_in(person: Person, password: str = PASSWORD, address: str = "127.0.0.1") -> TestResponse:
    fields = {"csrf_token": person.csrf_token("/login"), "email": "alice@example.com", "password": password}
    return person.client.post("/login", data=fields, environ_base={"REMOTE_ADDR": address})


def guess(app: Flask, times: int) -> list[int]:
    """Wrong passwords of strangers, each from a network of its own."""
    return [sign_in(browser(app), WRONG, f"203.0.113.{n}").status_code for n in range(times)]


@pytest.fixture
def owners_browser(alice: Person) -> Person:
    """A browser in which the owner has logged in before, and is signed out."""
    person = browser(alice.app)
    assert sign_in(person).status_code == 303
    person.post("/logout")
    return person


def test_strangers_tries_leave_the_owners_own_browser_alone(owners_browser: Person) -> None:
    assert guess(owners_browser.app, 11)[-1] == 429

    assert sign_in(owners_browser).status_code == 303


def test_tries_in_a_known_browser_are_counted_too_and_lock_out_no_other(owners_browser: Person) -> None:
    codes = [sign_in(owners_browser, WRONG).status_code for _ in range(11)]

    assert codes == [422] * 10 + [429]
    assert sign_in(browser(owners_browser.app)).status_code == 303


def test_device_cookie_is_out_of_reach_of_scripts_and_other_sites(
    alice: Person, app_with: Callable[..., Flask]
) -> None:
    site = app_with(base_url="https://app.example")
    on_https = {"base_url": "https://app.example"}
    client = site.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/login", **on_https).text)
    assert token

    fields = {"csrf_token": token[1], "email": alice.email, "password": PASSWORD}
    cookies = client.post("/login", data=fields, **on_https).headers.getlist("Set-Cookie")

    device = next(cookie for cookie in cookies if cookie.startswith("__Host-device="))
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(device.split("; "))
    assert "Domain" not in device and str(alice.id) not in device


@pytest.mark.parametrize("value", ["", "x", "a.b.c", "\N{SNOWMAN}"])
def test_forged_device_cookie_is_a_stranger(owners_browser: Person, value: str) -> None:
    guess(owners_browser.app, 10)
    owners_browser.client.set_cookie("device", value)

    assert sign_in(owners_browser).status_code == 429


def test_device_of_one_account_is_a_stranger_to_another(owners_browser: Person, bob: Person) -> None:
    guess(owners_browser.app, 10)
    at_bobs = browser(bob.app)
    at_bobs.post("/login", page="/login", email=bob.email, password=PASSWORD)
    at_bobs.post("/logout")

    assert sign_in(at_bobs).status_code == 429


def test_a_browser_knows_everybody_who_uses_it(owners_browser: Person, bob: Person) -> None:
    owners_browser.post("/login", page="/login", email=bob.email, password=PASSWORD)
    owners_browser.post("/logout")
    guess(owners_browser.app, 10)

    assert sign_in(owners_browser).status_code == 303


def test_new_password_makes_every_other_browser_a_stranger(owners_browser: Person, alice: Person) -> None:
    alice.post("/account/password", current_password=PASSWORD, new_password="nine lives of a cat")
    guess(owners_browser.app, 10)

    assert sign_in(owners_browser, "nine lives of a cat").status_code == 429


def test_reset_by_link_clears_the_counters_and_opens_the_browser_that_made_it(alice: Person) -> None:
    guess(alice.app, 10)
    owner = browser(alice.app)
    owner.post("/forgot-password", page="/forgot-password", email=alice.email)
    owner.post(link_path(alice.app, "password_reset", alice.email), page="/login", password="nine lives of a cat")

    assert guess(alice.app, 11) == [422] * 10 + [429]
    assert sign_in(owner, "nine lives of a cat").status_code == 303


def test_refused_tries_do_not_use_up_the_day(alice: Person) -> None:
    guess(alice.app, 10)
    send = form(alice.app, "/login", "/login", email=alice.email, password=WRONG)

    refusals = [send() for _ in range(91)]

    assert max(int(answer.headers["Retry-After"]) for answer in refusals) <= 301


def test_guesses_at_the_same_time_do_not_pass_the_limit(alice: Person) -> None:
    guess(alice.app, 9)

    answers = at_once(
        *(form(alice.app, "/login", "/login", email=alice.email, password=f"{WRONG} {n}") for n in range(6))
    )

    assert sorted(answer.status_code for answer in answers) == [422] + [429] * 5


def test_empty_sign_ups_block_nobodys_address(app: Flask) -> None:
    for _ in range(11):
        browser(app).post("/signup", page="/signup", email="carol@example.com", password="")

    answer = browser(app).post("/signup", page="/signup", email="carol@example.com", password=PASSWORD)

    assert answer.status_code == 303


def test_over_the_mail_limit_the_answer_is_the_same_and_no_mail_goes_out(alice: Person) -> None:
    stranger = browser(alice.app)

    answers = [stranger.post("/forgot-password", page="/forgot-password", email=alice.email) for _ in range(8)]

    assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/login")}
    assert mails(alice.app).count(("password_reset", alice.email)) == 5


def test_link_that_the_owner_holds_outlives_the_asking_of_strangers(alice: Person) -> None:
    ask: Callable[[], TestResponse] = form(alice.app, "/forgot-password", "/forgot-password", email=alice.email)
    ask()
    held = link_path(alice.app, "password_reset", alice.email)
    for _ in range(5):
        ask()

    assert browser(alice.app).post(held, page="/login", password="nine lives of a cat").status_code == 303
