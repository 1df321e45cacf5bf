"""Every page by machine: one headline, a title, names for all fields, unique ids, and nothing inline."""

import json
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient

from app.config.settings import ROOT
from tests.people import Person

PUBLIC = ["/", "/pricing", "/pricing?interval=year", "/pricing?checkout=cancelled", "/terms", "/privacy"]
VISITORS = ["/signup", "/signup?plan=pro&interval=year", "/login", "/forgot-password", "/reset-password/not-a-token"]
ACCOUNT = [f"/account{rest}" for rest in ("", "/delete", "/invoices", "/security", "/activity", "/data")]
SIGNED_IN = [*ACCOUNT, "/dashboard", "/dashboard/basic", "/verify-email/x"]
MISSING = ["/nothing-here", "/pricing?interval=week", "/dev/components", "/dev/mail"]
# With both typefaces.
LANDING_BYTES = 180_000


class Page(HTMLParser):
    """As much of a page as the rules are about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.title = ""
        self._in_title = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_title = tag == "title"

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        self.title += data if self._in_title else ""

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]

    def linked_files(self) -> list[str]:
        files = [link["href"] for link in self.all("link") if link.get("rel") in ("stylesheet", "icon")]
        files += [script["src"] for script in self.all("script")] + [use["href"] for use in self.all("use")]
        return [str(file) for file in files]


def fetch(client: FlaskClient, file: str) -> bytes:
    """A file's bytes; what is streamed must be closed."""
    with client.get(file.partition("#")[0]) as answer:
        assert answer.status_code == 200
        return answer.data


def assert_well_made(html: str) -> None:
    page = Page(html)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    labelled = {label.get("for") for label in page.all("label")}
    fields = [field for field in page.all("input", "select", "textarea") if field.get("type") != "hidden"]

    assert len(page.all("h1")) == 1
    assert "Perennial" in page.title
    assert page.all("html") == [{"lang": "en"}]
    assert len(ids) == len(set(ids))
    assert all(field.get("id") in labelled for field in fields if field.get("aria-hidden") != "true")
    assert not page.all("style")
    assert all(script.get("src") for script in page.all("script"))
    assert not [name for _, attributes in page.tags for name in attributes if name == "style" or name[:2] == "on"]


@pytest.mark.parametrize("path", [*PUBLIC, *VISITORS, *MISSING])
def test_pages_for_visitors_are_well_made(client: FlaskClient, path: str) -> None:
    assert_well_made(client.get(path).text)


@pytest.mark.parametrize("path", [*PUBLIC, *SIGNED_IN, *MISSING])
def test_pages_for_users_are_well_made(alice: Person, path: str) -> None:
    assert_well_made(alice.get(path).text)


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_can_be_found_and_shared(client: FlaskClient, app: Flask, path: str) -> None:
    page = Page(client.get(path).text)
    meta = {tag.get("name") or tag.get("property"): tag.get("content") for tag in page.all("meta")}
    canonical = [link["href"] for link in page.all("link") if link.get("rel") == "canonical"]

    assert 20 < len(meta["description"] or "") < 165
    assert canonical == [app.config["BASE_URL"] + urlsplit(path).path]
    assert fetch(client, urlsplit(str(meta["og:image"])).path)
    assert "robots" not in meta


@pytest.mark.parametrize("path", VISITORS)
def test_pages_for_one_reader_stay_out_of_search(client: FlaskClient, path: str) -> None:
    assert '<meta name="robots" content="noindex">' in client.get(path).text


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_set_no_cookie_for_visitors(client: FlaskClient, path: str) -> None:
    assert "Set-Cookie" not in client.get(path).headers


def test_landing_page_is_small_and_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    answer = client.get("/")
    fonts = [f"/static/fonts/{file.name}" for file in (ROOT / "static/fonts").glob("*.woff2")]
    files = [*Page(answer.text).linked_files(), *fonts]
    sizes = [len(fetch(client, file)) for file in files]

    assert all(file.startswith("/static/") for file in files)
    assert len(answer.data) + sum(sizes) <= LANDING_BYTES


def test_a_form_that_came_back_says_so_in_its_title_and_keeps_the_address(client: FlaskClient) -> None:
    token = Page(client.get("/signup").text)
    value = next(field["value"] for field in token.all("input") if field.get("name") == "csrf_token")

    answer = client.post("/signup", data={"csrf_token": value, "email": "alice@example.com", "password": "x"})

    assert Page(answer.text).title.startswith("Error: ")
    assert "There is a problem" in answer.text
    assert 'href="#password"' in answer.text
    assert 'value="alice@example.com"' in answer.text
    assert_well_made(answer.text)


def test_a_role_too_low_is_told_what_the_plan_gives(alice: Person) -> None:
    answer = alice.get("/dashboard/pro")

    assert answer.status_code == 403
    assert "This page comes with Pro." in answer.text
    assert_well_made(answer.text)


def test_the_page_for_500_does_not_ask_who_reads_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def database_is_gone() -> None:
        raise ConnectionError

    monkeypatch.setattr(app.login_manager, "_load_user", database_is_gone)

    with app.test_request_context():
        html = render_template("errors/500.html")

    assert "Something went wrong on our side" in html


def test_sitemap_and_robots_name_the_public_pages(client: FlaskClient, app: Flask) -> None:
    sitemap = client.get("/sitemap.xml")
    robots = client.get("/robots.txt")

    assert f"<loc>{app.config['BASE_URL']}/pricing</loc>" in sitemap.text
    assert "Disallow: /account" in robots.text
    assert f"Sitemap: {app.config['BASE_URL']}/sitemap.xml" in robots.text


def test_manifest_names_the_app_and_icons_that_exist(client: FlaskClient) -> None:
    manifest = json.loads(client.get("/site.webmanifest").text)

    assert manifest["name"] == "Perennial"
    assert all(fetch(client, icon["src"]) for icon in manifest["icons"])
    assert fetch(client, "/favicon.ico")


def test_styles_are_no_more_than_somebody_reads_in_an_hour() -> None:
    styles = [file.read_text().splitlines() for file in (ROOT / "static/css").glob("*.css")]

    assert sum(map(len, styles)) <= 1_100
