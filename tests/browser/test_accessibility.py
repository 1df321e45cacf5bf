"""No page has an accessibility violation that axe-core finds, in either theme, and none needs a wide screen."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from stripe_emulator import Emulator

from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeEvent
from app.database import db, utcnow
from tests.browser.pages import ADMIN, EMULATOR, EMULATOR_UNSEEN, PUBLIC, SIGNED_IN, UNSEEN, hosted_pages
from tests.browser.states import STATES, Subscriber
from tests.browser.tools import require_tool, sign_in
from tests.people import Person
from tests.stripe_actions import Stripe

pytestmark = pytest.mark.slow

NARROW, LARGE_PHONE, MIDDLE, WIDE = 320, 480, 768, 1920


@pytest.fixture
def axe() -> str:
    return require_tool("axe-core/axe.min.js").read_text()


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """A window whose theme and width are changed while it is open."""
    context = browser.new_context(reduced_motion="reduce", locale="en-US")
    yield context.new_page()
    context.close()


@pytest.fixture
def narrow(browser: Browser) -> Iterator[Page]:
    """A window as wide as a small phone; a desktop at 400 % zoom is as wide."""
    context = browser.new_context(viewport={"width": NARROW, "height": 640}, locale="en-US")
    yield context.new_page()
    context.close()


def open_page(window: Page, url: str) -> None:
    """Go to a page, and see that it is that page and not an error."""
    answer = window.goto(url)
    assert answer is not None
    assert answer.ok != url.endswith(PUBLIC["not-found"]), f"{url} answered {answer.status}"


def faults(window: Page, axe: str, url: str) -> list[str]:
    """What axe-core finds wrong on a page, at its widest in the light and its narrowest in the dark; where it scrolls.

    axe takes nearly all of the time, and finds the same at the widths between.
    """
    open_page(window, url)
    window.evaluate(axe)
    found = []
    for theme, width in (("light", WIDE), ("light", MIDDLE), ("light", LARGE_PHONE), ("dark", NARROW)):
        window.emulate_media(color_scheme=theme)
        window.set_viewport_size({"width": width, "height": 800})
        found += [f"{url} at {width} scrolls sideways"] if is_too_wide(window) else []
        found += violations(window, f"{url} {theme} {width}") if width in (WIDE, NARROW) else []
    return found


def violations(window: Page, where: str) -> list[str]:
    result: dict[str, Any] = window.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{where} {violation['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def is_too_wide(window: Page) -> bool:
    return bool(window.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def scrolls_sideways(window: Page, url: str) -> bool:
    open_page(window, url)
    return is_too_wide(window)


def test_public_pages_have_no_fault(window: Page, axe: str, site: str, alice: Person):
    """Somebody has signed up, so that there is a mail to read."""
    paths = [*PUBLIC.values(), *UNSEEN.values()]

    assert [line for path in paths for line in faults(window, axe, site + path)] == []


@pytest.mark.parametrize("state", STATES)
def test_the_account_page_has_no_fault_in_any_state(
    window: Page, axe: str, site: str, alice: Person, emulator: Emulator, state: str
):
    STATES[state](Subscriber(alice, emulator))
    sign_in(window, alice, site)

    assert faults(window, axe, f"{site}/account") == []


def test_pages_behind_the_login_have_no_fault(
    window: Page, axe: str, site: str, alice: Person, emulator: Emulator, app: Flask
):
    session_id = Subscriber(alice, emulator).buy()
    alice.become_admin()
    sign_in(window, alice, site)
    paths = [f"/checkout/success?session_id={session_id}", *SIGNED_IN.values(), *ADMIN.values()]
    paths += [f"/admin/users/{alice.id}"] if ADMIN else []

    assert [line for path in paths for line in faults(window, axe, site + path)] == []


def test_the_emulators_pages_have_no_fault(
    window: Page, axe: str, site: str, alice: Person, bob: Person, emulator: Emulator, at_stripe: Stripe
):
    Subscriber(alice, emulator).buy()
    urls = [emulator.url + path for path in (EMULATOR | EMULATOR_UNSEEN).values()]
    urls += hosted_pages(alice, bob, emulator, at_stripe).values()

    assert [line for url in urls for line in faults(window, axe, url)] == []


@pytest.mark.needs("app/admin")
@pytest.mark.parametrize("width", [NARROW, 768, 1280])
def test_long_ids_of_stripe_widen_no_page(
    browser: Browser, app: Flask, site: str, alice: Person, emulator: Emulator, width: int
):
    """A Checkout Session's id is as long as a line."""
    session_id = Subscriber(alice, emulator).buy()
    alice.get(f"/checkout/success?session_id={session_id}")
    alice.become_admin()
    with app.app_context():
        event_id = db.session.scalar(db.select(StripeEvent.id).where(StripeEvent.object_id == session_id))
        db.session.execute(db.update(RoleChange).values(cause=f"return from {session_id}"))
        db.session.commit()
    context = browser.new_context(viewport={"width": width, "height": 640}, locale="en-US")
    window = context.new_page()
    sign_in(window, alice, site)
    paths = ["/admin/audit", f"/admin/users/{alice.id}", f"/admin/events/{event_id}"]

    assert [path for path in paths if scrolls_sideways(window, site + path)] == []
    context.close()


@pytest.mark.needs("app/admin")
def test_a_failed_event_of_the_longest_type_widens_no_page(narrow: Page, app: Flask, site: str, alice: Person):
    """The rail says how many failed, in words that only those who hear the page meet: they take no room."""
    alice.become_admin()
    at = utcnow()
    columns = {"type": "customer.subscription.pending_update_applied", "outcome": "failed", "received_at": at}
    with app.app_context():
        db.session.add(StripeEvent(id="evt_longest", created_at=at, **columns))
        db.session.commit()
    sign_in(narrow, alice, site)

    assert [path for path in ("/admin/events", "/admin/users") if scrolls_sideways(narrow, site + path)] == []
