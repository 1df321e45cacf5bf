"""What the operator tells everybody: shown to who is signed in, until its end, and at no cost to a page."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.announcements import CACHE, Announcement, announce
from app.audit import OperatorAct
from app.database import db, utcnow
from tests.people import Person

pytestmark = pytest.mark.needs("app/admin")
PAGE = "/admin/announcements"
TEXT = "We move to new machines on Sunday."


def tell(olga: Person, **fields: str) -> str:
    until = f"{utcnow().date() + timedelta(days=2)}"
    answer = olga.post(PAGE, page=PAGE, **({"text": TEXT, "until": until} | fields))
    return olga.read(answer.location) if answer.status_code == 303 else answer.text


def test_who_is_signed_in_sees_it_until_it_is_ended(
    olga: Person, alice: Person, client: FlaskClient, app: Flask
) -> None:
    said = tell(olga, link="/pricing", link_text="What it costs")

    assert "Everybody who is signed in sees it" in said
    assert f'{TEXT} <a href="/pricing">What it costs</a>' in alice.get("/account").text
    assert TEXT not in client.get("/").text

    olga.post(f"{PAGE}/end", page=PAGE)

    assert TEXT not in alice.get("/account").text
    with app.app_context():
        acts = [(row.kind, row.actor) for row in db.session.scalars(db.select(OperatorAct))]
    assert acts == [("announce", olga.email), ("end_announcement", olga.email)]


def test_a_new_one_takes_the_place_of_the_one_before(olga: Person, alice: Person, app: Flask) -> None:
    tell(olga)
    tell(olga, text="It is done.")

    page = alice.get("/account").text

    assert ("It is done." in page, TEXT in page) == (True, False)


def test_its_end_comes_by_itself(alice: Person, app: Flask) -> None:
    with app.app_context():
        announce(TEXT, utcnow() + timedelta(days=1), actor="olga")
        assert TEXT in alice.get("/account").text
        db.session.execute(db.update(Announcement).values(ends_at=utcnow()))
        db.session.commit()
        app.extensions.pop(CACHE)

    assert TEXT not in alice.get("/account").text


def test_pages_ask_for_it_once_in_a_while(alice: Person, app: Flask) -> None:
    asked: list[str] = []
    with app.app_context():
        announce(TEXT, utcnow() + timedelta(days=1), actor="olga")
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    pages = [alice.get("/account").text for _ in range(3)]

    assert all(TEXT in page for page in pages)
    assert sum("announcements" in statement for statement in asked) == 1


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"text": ""}, "Write what to tell."),
        ({"text": "x" * 301}, "300"),
        ({"until": ""}, "Choose a day."),
        ({"until": "2020-01-01"}, "Choose a day that is still to come."),
        *(
            ({"link": link}, "Begin with / for a page of this site")
            for link in ("javascript:alert(1)", "//evil.example", "http://a.example", "/\\evil.example")
        ),
    ],
)
def test_what_cannot_be_told_is_said(olga: Person, app: Flask, fields: dict[str, str], complaint: str) -> None:
    assert complaint in tell(olga, **fields)
    with app.app_context():
        assert db.session.scalars(db.select(Announcement)).all() == []


def test_markup_is_text(olga: Person, alice: Person) -> None:
    tell(olga, text="<b>bold</b>")

    assert "&lt;b&gt;bold&lt;/b&gt;" in alice.get("/account").text
