"""What a role opens."""

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from app.database import db
from tests.people import Person

PAGES = ["/dashboard", "/dashboard/basic", "/dashboard/pro"]


def give(person: Person, role: str) -> None:
    with person.app.app_context():
        db.session.execute(db.update(User).where(User.email == person.email).values(role=role))
        db.session.commit()


@pytest.mark.parametrize(
    ("role", "codes"), [("free", [200, 403, 403]), ("basic", [200, 200, 403]), ("pro", [200, 200, 200])]
)
def test_role_opens_its_own_pages_and_those_below(alice: Person, role: str, codes: list[int]) -> None:
    give(alice, role)

    assert [alice.get(page).status_code for page in PAGES] == codes


@pytest.mark.parametrize("path", PAGES)
def test_signed_out_reader_is_led_to_login(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.location) == (302, f"/login?next={path}")


@pytest.mark.parametrize("role", ["free", "gold", "PRO", "projects"])
def test_only_a_role_that_is_paid_for_has_a_page(alice: Person, role: str) -> None:
    give(alice, "pro")

    assert alice.get(f"/dashboard/{role}").status_code == 404


def test_program_with_too_low_a_role_is_told_so_as_json(alice: Person) -> None:
    answer = alice.client.get("/dashboard/pro", headers={"Accept": "application/json"})

    error = answer.get_json()["error"]
    assert answer.status_code == 403
    assert (error["code"], error["role"]) == ("upgrade_required", "pro")
    assert [plan["key"] for plan in error["plans"]] == ["pro", "lifetime"]


def test_wall_says_what_the_plan_gives_and_how_to_get_it(alice: Person) -> None:
    page = alice.get("/dashboard/pro").text

    assert "Pro" in page
    assert "/pricing" in page


@pytest.mark.needs("app/admin")
def test_paying_reader_does_not_open_the_admin_pages(alice: Person) -> None:
    give(alice, "pro")

    assert alice.get("/admin/").status_code == 403


def test_admin_is_no_subscriber(alice: Person) -> None:
    with alice.app.app_context():
        db.session.execute(db.update(User).values(is_admin=True))
        db.session.commit()

    assert alice.get("/dashboard/pro").status_code == 403
