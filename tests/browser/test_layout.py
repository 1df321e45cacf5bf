"""What the eye sees at once: a masthead of one row, values over the bars, a row of links that shows where one is."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from stripe_emulator import Emulator

from app.mail.compose import compose
from app.mail.outbox import OutboxMail
from tests.browser.states import Subscriber
from tests.browser.tools import sign_in
from tests.mail.test_templates import FULL
from tests.people import Person

pytestmark = pytest.mark.slow

PHONES = (320, 360, 390)
SMALL = 360
ONE_ROW = 72
# Of each row, the different distances between neighbours that stand on one line.
GAPS = """all => all.map(row => {
  const boxes = [...row.querySelectorAll(":scope > :not(.push)")].map(each => each.getBoundingClientRect());
  const pairs = boxes.slice(1).map((box, index) => [boxes[index], box]).filter(([one, next]) => next.left > one.left);
  return [...new Set(pairs.map(([one, next]) => Math.round(next.left - one.right)))];
})"""


@pytest.fixture(params=["en-US", "de-DE"])
def phone(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A phone whose reader asks for this language."""
    context = browser.new_context(viewport={"width": SMALL, "height": 800}, locale=request.param)
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
    assert here["x"] + here["width"] <= SMALL


def test_charts_show_the_value_of_their_last_point(page: Page, site: str) -> None:
    page.goto(site)

    shown = page.locator(".value--kept").evaluate_all("all => all.map(each => getComputedStyle(each).opacity)")

    assert shown
    assert set(shown) == {"1"}


def test_a_form_says_what_is_wrong_once_above_and_once_beside_the_field(page: Page, site: str) -> None:
    page.goto(f"{site}/signup")
    page.get_by_role("button", name="Sign up").click()

    assert page.get_by_text("There is a problem").count() == 1
    assert page.get_by_text("Enter your e-mail address.").count() == 2


def test_the_only_filled_button_of_a_form_sends_it(page: Page, site: str) -> None:
    page.goto(f"{site}/signup")
    buttons = page.get_by_role("main").get_by_role("button")

    grounds = dict(
        buttons.evaluate_all(
            "all => all.map(each => [each.textContent.trim(), getComputedStyle(each).backgroundColor])"
        )
    )

    assert set(grounds) == {"Show", "Sign up"}
    assert grounds["Show"] == "rgba(0, 0, 0, 0)"


def test_a_receipt_and_its_pdf_stand_on_one_line(page: Page, site: str, alice: Person, emulator: Emulator) -> None:
    Subscriber(alice, emulator).buy()
    sign_in(page, alice, site)
    page.goto(f"{site}/account")

    links = page.get_by_role("cell").filter(has_text="PDF").get_by_role("link")

    assert links.count() == 2
    assert len(set(links.evaluate_all("all => all.map(each => each.getBoundingClientRect().top)"))) == 1


def test_a_receipt_takes_two_lines_on_a_phone(phone: Page, site: str, alice: Person, emulator: Emulator) -> None:
    Subscriber(alice, emulator).buy()
    sign_in(phone, alice, site)
    phone.goto(f"{site}/account/invoices")

    tops = phone.locator("tbody td").evaluate_all("all => all.map(each => each.getBoundingClientRect().top)")

    sum_ = phone.locator("tfoot tr > *").evaluate_all("all => all.map(each => each.getBoundingClientRect().left)")

    assert len(tops) == 5
    assert len(set(tops)) == 2
    assert sum_[0] < sum_[1], "the year stands before its amount"


def test_a_sum_stands_between_a_rule_and_the_double_rule(
    page: Page, site: str, alice: Person, emulator: Emulator
) -> None:
    Subscriber(alice, emulator).buy()
    sign_in(page, alice, site)
    page.goto(f"{site}/account/invoices")

    above = page.locator("tbody tr:last-child td").first.evaluate("cell => getComputedStyle(cell).borderBottomColor")
    below = page.locator("tfoot th").evaluate("cell => getComputedStyle(cell).borderBottomColor")

    assert above == below


def test_the_band_has_the_same_rules_in_both_themes(page: Page, site: str) -> None:
    page.goto(site)
    rules = set()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        rules.add(page.locator(".band .columns > *").first.evaluate("part => getComputedStyle(part).borderTopColor"))

    assert len(rules) == 1


def test_links_and_buttons_of_a_row_stand_at_even_distances(
    page: Page, site: str, alice: Person, emulator: Emulator
) -> None:
    Subscriber(alice, emulator).buy()
    sign_in(page, alice, site)
    page.goto(f"{site}/account")
    rows = page.locator(".colophon .nav, .masthead .nav, .main .cluster")

    gaps = rows.evaluate_all(GAPS)

    assert len(gaps) >= 3
    assert [row for row in gaps if len(row) > 1] == []


def test_the_emulators_masthead_begins_where_its_pages_do(page: Page, emulator: Emulator) -> None:
    page.goto(f"{emulator.url}/dashboard/time")

    begins = {
        page.locator(part).first.evaluate("each => each.getBoundingClientRect().left")
        for part in (".wordmark", ".nav a", "h1")
    }

    assert len(begins) == 1


def test_the_ledger_of_a_mail_stays_on_its_sheet_on_a_phone(phone: Page, app: Flask) -> None:
    with app.app_context():
        mail = compose(OutboxMail(to_email="a@b.example", template="order_confirmed", context=FULL, language="de"))
    part = mail.get_body(("html",))
    assert part

    phone.set_content(part.get_content())

    ends = phone.locator("h1, table").evaluate_all("all => all.map(each => each.getBoundingClientRect().right)")
    assert ends[0] == ends[1]


@pytest.mark.needs("app/admin")
def test_a_wide_table_of_figures_scrolls_by_itself(phone: Page, site: str, alice: Person, emulator: Emulator) -> None:
    """What only those who hear the page meet lies in the table's own box, and takes no room beside it."""
    subscriber = Subscriber(alice, emulator)
    subscriber.buy("basic")
    emulator.advance(days=31.2)
    subscriber.at_stripe.v1.subscriptions.cancel(subscriber.subscription["id"])
    emulator.wait_until_idle()
    alice.become_admin()
    sign_in(phone, alice, site)

    phone.goto(f"{site}/admin/figures")

    assert phone.get_by_role("region", name="Movements in US dollars").get_by_role("link").count() > 1
    assert phone.evaluate("document.documentElement.scrollWidth") == SMALL
