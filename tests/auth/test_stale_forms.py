"""A form whose session has changed says so and leads on, and loses nothing that was typed but secrets."""

import re
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.people import PASSWORD, Person

HERE = {"Sec-Fetch-Site": "same-origin"}


def browser(app: Flask) -> Person:
    return Person(app, app.test_client(), "")


def send(person: Person, path: str, token: str, headers: dict[str, str] | None = None, **fields: str) -> TestResponse:
    return person.client.post(path, data={"csrf_token": token, **fields}, headers=HERE if headers is None else headers)


def send_the_form_on(person: Person, page: TestResponse) -> TestResponse:
    """Press "Send it once more", as a browser does."""
    before = page.text.rpartition("Send it once more")[0]
    form = before[before.rindex("<form ") :]
    found = re.search(r'action="([^"]*)"', form)
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    assert found
    return send(person, found[1], **{"token": fields.pop("csrf_token"), **{k: unescape(v) for k, v in fields.items()}})


def log_in(person: Person, email: str = "alice@example.com", **fields: str) -> TestResponse:
    return person.post("/login", page="/login", email=email, password=PASSWORD, **fields)


def test_choosing_a_plan_on_a_page_from_before_the_log_in_asks_once_more(alice: Person, catalogue: None) -> None:
    visitor = browser(alice.app)
    token = visitor.csrf_token("/pricing")
    log_in(visitor)

    page = send(visitor, "/checkout/pro", token, interval="year")
    answer = send_the_form_on(visitor, page)

    assert page.status_code == 400
    assert "Send it once more" in page.text
    assert answer.status_code == 303 and "/c/pay/" in (answer.location or "")


def test_form_from_before_another_log_in_is_offered_once_more(alice: Person) -> None:
    token = alice.csrf_token("/account/security")
    alice.client.delete_cookie("session")
    log_in(alice)

    page = send(alice, "/account/email", token, email="alice@new.example")

    assert page.status_code == 400
    assert "Send it once more" in page.text
    assert "alice@new.example" in page.text


def test_second_tab_to_log_in_leads_to_where_the_first_one_did(alice: Person) -> None:
    visitor = browser(alice.app)
    token = visitor.csrf_token("/login")
    log_in(visitor)

    answer = send(visitor, "/login", token, email=alice.email, password=PASSWORD, next="/dashboard/pro")

    assert answer.status_code == 303
    assert visitor.get(answer.location or "").location == "/dashboard/pro"


@pytest.mark.parametrize("path", ["/login", "/signup", "/forgot-password"])
def test_form_of_a_visitor_comes_back_with_what_was_typed(app: Flask, path: str) -> None:
    page = send(browser(app), path, "of another session", email="carol@example.com", password=PASSWORD)

    assert page.status_code == 400
    assert "Nothing was changed: send it again." in page.text
    assert "carol@example.com" in page.text
    assert PASSWORD not in page.text


def test_logging_out_after_the_session_has_gone_is_what_was_wanted(app: Flask) -> None:
    answer = send(browser(app), "/logout", "of another session")

    assert (answer.status_code, answer.location) == (303, "/")


def test_form_sent_after_the_session_ended_leads_to_log_in_and_back_to_what_was_typed(alice: Person) -> None:
    token = alice.csrf_token("/account/security")
    alice.client.delete_cookie("session")

    asked = send(alice, "/account/email", token, email="alice@new.example", current_password=PASSWORD)
    signed_in = log_in(alice, next="/send-again")
    page = alice.get(signed_in.location or "")
    answer = send_the_form_on(alice, page)

    assert (asked.status_code, asked.location) == (303, "/login?next=/send-again")
    assert "alice@new.example" in page.text and PASSWORD not in page.text
    assert answer.status_code == 422
    assert "alice@new.example" in answer.text
    assert alice.get("/send-again").status_code == 404


def test_button_pressed_after_the_session_ended_leads_back_to_its_page(alice: Person) -> None:
    token = alice.csrf_token("/account")
    alice.client.delete_cookie("session")
    there = {**HERE, "Referer": f"{alice.app.extensions['settings'].site_url}/account"}

    answer = send(alice, "/verify-email", token, headers=there)

    assert (answer.status_code, answer.location) == (303, "/login?next=/account")


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_form_of_another_site_is_never_offered_again(alice: Person, headers: dict[str, str]) -> None:
    answer = send(alice, "/account/email", "forged", headers=headers, email="mallory@example.net")

    assert answer.status_code == 400
    assert "mallory" not in answer.text


def test_what_was_typed_is_gone_with_the_log_out(alice: Person) -> None:
    token = alice.csrf_token("/account/security")
    alice.client.delete_cookie("session")
    send(alice, "/account/email", token, email="alice@new.example")
    log_in(alice)
    alice.post("/logout")
    log_in(alice)

    assert alice.get("/send-again").status_code == 404
