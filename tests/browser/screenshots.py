"""Every page of the site, in light on a desktop and in dark on a phone: `make screenshots`."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from stripe_emulator import Emulator

from app.dashboard.product.example import LINES, MONTHS, NOW, WHOLE
from app.dashboard.product.models import Entry
from app.database import db, utcnow
from tests.browser.pages import ADMIN, EMULATOR, PUBLIC, SIGNED_IN
from tests.browser.states import STATES, Subscriber
from tests.people import Person

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
VARIANTS = (("light", 1280), ("dark", 390))
# The README shows these in dark on a desktop, too.
ALSO_DARK = {"account-past-due", "dashboard"}


class Camera:
    """Takes a page in every variant."""

    def __init__(self, browser: Browser, cookies: list[dict[str, str]] | None = None) -> None:
        self.contexts: dict[str, BrowserContext] = {}
        for theme, width in (*VARIANTS, ("dark", 1280)):
            context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900}, locale="en-US")
            context.add_cookies(cookies or [])  # type: ignore[arg-type]
            self.contexts[f"{theme}-{width}"] = context

    def take(self, name: str, url: str) -> None:
        """Write `<name>-<theme>-<width>.png` for every variant."""
        for variant, context in self.contexts.items():
            if variant == "dark-1280" and name not in ALSO_DARK:
                continue
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


def write_down_a_year(person: Person) -> None:
    """Entries for the dashboard to show: what the landing page tells of, month after month."""
    with person.app.app_context():
        today = utcnow().date()
        for month, (came_in, went_out) in enumerate([NOW, *reversed(MONTHS)]):
            shares = LINES if month == 0 else [("Invoices paid", came_in), ("Rent", -520), ("Tools", 520 - went_out)]
            for number, (label, share) in enumerate(shares):
                kind, day = ("in" if share > 0 else "out"), today.replace(day=1) - timedelta(days=30 * month - number)
                amount = abs(share) * WHOLE // 1000
                db.session.add(Entry(user_id=person.id, happened_on=day, kind=kind, label=label, amount=amount))
        db.session.commit()


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
    write_down_a_year(alice)

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
