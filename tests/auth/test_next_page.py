"""After signing in a reader goes on to a path of this site, and nowhere else."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.auth.next_page import safe_path
from tests.people import PASSWORD, Person

HOSTILE = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "\n//evil.example",
    "/ok\r\nSet-Cookie: a=b",
    "///evil.example",
    "evil.example",
    " /account",
    "",
    "/" + "x" * 3000,
]


@pytest.mark.parametrize("target", HOSTILE)
def test_login_never_leads_off_the_site(alice: Person, client: FlaskClient, target: str) -> None:
    visitor = Person(alice.app, client, alice.email)

    answer = visitor.post("/login", page="/login", email=alice.email, password=PASSWORD, next=target)

    assert (answer.status_code, answer.location) == (303, "/dashboard")


@pytest.mark.parametrize("target", ["/", "/account", "/account?a=b&c=%2F%2Fd", "/dashboard/pro#top"])
def test_path_of_this_site_is_followed(target: str) -> None:
    assert safe_path(target) == target


@given(st.text() | st.text(alphabet="/\\:.\t\r\n @ev%09").map(lambda text: f"/{text}"))
def test_whatever_passes_stays_on_the_site(target: str) -> None:
    path = safe_path(target)

    if path is not None:
        # What browsers do first (WHATWG URL): drop tabs and line breaks, and read backslashes as slashes.
        seen = re.sub(r"[\t\r\n]", "", path).strip().replace("\\", "/")
        assert urlsplit(urljoin("https://site.example/login", seen)).netloc == "site.example"


@pytest.mark.parametrize("path", ["/account", "/dashboard/pro", "/dashboard?tab=2"])
def test_signed_out_reader_comes_back_to_the_page(alice: Person, client: FlaskClient, path: str) -> None:
    visitor = Person(alice.app, client, alice.email)
    door = visitor.get(path)

    answer = visitor.post(door.location, page=door.location, email=alice.email, password=PASSWORD)

    assert door.location.startswith("/login?next=")
    assert answer.location == path


def test_form_sent_while_signed_out_is_not_sent_again(client: FlaskClient) -> None:
    visitor = Person(client.application, client, "")

    answer = visitor.post("/account/password", page="/login", current_password=PASSWORD)

    assert (answer.status_code, answer.location) == (303, "/login")


PATHS = ["/", "/login", "/account", "/nowhere", "/admin", "/dev//mail", "/sitemap.xml", "/robots.txt"]


def test_host_header_is_never_repeated(alice: Person, client: FlaskClient) -> None:
    pages = [client.get(path, headers={"Host": "evil.example"}) for path in PATHS]

    for page in pages:
        assert "evil.example" not in page.text + str(page.headers)


@pytest.mark.needs("app/admin")
def test_redirect_to_the_right_slashes_stays_on_the_site(client: FlaskClient) -> None:
    answer = client.get("/admin?page=2")

    assert (answer.status_code, answer.location) == (308, "/admin/?page=2")
    assert "Content-Security-Policy" in answer.headers
    assert client.get("/", environ_overrides={"PATH_INFO": "//evil.example//"}).location in (None, "/evil.example/")
