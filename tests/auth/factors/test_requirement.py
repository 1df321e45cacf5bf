"""Where the settings ask everybody for a second factor: nobody gets further without one, and is led on with it."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.auth.factors.models import Authenticator
from app.database import db
from tests.auth.factors.phones import Phone, logging_in, second_step
from tests.auth.factors.soft_keys import SoftKey, options_on, origin_of
from tests.auth.factors.test_authenticator import SECRET
from tests.people import PASSWORD, Person

FIRST = "/account/security/second-step"


@pytest.fixture
def strict(app_with: Callable[..., Flask]) -> Flask:
    return app_with(second_factor_for="everybody")


@pytest.fixture
def visitor(strict: Flask) -> Person:
    return Person(strict, strict.test_client(), "carol@example.com")


def sign_up(visitor: Person, **fields: str) -> str | None:
    page = f"/signup?{'&'.join(f'{name}={value}' for name, value in fields.items())}"
    return visitor.post("/signup", page=page, email=visitor.email, password=PASSWORD, **fields).location


def add_app(person: Person) -> str | None:
    """Add an app, keep the codes; say where that leads."""
    secret = SECRET.search(person.get("/account/security/authenticator").text)
    assert secret
    codes = person.post("/account/security/authenticator", code=Phone(secret[1]).code())
    assert codes.location == "/account/security/recovery-codes"
    return person.post("/account/security/recovery-codes/kept").location


def test_newcomer_is_asked_first_and_then_led_on_to_what_they_wanted(visitor: Person) -> None:
    asked = sign_up(visitor, next="/account/invoices")
    page = visitor.get(asked or "")
    led = add_app(visitor)

    assert asked == f"{FIRST}?next=/account/invoices"
    assert page.status_code == 200
    assert "Add a passkey" in page.text and "Add an authenticator app" in page.text
    assert led == "/account/invoices"
    assert visitor.get("/account/invoices").status_code == 200


@pytest.mark.usefixtures("catalogue")
def test_plan_that_was_chosen_is_bought_once_the_factor_is_there(visitor: Person) -> None:
    asked = sign_up(visitor, plan="pro", interval="year") or ""
    visitor.get(asked)

    assert asked.startswith(f"{FIRST}?plan=pro")
    assert "/c/pay/" in (add_app(visitor) or "")


def test_passkey_will_do_as_well(visitor: Person) -> None:
    visitor.get(sign_up(visitor) or "")
    new = "/account/security/passkeys/new"
    key = SoftKey(origin_of(visitor))

    visitor.post(new, credential=key.create(options_on(visitor, new)), name="My phone")

    assert visitor.post("/account/security/recovery-codes/kept").location == "/dashboard"


@pytest.mark.parametrize(
    "path", ["/dashboard", "/account", "/account/security", "/account/export", "/account/delete", "/account/invoices"]
)
def test_who_is_signed_in_sees_nothing_of_their_own_before(alice: Person, strict: Flask, path: str) -> None:
    answer = alice.on(strict).get(path)

    assert (answer.status_code, answer.location) == (302, f"{FIRST}?next={path}")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/checkout/pro", {}),
        ("/account/portal", {}),
        ("/account/password", {"current_password": PASSWORD, "new_password": "nine lives of a cat"}),
        ("/account/email", {"current_password": PASSWORD, "email": "mallory@example.net"}),
        ("/account/delete", {"current_password": PASSWORD}),
    ],
)
def test_nor_does_anything(alice: Person, strict: Flask, path: str, fields: dict[str, str]) -> None:
    answer = alice.on(strict).post(path, **fields)

    assert (answer.status_code, answer.location) == (303, FIRST)


@pytest.mark.parametrize("path", ["/", "/pricing", "/terms", "/healthz", "/account/security/confirm"])
def test_what_is_everybodys_can_be_read(alice: Person, strict: Flask, path: str) -> None:
    assert alice.on(strict).get(path).status_code == 200


def test_logging_out_is_always_possible(alice: Person, strict: Flask) -> None:
    assert alice.on(strict).post("/logout").location == "/"


def test_log_in_leads_to_the_same_page_and_who_has_a_factor_goes_on(alice: Person, strict: Flask) -> None:
    there = alice.on(strict)
    first = logging_in(there, plan="pro").answer.location  # type: ignore[attr-defined]
    phone = Phone.of(alice)

    assert first.startswith(f"{FIRST}?plan=pro")
    assert second_step(logging_in(there), phone.code()).location == "/dashboard"
    assert there.get("/dashboard").status_code == 200


def test_program_is_told_what_is_missing(alice: Person, strict: Flask) -> None:
    answer = alice.on(strict).client.get("/dashboard", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json) == (403, {"error": {"code": "second_factor_required"}})


def test_last_factor_stays(alice: Person, strict: Flask) -> None:
    Phone.of(alice)

    alice.on(strict).post("/account/security/authenticator/remove")

    with alice.app.app_context():
        assert db.session.get(Authenticator, alice.id) is not None


def test_page_has_nothing_to_ask_of_who_has_a_factor(alice: Person, strict: Flask) -> None:
    Phone.of(alice)

    assert alice.on(strict).get(f"{FIRST}?next=/account").location == "/account"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example"])
def test_page_leads_to_no_other_site(alice: Person, strict: Flask, target: str) -> None:
    there = alice.on(strict)
    there.get(f"{FIRST}?next={target}")

    assert add_app(there) == "/dashboard"


def test_admins_alone_are_asked_where_the_setting_says_so(alice: Person, app_with: Callable[..., Flask]) -> None:
    there = alice.on(app_with(second_factor_for="admins"))
    before = there.get("/account").status_code
    alice.become_admin()

    assert before == there.get("/account").status_code == 200
    assert there.get("/admin/").location == f"{FIRST}?next=/admin/"
