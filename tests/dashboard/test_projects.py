"""The example product: projects within the plan's limit, and their export."""

import threading
import uuid

import pytest
from flask import Flask

from app.auth.models import User
from app.dashboard.models import Project
from app.database import db
from tests.people import PASSWORD, Person

WALL = "Your plan has no room for more projects"


def give(person: Person, role: str) -> None:
    with person.app.app_context():
        db.session.execute(db.update(User).where(User.email == person.email).values(role=role))
        db.session.commit()


def add(person: Person, name: str = "A house", **headers: str):  # type: ignore[no-untyped-def]
    fields = {"csrf_token": person.csrf_token("/account"), "name": name}
    return person.client.post("/dashboard", data=fields, headers=headers)


def names(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Project.name).order_by(Project.created_at)))


def test_project_is_kept_and_listed(alice: Person) -> None:
    answer = add(alice, "  A   house ")

    assert (answer.status_code, answer.location) == (303, "/dashboard")
    assert names(alice.app) == ["A house"]
    assert "A house" in alice.get("/dashboard").text


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b", "\u202e"])
def test_name_that_cannot_be_shown_is_asked_for_again(alice: Person, name: str) -> None:
    answer = add(alice, name)

    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert names(alice.app) == []


def test_hostile_name_is_text(alice: Person) -> None:
    add(alice, "<script>alert(1)</script>")

    assert "<script>alert" not in alice.get("/dashboard").text


@pytest.mark.parametrize(("role", "kept"), [("free", 1), ("basic", 3), ("pro", 5)])
def test_plan_says_how_many_there_can_be(alice: Person, role: str, kept: int) -> None:
    give(alice, role)

    answers = [add(alice, f"Number {number}").status_code for number in range(5)]

    assert answers == [303] * kept + [403] * (5 - kept)
    assert len(names(alice.app)) == kept


def test_wall_names_the_limit_and_the_plans_with_more_room(alice: Person) -> None:
    add(alice)

    page = add(alice).text

    assert WALL in page
    assert all(words in page for words in ("Basic", "$9 a month or $90 a year", "Pro", "$199 once", "/pricing"))


def test_program_at_the_limit_is_told_the_same_as_json(alice: Person) -> None:
    give(alice, "basic")
    for number in range(3):
        add(alice, f"Number {number}")

    error = add(alice, Accept="application/json").get_json()["error"]

    assert (error["code"], error["limit"]) == ("upgrade_required", "projects")
    assert [plan["key"] for plan in error["plans"]] == ["pro", "lifetime"]
    assert error["plans"][0]["prices"][0] == {
        "amount": 2900,
        "currency": "usd",
        "interval": "month",
        "per_seat": False,
    }


def test_two_requests_at_once_cannot_both_take_the_last_place(alice: Person) -> None:
    token = alice.csrf_token("/account")
    cookie = alice.client.get_cookie("session")
    assert cookie is not None
    start = threading.Barrier(4)
    answers: list[int] = []

    def press() -> None:
        browser = alice.app.test_client()
        browser.set_cookie(cookie.key, cookie.value)
        start.wait()
        answers.append(browser.post("/dashboard", data={"csrf_token": token, "name": "The last"}).status_code)

    presses = [threading.Thread(target=press) for _ in range(4)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()

    assert sorted(answers) == [303, 403, 403, 403]
    assert names(alice.app) == ["The last"]


def test_deleted_project_makes_room(alice: Person) -> None:
    add(alice, "The first")
    with alice.app.app_context():
        project_id = db.session.scalar(db.select(Project.id))

    answer = alice.post(f"/dashboard/projects/{project_id}/delete")

    assert answer.status_code == 303
    assert add(alice, "The second").status_code == 303
    assert names(alice.app) == ["The second"]


def test_somebody_elses_project_is_not_found(alice: Person, bob: Person) -> None:
    add(alice)
    with alice.app.app_context():
        project_id = db.session.scalar(db.select(Project.id))

    assert bob.post(f"/dashboard/projects/{project_id}/delete").status_code == 404
    assert bob.post(f"/dashboard/projects/{uuid.uuid4()}/delete").status_code == 404
    assert names(alice.app) == ["A house"]
    assert "A house" not in bob.get("/dashboard").text


def test_export_is_a_feature_of_some_plans(alice: Person) -> None:
    give(alice, "basic")
    refused = alice.get("/dashboard/projects.csv")
    give(alice, "pro")
    add(alice, "=1+1")

    export = alice.get("/dashboard/projects.csv")

    assert refused.status_code == 403
    assert "CSV export comes with another plan" in refused.text
    assert (export.status_code, export.mimetype) == (200, "text/csv")
    assert export.text.splitlines()[0] == "name,created_at"
    assert export.text.splitlines()[1].startswith("'=1+1,2")


def test_program_without_the_feature_is_told_the_same_as_json(alice: Person) -> None:
    answer = alice.client.get("/dashboard/projects.csv", headers={"Accept": "application/json"})

    error = answer.get_json()["error"]
    assert answer.status_code == 403
    assert (error["code"], error["feature"]) == ("upgrade_required", "exports")
    assert [plan["key"] for plan in error["plans"]] == ["pro", "lifetime"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/dashboard/projects.csv"),
        ("POST", "/dashboard"),
        ("POST", f"/dashboard/projects/{uuid.UUID(int=1)}/delete"),
    ],
)
def test_signed_out_reader_is_led_to_login(app_with, method: str, path: str) -> None:
    browser = app_with().test_client()
    browser.application.config["WTF_CSRF_ENABLED"] = False

    answer = browser.open(path, method=method)

    assert answer.status_code in (302, 303)
    assert answer.location.startswith("/login")


def test_projects_are_in_the_copy_of_ones_data_and_go_with_the_account(alice: Person, catalogue: None) -> None:
    add(alice)
    copy = alice.get("/account/export").get_json()

    alice.post("/account/delete", page="/account/delete", current_password=PASSWORD)

    assert [project["name"] for project in copy["projects"]] == ["A house"]
    assert names(alice.app) == []
