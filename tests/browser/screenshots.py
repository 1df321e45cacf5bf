"""Every page of the site in light and dark, on a phone and a desktop: `make screenshots`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from stripe_emulator import Emulator

from tests.browser.pages import ADMIN, EMULATOR, PUBLIC, SIGNED_IN
from tests.browser.states import STATES, Subscriber
from tests.people import Person

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
THEMES = ("light", "dark")
WIDTHS = (390, 1280)


class Camera:
    """Takes a page in every theme and width."""

    def __init__(self, browser: Browser, cookies: list[dict[str, str]] | None = None) -> None:
        self.contexts: dict[str, BrowserContext] = {}
        for theme in THEMES:
            for width in WIDTHS:
                context = browser.new_context(
                    color_scheme=theme, viewport={"width": width, "height": 900}, locale="en-US"
                )
                context.add_cookies(cookies or [])  # type: ignore[arg-type]
                self.contexts[f"{theme}-{width}"] = context

    def take(self, name: str, url: str) -> None:
        """Write `<name>-<theme>-<width>.png` for every theme and width."""
        for variant, context in self.contexts.items():
            page: Page = context.new_page()
            page.goto(url)
            page.screenshot(path=FOLDER / f"{name}-{variant}.png", full_page=True)
            page.close()

    def close(self) -> None:
        for context in self.contexts.values():
            context.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Camera]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    camera = Camera(browser)
    yield camera
    camera.close()


@pytest.fixture
def reader(browser: Browser, alice: Person, site: str) -> Iterator[Camera]:
    """Alice's camera: signed in as she is."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    cookie = alice.client.get_cookie("session")
    assert cookie is not None
    camera = Camera(browser, [{"name": "session", "value": cookie.value, "url": site}])
    yield camera
    camera.close()


def test_public_pages(visitor: Camera, site: str):
    for name, path in PUBLIC.items():
        visitor.take(name, site + path)


@pytest.mark.parametrize("state", STATES)
def test_the_account_page_in_every_billing_state(
    reader: Camera, alice: Person, emulator: Emulator, site: str, state: str
):
    STATES[state](Subscriber(alice, emulator))

    reader.take(f"account-{state.replace('_', '-')}", f"{site}/account")


def test_pages_of_a_subscriber_and_an_admin(reader: Camera, alice: Person, emulator: Emulator, site: str):
    session_id = Subscriber(alice, emulator).buy()
    alice.become_admin()

    reader.take("checkout-success", f"{site}/checkout/success?session_id={session_id}")
    for name, path in (SIGNED_IN | ADMIN).items():
        reader.take(name, site + path)
    for name, path in EMULATOR.items():
        reader.take(name, emulator.url + path)


def test_pages_on_the_way_to_a_plan(reader: Camera, alice: Person, site: str):
    checkout = alice.buy("pro").headers["Location"]

    reader.take("upgrade-wall", f"{site}/dashboard/pro")
    reader.take("emulator-checkout", checkout)


def test_the_portal(reader: Camera, alice: Person, emulator: Emulator):
    Subscriber(alice, emulator).buy()

    reader.take("emulator-portal", alice.post("/account/portal").headers["Location"])
