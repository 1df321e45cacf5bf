"""What is written: who can read a line learns what happened to whom, and no secret."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from app.auth.models import User
from app.database import db
from app.logs import TOKEN_PATHS, without_secrets
from app.mail.outbox import OutboxMail
from tests.people import PASSWORD, Person
from tests.stripe_actions import event_of, signed

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def site(app_with: Callable[..., Flask], capsys: pytest.CaptureFixture[str]) -> Flask:
    """The site as it writes in production."""
    return app_with(log_format="json")


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What has been written since the last look; each line must be JSON."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def mailed_links(app: Flask) -> list[str]:
    """The paths of the links with a token that have been mailed."""
    with app.app_context():
        contexts = db.session.scalars(db.select(OutboxMail.context)).all()
    links = [urlsplit(value).path for context in contexts for value in context.values() if "://" in str(value)]
    return [path for path in links if path.startswith(TOKEN_PATHS)]


def fail() -> None:
    """What goes wrong in every page."""
    _ = 1 // 0


def about(lines: list[dict[str, Any]], logger: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["logger"] == logger]


def test_a_request_is_told_with_its_route_its_reader_and_how_long_it_took(
    site: Flask, alice: Person, lines: Lines
) -> None:
    answer = alice.on(site).get("/dashboard?q=private")

    [line] = about(lines(), "app.request_log")
    told = {name: line[name] for name in ("level", "message", "method", "route", "status", "user_id", "request_id")}
    assert told == {
        "level": "info",
        "message": "request",
        "method": "GET",
        "route": "/dashboard",
        "status": 200,
        "user_id": str(alice.id),
        "request_id": answer.headers["X-Request-ID"],
    }
    assert 0 < line["duration_ms"] < 60_000


def test_an_event_stands_in_every_line_of_its_request_and_in_no_other(
    site: Flask, catalogue: None, app: Flask, alice: Person, lines: Lines
) -> None:
    event = event_of("customer.created", {"id": "cus_1", "object": "customer"})
    body, headers = signed(event, app.extensions["settings"].webhook_secrets[0])
    site.test_client().post("/webhooks/stripe", data=body, headers=headers)
    site.test_client().get("/pricing")

    webhook, page = about(lines(), "app.request_log")
    assert (webhook["event_id"], webhook["event_type"]) == (event["id"], "customer.created")
    assert "event_id" not in page


def test_no_token_is_written_when_its_page_fails(app_with, app: Flask, alice: Person, lines: Lines, capsys) -> None:
    """The address is told by its rule, also where no rule has it."""
    alice.on(app).post("/forgot-password", page="/forgot-password", email=alice.email)
    links = mailed_links(app)
    site = app_with(log_format="json", app_env="development")
    site.before_request(fail)
    capsys.readouterr()

    for path in links:
        site.test_client().get(path)
        site.test_client().get(f"{path}/and/more")
    written = lines()

    failed = [line for line in written if line["level"] == "error"]
    assert {line["route"] for line in failed} - {None} == {"/reset-password/<token>", "/verify-email/<token>"}
    assert [line["status"] for line in about(written, "app.request_log")] == [500] * 2 * len(links)
    assert not any(path.rpartition("/")[2] in json.dumps(written) for path in links)


def test_every_address_with_a_token_is_known_to_the_log(app: Flask) -> None:
    rules = [rule.rule for rule in app.url_map.iter_rules() if "token" in rule.arguments]

    assert {rule.partition("<")[0] for rule in rules} == set(TOKEN_PATHS)


@pytest.mark.parametrize(
    "secret",
    [
        "sk_live_abcDEF123",
        "rk_test_abcDEF123",
        "whsec_abcDEF123",
        "postgresql://site:pass-word@db/site",
        "GET /reset-password/abc.DEF-123?x HTTP/9.9",
        "'/verify-email/abc.DEF-123'",
    ],
)
def test_a_secret_in_the_text_of_others_is_taken_out(secret: str) -> None:
    told = without_secrets(f"It failed: {secret} is wrong.")

    assert not any(part in told for part in ("abc", "pass-word"))
    assert told.startswith("It failed: ")
    assert told.endswith(" is wrong.")


def test_a_proxys_name_for_a_request_is_kept_where_proxies_are_trusted(app_with, app: Flask) -> None:
    behind_a_proxy = app_with(trusted_proxies=1).test_client()
    given = {"X-Request-ID": "from-the-proxy-1"}

    assert behind_a_proxy.get("/", headers=given).headers["X-Request-ID"] == "from-the-proxy-1"
    assert behind_a_proxy.get("/", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"] != "a b"
    assert app.test_client().get("/", headers=given).headers["X-Request-ID"] != "from-the-proxy-1"


def test_exception_is_one_line_with_its_traceback(app_with, lines: Lines) -> None:
    site = app_with(log_format="json", app_env="development")
    site.before_request(fail)

    answer = site.test_client().get("/pricing")

    [error] = [line for line in lines() if line["level"] == "error"]
    assert answer.status_code == 500
    assert "Traceback" in error["exception"]
    assert "ZeroDivisionError" in error["exception"]
    assert error["request_id"] == answer.headers["X-Request-ID"]


def _wrong_token(person: Person) -> None:
    person.client.post("/account/password", data={"csrf_token": "forged"})


def _admin_page(person: Person) -> None:
    person.get("/admin/")


def _wrong_password(person: Person) -> None:
    person.post("/account/password", page="/account", current_password="wrong", new_password=PASSWORD + "!")


def _many_mails(person: Person) -> None:
    for _ in range(6):
        person.post("/verify-email", page="/account")


def _forged_webhook(person: Person) -> None:
    person.client.post("/webhooks/stripe", data=b"{}", headers={"Stripe-Signature": "t=1,v1=a"})


@pytest.mark.parametrize(
    ("attempt", "kind", "facts"),
    [
        (_wrong_token, "form_token_refused", {"route": "/account/password"}),
        (_admin_page, "forbidden", {"route": "/admin/"}),
        (_wrong_password, "wrong_current_password", {"route": "/account/password"}),
        (_many_mails, "too_many", {"route": "/verify-email"}),
        (_forged_webhook, "webhook_refused", {"reason": "wrong_signature", "route": "/webhooks/stripe"}),
    ],
)
def test_what_somebody_may_not_is_in_the_security_log(
    site: Flask, catalogue: None, alice: Person, lines: Lines, attempt: Callable[[Person], None], kind: str, facts: Any
) -> None:
    attempt(alice.on(site))

    [line] = about(lines(), "security")
    told = {name: line[name] for name in ("message", "address", *facts)}
    assert told == {"message": kind, "address": "127.0.0.1", **facts}
    assert line["request_id"]
    assert PASSWORD not in json.dumps(line)
    if kind != "webhook_refused":
        assert line["user_id"] == str(alice.id)


@pytest.mark.needs("app/admin")
def test_what_an_admin_does_is_in_the_security_log(site: Flask, app: Flask, alice: Person, bob: Person, lines) -> None:
    with app.app_context():
        db.session.execute(db.update(User).where(User.email == alice.email).values(is_admin=True))
        db.session.commit()
    page = f"/admin/users/{bob.id}"

    alice.on(site).post(f"{page}/acts/grant", page=page, role="pro", reason="a gift")

    [line] = about(lines(), "security")
    told = {name: line[name] for name in ("message", "action", "user_id", "about")}
    assert told == {
        "message": "admin_action",
        "action": "admin.do_user_act",
        "user_id": str(alice.id),
        "about": {"user_id": str(bob.id), "name": "grant"},
    }
