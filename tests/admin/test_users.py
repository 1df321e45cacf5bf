"""The operator looks at users, and helps them."""

import html
import re

import pytest
from flask import Flask

from app.auth.models import User
from app.database import db, utcnow
from tests.people import Person


@pytest.fixture
def page_of_alice(olga: Person, alice: Person) -> str:
    return f"/admin/users/{alice.id}"


def test_search_finds_a_part_of_the_address(olga: Person, alice: Person, bob: Person) -> None:
    found = olga.get("/admin/users?q=ALI").text

    assert "alice@example.com" in found
    assert "bob@example.com" not in found


@pytest.mark.parametrize("search", ["%", "_", "'; DROP TABLE users; --", "nobody"])
def test_search_takes_no_wildcards(olga: Person, alice: Person, search: str) -> None:
    answer = olga.client.get("/admin/users", query_string={"q": search})

    assert answer.status_code == 200
    assert "alice@example.com" not in answer.text


def test_detail_explains_the_role(olga: Person, page_of_alice: str) -> None:
    page = olga.get(page_of_alice).text

    assert "alice@example.com" in page
    assert "Nothing paid or granted" in page
    assert "No plan is paid for." in page


def test_read_from_stripe_settles_a_role_that_nothing_pays_for(
    catalogue: None, olga: Person, alice: Person, page_of_alice: str
) -> None:
    with olga.app.app_context():
        db.session.execute(db.update(User).where(User.email == alice.email).values(role="pro"))
        db.session.commit()
    assert "still says Pro" in olga.get(page_of_alice).text

    olga.post(f"{page_of_alice}/sync", page=page_of_alice)

    assert alice.role == "free"


def test_unknown_user_is_404(olga: Person) -> None:
    assert olga.get("/admin/users/00000000-0000-4000-8000-000000000000").status_code == 404


def test_hostile_address_is_escaped(app: Flask, olga: Person) -> None:
    with app.app_context():
        db.session.add(User(email='"><script>alert(1)</script>@example.com', password_hash="x"))
        db.session.commit()

    assert "<script>alert(1)" not in olga.get("/admin/users").text


def test_long_list_is_read_page_by_page_without_a_gap(app: Flask, olga: Person) -> None:
    at = utcnow()
    with app.app_context():
        # Many in one moment: the key decides where the moment does not.
        db.session.add_all(User(email=f"u{n}@example.com", password_hash="x", created_at=at) for n in range(120))
        db.session.commit()
    seen: list[str] = []
    address: str | None = "/admin/users"
    while address:
        page = olga.get(address).text
        seen += re.findall(r'<a href="/admin/users/[^"]+">([^<]+)</a>', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(older[1]) if older else None

    assert len(seen) == len(set(seen)) == 121


@pytest.mark.parametrize("after", ["x", "2026-01-01", "~", "2026-01-01T00:00:00+00:00~not-a-uuid", "9" * 5000])
def test_mangled_cursor_starts_at_the_newest(olga: Person, after: str) -> None:
    answer = olga.client.get("/admin/users", query_string={"after": after})

    assert answer.status_code == 200
    assert "olga@example.com" in answer.text
