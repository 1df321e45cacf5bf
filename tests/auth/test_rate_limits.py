"""Rate limits: by network address and by account, checked before any hash, answered with when to come back."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.people import PASSWORD, Person

pytestmark = pytest.mark.slow


def post(person: Person, path: str, address: str = "127.0.0.1", **fields: str) -> TestResponse:
    token = person.csrf_token("/login" if path in ("/login", "/signup", "/forgot-password") else "/account")
    return person.client.post(path, data={"csrf_token": token, **fields}, environ_base={"REMOTE_ADDR": address})


def visitor(app: Flask) -> Person:
    return Person(app, app.test_client(), "")


def fail(app: Flask, times: int, **options: str) -> list[int]:
    browser = visitor(app)
    return [post(browser, "/login", password="a wrong password", **options).status_code for _ in range(times)]


def test_account_is_guarded_from_guesses_made_everywhere(alice: Person) -> None:
    guesses = [fail(alice.app, 1, email=alice.email, address=f"203.0.113.{n}")[0] for n in range(11)]

    assert guesses == [422] * 10 + [429]


def test_spelling_of_the_address_makes_no_difference(alice: Person) -> None:
    fail(alice.app, 10, email=alice.email)

    assert fail(alice.app, 1, email=" ALICE@example.com ", address="203.0.113.1") == [429]


def test_guesses_at_many_accounts_from_one_place_are_stopped(app: Flask) -> None:
    browser = visitor(app)

    codes = [
        post(browser, "/login", email=f"user{n}@example.com", password="a wrong password").status_code
        for n in range(21)
    ]

    assert codes == [422] * 20 + [429]


def test_page_says_when_to_come_back(alice: Person) -> None:
    browser = visitor(alice.app)
    for _ in range(10):
        post(browser, "/login", email=alice.email, password="a wrong password")

    answer = post(browser, "/login", email=alice.email, password="a wrong password")

    assert answer.status_code == 429
    # Five minutes, and the second that is not over yet.
    assert 1 <= int(answer.headers["Retry-After"]) <= 301
    assert "<h1>" in answer.text


def test_right_password_is_not_counted(alice: Person) -> None:
    codes = [post(visitor(alice.app), "/login", email=alice.email, password=PASSWORD).status_code for _ in range(25)]

    assert set(codes) == {303}


def test_form_that_is_not_complete_is_not_counted(alice: Person) -> None:
    fail(alice.app, 9, email=alice.email)
    browser = visitor(alice.app)

    codes = [post(browser, "/login", email=alice.email, password=word).status_code for word in ["", "", PASSWORD]]

    assert codes == [422, 422, 303]


def test_guesses_at_one_account_leave_others_alone(alice: Person, bob: Person) -> None:
    fail(alice.app, 10, email=alice.email)

    assert post(visitor(bob.app), "/login", email=bob.email, password=PASSWORD).status_code == 303


def test_asking_which_addresses_have_an_account_is_limited(alice: Person) -> None:
    browser = visitor(alice.app)

    codes = [post(browser, "/signup", email=alice.email, password=PASSWORD).status_code for _ in range(11)]

    assert codes[0] == 422
    assert codes[-1] == 429


@pytest.mark.parametrize(("path", "refused"), [("/forgot-password", 422), ("/reset-password/forged", 400)])
def test_links_that_one_place_may_ask_for_or_try_are_limited(app: Flask, path: str, refused: int) -> None:
    browser = visitor(app)
    fields = {"csrf_token": browser.csrf_token("/login"), "email": "nonsense"}

    codes = [browser.client.post(path, data=fields).status_code for _ in range(11)]

    assert codes == [refused] * 10 + [429]


def test_sending_the_verification_again_is_limited(alice: Person) -> None:
    assert [post(alice, "/verify-email").status_code for _ in range(6)] == [303] * 5 + [429]


def test_wrong_current_passwords_are_limited_over_all_forms(alice: Person) -> None:
    for path in ("/account/email", "/account/password", "/account/delete") * 3:
        post(alice, path, current_password="wrong", email="a@example.com", new_password="a new password")
    post(alice, "/account/delete", current_password="wrong")

    assert post(alice, "/account/delete", current_password=PASSWORD).status_code == 429


def test_leaving_for_the_portal_is_limited(alice: Person) -> None:
    codes = [post(alice, "/account/portal").status_code for _ in range(21)]

    assert codes[-1] == 429


@pytest.mark.parametrize("path", ["/account?from=portal", "/checkout/success?session_id=cs_test_nobodys"])
def test_returning_from_stripe_is_limited(alice: Person, catalogue: None, path: str) -> None:
    codes = [alice.get(path).status_code for _ in range(21)]

    assert codes[-1] == 429
    assert 429 not in codes[:20]
    assert alice.get("/account").status_code == 200


def test_visitor_who_presses_buy_again_and_again_is_stopped(client: FlaskClient) -> None:
    browser = visitor(client.application)
    token = browser.csrf_token("/pricing")

    codes = [browser.client.post("/checkout/pro", data={"csrf_token": token}).status_code for _ in range(21)]

    assert codes == [303] * 20 + [429]


def test_pages_are_not_limited(client: FlaskClient) -> None:
    assert {client.get("/login").status_code for _ in range(50)} == {200}


def test_the_account_page_by_itself_is_not_limited(alice: Person) -> None:
    assert {alice.get("/account").status_code for _ in range(30)} == {200}


@pytest.mark.parametrize(("trusted_proxies", "codes"), [(0, [422] * 20 + [429]), (1, [422] * 21)])
def test_forwarded_address_counts_only_behind_a_proxy(
    app_with: Callable[..., Flask], app: Flask, trusted_proxies: int, codes: list[int]
) -> None:
    browser = visitor(app_with(trusted_proxies=trusted_proxies))
    token = browser.csrf_token("/login")

    def guess(number: int) -> int:
        fields = {"csrf_token": token, "email": f"user{number}@example.com", "password": "wrong one"}
        forwarded = {"X-Forwarded-For": f"203.0.113.{number}"}
        return browser.client.post("/login", data=fields, headers=forwarded).status_code

    assert [guess(number) for number in range(21)] == codes
