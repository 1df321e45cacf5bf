"""A reader of German buys, reads and leaves: every page, Stripe's too, and every mail is in their language."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from stripe_emulator import Emulator
from werkzeug.test import TestResponse

from app.auth.models import User
from app.database import db
from app.mail.compose import compose
from app.mail.outbox import OutboxMail
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe, session_id_in

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def token_on(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert found
    return found[1]


@pytest.fixture
def anna(client: FlaskClient, app: Flask, site: str) -> Person:
    """Signs up in German, by the form."""
    token = token_on(client.get("/signup", headers=GERMAN))
    client.post(
        "/signup",
        data={"email": "anna@example.com", "password": PASSWORD, "csrf_token": token},
        headers=GERMAN,
    )
    return Person(app, client, "anna@example.com")


def subjects(app: Flask) -> list[str]:
    with app.app_context():
        rows = db.session.scalars(db.select(OutboxMail).order_by(OutboxMail.created_at)).all()
        return [str(compose(row)["Subject"]) for row in rows]


def test_anna_signs_up_buys_pays_and_cancels_in_german(
    anna: Person, app: Flask, at_stripe: Stripe, emulator: Emulator
) -> None:
    prices = anna.get("/pricing").text
    session_id = session_id_in(anna.buy("pro").location)
    checkout = at_stripe.session(session_id)
    paid = at_stripe.pay(session_id)
    emulator.wait_until_idle()
    thanks = anna.get(f"/checkout/success?session_id={session_id}").text
    account = anna.get("/account").text
    at_stripe.cancel_in_portal(str(paid["subscription"]))
    emulator.wait_until_idle()
    cancelled = anna.get("/account").text

    assert "29\N{NO-BREAK SPACE}$</strong> im Monat" in prices
    assert checkout["locale"] == "de"
    assert "Danke. Pro gehört dir." in thanks
    assert "Du nutzt Pro, " in re.sub(r"<[^>]+>", "", account)
    assert "29\N{NO-BREAK SPACE}$ im Monat. Es verlängert sich am " in re.sub(r"<[^>]+>", "", account)
    assert "Es wird nichts mehr abgebucht." in re.sub(r"<[^>]+>", "", cancelled)
    assert subjects(app)[0] == "Bestätige deine Adresse"
    assert any("Abo Pro ist aktiv" in subject for subject in subjects(app))


def test_stripe_writes_to_anna_in_german_and_in_english_once_she_chooses_it(
    anna: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.pay(session_id_in(anna.buy("pro").location))
    emulator.wait_until_idle()
    before = at_stripe.events("customer.created")[-1]["data"]["object"]

    answer = anna.post("/language", page="/account/data", language="en", next="/account/data")
    after = at_stripe.events("customer.updated")[-1]["data"]["object"]

    assert before["preferred_locales"] == ["de"]
    assert (answer.status_code, answer.location) == (303, "/account/data")
    assert after["preferred_locales"] == ["en"]
    assert "<h1>Your data</h1>" in anna.client.get("/account/data", headers=GERMAN).text


def test_the_portal_opens_in_the_readers_language(anna: Person, at_stripe: Stripe, emulator: Emulator) -> None:
    at_stripe.pay(session_id_in(anna.buy("pro").location))
    emulator.wait_until_idle()

    anna.post("/account/portal", page="/account")

    assert at_stripe.events("billing_portal.session.created")[-1]["data"]["object"]["locale"] == "de"


def test_a_visitor_keeps_the_language_that_they_choose(client: FlaskClient) -> None:
    token = token_on(client.get("/"))

    answer = client.post("/language", data={"language": "de", "next": "/pricing?interval=year", "csrf_token": token})
    page = client.get(answer.location, headers={"Accept-Language": "en"})

    assert (answer.status_code, answer.location) == (303, "/pricing?interval=year")
    assert '<html lang="de">' in page.text


@pytest.mark.parametrize(("language", "target", "status"), [("xx", "/", 400), ("de", "https://evil.example", 303)])
def test_no_other_language_and_no_other_site_can_be_chosen(
    client: FlaskClient, language: str, target: str, status: int
) -> None:
    token = token_on(client.get("/"))

    answer = client.post("/language", data={"language": language, "next": target, "csrf_token": token})

    assert answer.status_code == status
    assert answer.headers.get("Location", "/") == "/"


@pytest.mark.needs("app/admin")
def test_the_operators_desk_speaks_english_and_offers_no_other_language(anna: Person) -> None:
    anna.become_admin()

    desk = anna.client.get("/admin/", headers=GERMAN).text

    assert '<html lang="en">' in desk
    assert "Deutsch" not in desk
    assert "Deutsch" in anna.get("/account").text


def test_a_mail_is_in_the_language_of_its_receiver_whoever_causes_it(app: Flask, alice: Person) -> None:
    with app.app_context():
        db.session.execute(db.update(User).values(language="de"))
        db.session.commit()

    alice.client.post(
        "/forgot-password",
        data={"email": alice.email, "csrf_token": alice.csrf_token()},
        headers={"Accept-Language": "en"},
    )

    assert "Neues Passwort setzen" in subjects(app)


def test_a_site_of_one_language_has_nothing_to_choose(app_with: Callable[..., Flask]) -> None:
    client = app_with(languages="en").test_client()
    page = client.get("/pricing", headers=GERMAN)

    assert '<html lang="en">' in page.text
    assert "Accept-Language" not in page.headers.get("Vary", "")
    assert 'action="/language"' not in page.text
    assert client.post("/language").status_code == 404


def test_a_site_may_speak_german_alone(app_with: Callable[..., Flask]) -> None:
    page = app_with(languages="de").test_client().get("/pricing", headers={"Accept-Language": "en"})

    assert "Einfache Preise. Nichts kommt dazu." in page.text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", ("Keine gültige Auswahl.", "Kein gültiges Datum.")),
        ("en", ("Not a valid choice.", "Not a valid date value.")),
    ],
)
def test_what_the_forms_library_says_is_in_the_readers_language(
    alice: Person, language: str, said: tuple[str, ...]
) -> None:
    alice.client.set_cookie("language", language)

    refused = alice.post("/dashboard", page="/dashboard", kind="sideways", label="x", amount="1", happened_on="soon")

    assert refused.status_code == 422
    assert all(words in refused.text for words in said)
