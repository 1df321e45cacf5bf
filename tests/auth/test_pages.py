"""The pages on which people sign in: kind to password managers, silent about the reader, nothing of use to others."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import User
from app.database import db
from tests.people import Person


def password_inputs(page: str) -> list[str]:
    return [tag for tag in re.findall(r"<input[^>]*>", page) if re.search(r'name="[a-z_]*password"', tag)]


@pytest.mark.parametrize(("path", "autocomplete"), [("/login", "current-password"), ("/signup", "new-password")])
def test_password_is_masked_and_left_to_password_managers(client: FlaskClient, path: str, autocomplete: str) -> None:
    (field,) = password_inputs(client.get(path).text)

    assert 'type="password"' in field
    assert f'autocomplete="{autocomplete}"' in field
    assert not re.search(r"onpaste|maxlength|pattern|autocomplete=.off", field)


def test_every_password_field_of_the_account_is_masked(alice: Person) -> None:
    fields = password_inputs(alice.get("/account/security").text + alice.get("/account/delete").text)

    assert len(fields) == 4
    assert all('type="password"' in field for field in fields)


@pytest.mark.parametrize("path", ["/", "/pricing", "/dashboard", "/account", "/account/invoices", "/account/delete"])
def test_every_page_of_a_signed_in_reader_has_the_way_out(alice: Person, path: str) -> None:
    assert re.search(r'<form method="post" action="/logout"', alice.get(path).text)


def test_nobody_has_an_account_by_default(app: Flask) -> None:
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(User)) == 0


@pytest.mark.parametrize("path", ["/login", "/signup", "/forgot-password"])
def test_cookie_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient, path: str) -> None:
    cookie = client.get(path).headers["Set-Cookie"]

    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_pages_are_kept_by_no_cache(alice: Person) -> None:
    for path in ("/", "/account", "/dashboard", "/pricing"):
        answer = alice.get(path)

        assert answer.headers["Cache-Control"] == "no-store"
        assert "Cookie" in answer.headers["Vary"]
