"""The operator's pages are for admins alone."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import Person

PAGES = [
    "/admin/",
    "/admin/payments",
    "/admin/connection",
    "/admin/figures",
    "/admin/users",
    "/admin/subscriptions",
    "/admin/orders",
    "/admin/events",
    "/admin/audit",
    "/admin/acts",
    "/admin/announcements",
    "/admin/codes",
]
# Pressed on one of them, and no pages.
ACTIONS = {"/admin/events/replay", "/admin/announcements/end"}


def connect(rest: str) -> Any:
    """An address of connecting by OAuth, which a fork may have removed."""
    return pytest.param(f"/admin/connection{rest}", marks=pytest.mark.needs("app/admin/connect_routes.py"))


def test_every_route_is_listed_here_or_needs_more_than_its_address(app: Flask) -> None:
    routes = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin.")}

    plain = {rule for rule in routes if "<" not in rule and "/connection/" not in rule} - ACTIONS
    assert plain == {*PAGES, "/admin/find"}


@pytest.mark.parametrize("page", PAGES)
def test_admins_see_the_page(olga: Person, page: str) -> None:
    answer = olga.get(page)

    assert answer.status_code == 200, answer.text
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("page", [*PAGES, "/admin/events/evt_1", connect("/callback")])
def test_others_get_403(alice: Person, page: str) -> None:
    assert alice.get(page).status_code == 403


@pytest.mark.parametrize("page", [*PAGES, "/admin/events/evt_1"])
def test_signed_out_readers_go_to_login(client: FlaskClient, page: str) -> None:
    answer = client.get(page)

    assert answer.status_code == 302
    assert "/login" in answer.headers["Location"]


@pytest.mark.parametrize("path", [connect(""), connect("/delete"), "/admin/events/evt_1/replay"])
def test_posts_of_others_get_403(alice: Person, path: str) -> None:
    assert alice.post(path).status_code == 403


@pytest.mark.parametrize("path", ["/admin/connection/check", "/admin/events/evt_1/replay"])
def test_posts_without_a_token_get_400(olga: Person, path: str) -> None:
    assert olga.client.post(path).status_code == 400


BEFORE_NUL = ["/admin/users?q=", "/admin/events?type=x", "/admin/events?after=2026-01-01T00:00:00%2B00:00~"]


@pytest.mark.parametrize("page", [f"{before}%00" for before in BEFORE_NUL])
def test_characters_that_the_database_cannot_hold_are_404(olga: Person, page: str) -> None:
    assert olga.get(page).status_code == 404
