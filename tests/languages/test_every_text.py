"""No page says anything that the catalogues of the other languages do not have."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app.languages import Languages
from tests.browser.pages import PUBLIC, SIGNED_IN
from tests.languages.pseudo import outside_brackets, write_pseudo
from tests.people import Person

# The component page belongs to development.
VISITED = {name: path for name, path in PUBLIC.items() if name != "components"}
ERRORS = {"wrong-request": "/pricing?interval=century", "only-forms": "/logout"}
# Names, and what is a date, an amount or an address in any language.
NAMES = (
    r"Perennial|Stripe|UTC|PDF|CSV|Visa|Mastercard|Python|Werkzeug|\w+ on \w+|alice@example\.com|support@\S+|hello@\S+"
)
MONTHS = r"(?:Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)\w*\.?"
LANGUAGES = r"English|Deutsch"
ALLOWED = re.compile(rf"\b(?:{NAMES}|{MONTHS}|{LANGUAGES})\b|[^\W\d_]|[A-Z]{{3}}-?\d+\S*", re.UNICODE)
WORD = re.compile(r"[^\W\d_]{2,}")


@pytest.fixture(scope="module")
def pseudo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of translations with a made-up language in the place of German."""
    folder = tmp_path_factory.mktemp("pseudo")
    write_pseudo(folder, "de")
    return folder


@pytest.fixture
def bracketed(app_with: Callable[..., Flask], pseudo: Path) -> Flask:
    """The site in the made-up language."""
    app = app_with(languages="en,de")
    app.extensions["languages"] = Languages(("en", "de"), pseudo)
    return app


def unsaid(html: str) -> list[str]:
    """What a page says outside the brackets, without names, dates and amounts."""
    assert '<html lang="de">' in html
    found = (
        re.sub(rf"\b(?:{NAMES}|{MONTHS}|{LANGUAGES})\b|\S*@\S+|\bcus_\w+", " ", said) for said in outside_brackets(html)
    )
    return [said for said in found if WORD.search(said)]


@pytest.mark.parametrize("path", [*VISITED.values(), *ERRORS.values()])
def test_a_visitor_reads_nothing_in_another_language(bracketed: Flask, path: str) -> None:
    page = bracketed.test_client().get(path, headers={"Accept-Language": "de"})

    assert unsaid(page.text) == []


@pytest.mark.parametrize("path", SIGNED_IN.values())
def test_somebody_new_reads_nothing_in_another_language(bracketed: Flask, alice: Person, path: str) -> None:
    page = alice.on(bracketed).client.get(path, headers={"Accept-Language": "de"})

    assert unsaid(page.text) == []


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/signup", {"email": "alice", "password": "short"}),
        ("/login", {"email": "alice@example.com", "password": "wrong horse"}),
        ("/login", {"email": "", "password": ""}),
        ("/forgot-password", {"email": "x"}),
    ],
)
def test_what_is_wrong_with_a_form_is_said_in_the_readers_language(
    bracketed: Flask, path: str, fields: dict[str, str]
) -> None:
    client = bracketed.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).text)
    assert token

    page = client.post(path, data={**fields, "csrf_token": token[1]}, headers={"Accept-Language": "de"})

    assert page.status_code == 422
    assert unsaid(page.text) == []
