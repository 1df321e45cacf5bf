"""What the API answers whatever is asked: who may, how often, and errors that a program can read."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from app.api.reader import LIMIT
from app.auth.models import User
from app.database import db, utcnow
from tests.api.programs import Program
from tests.people import Person

PROBLEM = "application/problem+json"


def told(answer: TestResponse) -> dict[str, object]:
    """The problem that an answer tells."""
    assert answer.mimetype == PROBLEM
    problem = answer.get_json()
    assert problem["status"] == answer.status_code
    assert problem["type"] == "about:blank" and problem["title"]
    return problem


def test_me_says_what_the_plan_gives(alice: Person) -> None:
    answer = Program.of(alice, "account:read", role="basic").get("/me")

    assert answer.get_json() == {
        "role": "basic",
        "plan": "basic",
        "features": ["api"],
        "limits": {"entries": 3, "api_tokens": 1},
        "token": {"name": "Books", "scopes": ["account:read"], "expires_at": None},
    }


def test_who_shows_no_token_is_told_how(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/me")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert told(answer)["error"] == {"code": "token_required"}


@pytest.mark.parametrize(
    "authorization",
    ["Bearer shop_pat_" + "x" * 43, "Bearer ", "Bearer nothing", "Basic YTpi", "Bearer \xe9", "Bearer a b", "x" * 9000],
)
def test_token_that_never_was_is_refused(app: Flask, authorization: str) -> None:
    answer = app.test_client().get("/api/v1/me", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert told(answer)["error"]["code"] in ("invalid_token", "token_required")


def test_token_without_the_scope_is_told_which(alice: Person) -> None:
    answer = Program.of(alice, "entries:read").get("/me")

    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="account:read"'
    assert told(answer)["error"] == {"code": "insufficient_scope", "scope": "account:read"}


def test_plan_that_lost_the_api_is_told_which_have_it(alice: Person) -> None:
    program = Program.of(alice)
    with alice.app.app_context():
        db.session.execute(db.update(User).values(role="free", role_rank=0, plan_key=None))
        db.session.commit()

    answer = program.get("/me")

    error = told(answer)["error"]
    assert answer.status_code == 403
    assert (error["code"], error["feature"]) == ("upgrade_required", "api")
    assert [plan["key"] for plan in error["plans"]] == ["basic", "pro", "lifetime"]


def test_paid_role_past_its_end_is_looked_at_once(alice: Person, catalogue: None) -> None:
    program = Program.of(alice)
    with alice.app.app_context():
        db.session.execute(db.update(User).values(role_expires_at=utcnow() - timedelta(days=1)))
        db.session.commit()

    answer = program.get("/me")

    assert answer.status_code == 403
    assert alice.role == "free"


def test_answers_say_how_much_room_is_left(alice: Person) -> None:
    program = Program.of(alice)
    most = int(LIMIT.split()[0])

    first, second = program.get("/me"), program.get("/entries")

    assert first.headers["X-RateLimit-Limit"] == str(most)
    assert int(first.headers["X-RateLimit-Remaining"]) == int(second.headers["X-RateLimit-Remaining"]) + 1
    assert int(first.headers["X-RateLimit-Reset"]) > utcnow().timestamp()
    assert first.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in first.headers


def test_who_asks_too_often_is_told_when_to_come_back(alice: Person, bob: Person) -> None:
    program, other = Program.of(alice), Program.of(bob)
    another = Program.of(alice)

    answers = [program.get(path) for _ in range(int(LIMIT.split()[0]) // 2) for path in ("/me", "/entries")]
    refused = another.get("/me")

    assert {answer.status_code for answer in answers} == {200}
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert told(refused)["title"] == "Too Many Requests"
    assert other.get("/me").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("POST", "/me", 405), ("GET", "/entries/7", 404), ("DELETE", "/openapi.json", 405)],
)
def test_what_is_not_there_is_a_problem_too(alice: Person, method: str, path: str, status: int) -> None:
    answer = Program.of(alice).ask(method, path, json={})

    assert answer.status_code == status
    assert told(answer)
    assert ("Allow" in answer.headers) == (status == 405)


def test_page_that_is_not_there_stays_a_page(alice: Person) -> None:
    assert alice.get("/nothing").mimetype == "text/html"
    assert alice.get("/api/v2").mimetype == "text/html"


def test_document_is_for_everybody(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()

    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "Perennial API"
    assert document["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    assert "/api/v1/me" in document["paths"]


@pytest.fixture
def no_entries(app: Flask) -> Iterator[None]:
    """A table is missing, as after a release without its migration."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE entries RENAME TO elsewhere"))
    yield
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO entries"))
    app.config["PROPAGATE_EXCEPTIONS"] = None


def test_mistake_of_ours_is_a_problem_that_tells_nothing(alice: Person, no_entries: None) -> None:
    answer = Program.of(alice).get("/entries")

    assert told(answer) == {"type": "about:blank", "title": "Internal Server Error", "status": 500}


def test_database_that_is_away_is_a_problem_too(app_with: Callable[..., Flask]) -> None:
    away = app_with(database_url="sqlite:////nowhere/at/all.sqlite3")

    answer = Program(away, "shop_pat_" + "x" * 43).get("/me")

    assert told(answer) == {"type": "about:blank", "title": "Service Unavailable", "status": 503}
    assert int(answer.headers["Retry-After"]) > 0
