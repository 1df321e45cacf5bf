"""What the one script adds, and what pages do without it."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.slow

PUBLIC = ["/", "/pricing", "/signup", "/login", "/terms", "/nothing-here", "/dev/components"]
SMALLEST = {"width": 320, "height": 640}


def test_a_buy_button_says_what_is_happening_and_a_second_press_does_nothing(page: Page, site: str) -> None:
    page.goto(f"{site}/pricing")

    label, busy = page.get_by_role("button", name="Choose Pro").evaluate(
        "button => { button.click(); button.click(); return [button.textContent, button.ariaBusy] }"
    )

    assert (label, busy) == ("Opening Stripe…", "true")
    page.wait_for_url("**/signup**")


def test_a_page_brought_back_has_working_buttons(page: Page, site: str) -> None:
    page.goto(f"{site}/pricing")
    page.get_by_role("button", name="Choose Pro").click()
    page.wait_for_url("**/signup**")

    page.go_back()
    page.get_by_role("button", name="Choose Basic").click()

    page.wait_for_url("**/signup?plan=basic**")


def test_a_password_can_be_shown(page: Page, site: str) -> None:
    page.goto(f"{site}/login")
    password = page.get_by_label("Password", exact=True)
    password.fill("a horse")

    page.get_by_role("button", name="Show password").click()

    expect(password).to_have_attribute("type", "text")
    expect(page.get_by_role("button", name="Hide password")).to_have_text("Hide")


def test_a_password_is_shown_and_hidden_in_the_reader_s_language(browser: Browser, site: str) -> None:
    context = browser.new_context(locale="de-DE")
    page = context.new_page()
    page.goto(f"{site}/login")

    page.get_by_role("button", name="Passwort anzeigen").click()
    page.get_by_role("button", name="Passwort ausblenden").click()

    expect(page.get_by_role("button", name="Passwort anzeigen")).to_have_text("Anzeigen")
    context.close()


def test_a_form_with_problems_starts_at_their_summary_and_leads_to_the_fields(page: Page, site: str) -> None:
    page.goto(f"{site}/login")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("alert")).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: "))
    page.get_by_role("link", name="Enter your e-mail address.").click()
    expect(page.get_by_label("E-mail")).to_be_focused()


def test_without_scripts_nothing_is_offered_that_needs_them(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()

    page.goto(f"{site}/login")
    expect(page.get_by_role("button", name="Show password")).to_be_hidden()
    page.goto(f"{site}/pricing")
    page.get_by_role("link", name="Yearly").click()
    page.get_by_role("button", name="Choose Pro").click()

    expect(page).to_have_url(re.compile("/signup.*plan=pro.*interval=year"))
    context.close()


@pytest.mark.parametrize("path", PUBLIC)
def test_pages_fit_the_smallest_screen_and_wider_letters(browser: Browser, site: str, path: str) -> None:
    context = browser.new_context(viewport=SMALLEST, bypass_csp=True)
    page = context.new_page()
    page.goto(site + path)

    page.add_style_tag(content="* { letter-spacing: 0.12em !important; word-spacing: 0.16em !important }")

    assert page.evaluate("document.documentElement.scrollWidth") == SMALLEST["width"]
    context.close()
