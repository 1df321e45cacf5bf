"""The whole way to Pro and out again without a mouse."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from stripe_emulator import Emulator

from tests.browser.states import Subscriber
from tests.browser.tools import sign_in
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.slow

MANY = 80


def tab_to(page: Page, role: str, name: str) -> None:
    """Press Tab until the control with this role and name has the focus, and see that it shows."""
    wanted = page.get_by_role(role, name=name).first  # type: ignore[arg-type]
    for _ in range(MANY):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            outline = wanted.evaluate("element => getComputedStyle(element).outlineStyle")
            assert outline != "none", f"{name} has no focus ring"
            return
    raise AssertionError(f"Tab never reaches {role} {name}")


def press(page: Page, role: str, name: str) -> None:
    tab_to(page, role, name)
    page.keyboard.press("Enter")


def type_into(page: Page, name: str, text: str) -> None:
    tab_to(page, "textbox", name)
    page.keyboard.type(text)


def test_pro_can_be_bought_and_canceled_with_the_keyboard_alone(page: Page, site: str, app: Flask, emulator: Emulator):
    page.goto(site)
    press(page, "link", "Pricing")
    page.wait_for_url("**/pricing")
    press(page, "button", "Choose Pro")
    page.wait_for_url("**/signup**")
    type_into(page, "E-mail", "alice@example.com")
    # A password field has no role; its label leads to it.
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/pay/**")
    type_into(page, "Card number", "4242424242424242")
    type_into(page, "Expiration", "1234")
    type_into(page, "CVC", "123")
    press(page, "button", "Subscribe")
    page.wait_for_url("**/checkout/success**")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Pro is yours")

    press(page, "link", "See your account")
    page.wait_for_url("**/account")
    press(page, "button", "Manage billing")
    page.wait_for_url("**/p/session/**")
    press(page, "link", "Cancel plan")
    page.wait_for_url("**/cancel**")
    press(page, "button", "Cancel plan")
    expect(page.get_by_text("Renew plan")).to_be_visible()
    emulator.wait_until_idle()
    page.goto(f"{site}/account")

    expect(page.get_by_text("You won't be charged again.")).to_be_visible()


def test_escape_closes_a_form_that_was_opened_and_gives_the_focus_back(page: Page, site: str, alice: Person):
    sign_in(page, alice, site)
    page.goto(f"{site}/account/security")
    opener = page.locator("summary", has_text="Change e-mail")
    opener.focus()
    page.keyboard.press("Enter")
    page.get_by_label("New e-mail").focus()

    page.keyboard.press("Escape")

    expect(opener).to_be_focused()
    expect(page.get_by_label("New e-mail")).to_be_hidden()


def test_a_dot_of_the_lifeline_moves_the_clock_with_the_keyboard_alone(
    page: Page, site: str, alice: Person, emulator: Emulator
):
    Subscriber(alice, emulator).buy()
    page.goto(f"{emulator.url}/dashboard/time")
    expect(page.get_by_text("The clock shows the real time.")).to_be_visible()

    press(page, "button", "Advance to")

    expect(page.get_by_text("The clock was moved from the real time")).to_be_visible()
    expect(page.locator(".life__paid")).to_have_count(2)


def test_the_mails_are_chosen_and_read_with_the_keyboard_alone(page: Page, site: str, alice: Person, bob: Person):
    page.goto(f"{site}/dev/mail")
    older = page.get_by_role("navigation", name="Mails").get_by_role("link").last
    expect(older).not_to_have_attribute("aria-current", "true")

    press(page, "link", "alice@example.com")

    expect(older).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("article").get_by_text("To alice@example.com")).to_be_visible()
