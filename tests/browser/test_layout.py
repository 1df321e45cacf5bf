"""What the eye sees at once: a masthead of one row, values over the bars, a row of links that shows where one is."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from stripe_emulator import Emulator

from tests.browser.states import Subscriber
from tests.browser.tools import sign_in
from tests.people import Person

pytestmark = pytest.mark.slow

PHONES = (360, 390)
ONE_ROW = 72


@pytest.fixture(params=["en-US", "de-DE"])
def phone(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A phone whose reader asks for this language."""
    context = browser.new_context(viewport={"width": PHONES[0], "height": 800}, locale=request.param)
    yield context.new_page()
    context.close()


def height_of_masthead(phone: Page, width: int) -> float:
    phone.set_viewport_size({"width": width, "height": 800})
    return float(phone.locator(".masthead").evaluate("element => element.getBoundingClientRect().height"))


def test_masthead_is_one_row_on_a_phone(phone: Page, site: str, alice: Person, emulator: Emulator) -> None:
    phone.goto(site)
    assert [width for width in PHONES if height_of_masthead(phone, width) > ONE_ROW] == []

    Subscriber(alice, emulator).buy()
    sign_in(phone, alice, site)
    phone.goto(f"{site}/account")

    assert [width for width in PHONES if height_of_masthead(phone, width) > ONE_ROW] == []


def test_row_of_links_begins_at_the_page_that_one_is_on(phone: Page, site: str, alice: Person) -> None:
    sign_in(phone, alice, site)

    phone.goto(f"{site}/account/data")

    here = phone.locator(".subnav [aria-current]").bounding_box()
    assert here is not None
    assert here["x"] >= 0
    assert here["x"] + here["width"] <= PHONES[0]


def test_charts_show_the_value_of_their_last_point(page: Page, site: str) -> None:
    page.goto(site)

    shown = page.locator(".value--kept").evaluate_all("all => all.map(each => getComputedStyle(each).opacity)")

    assert shown
    assert set(shown) == {"1"}
