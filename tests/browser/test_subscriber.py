"""A subscriber's whole story, in a browser: sign up, buy Pro, cancel, and fall back to free."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from stripe_emulator import Emulator

from app.auth.models import User
from app.database import db
from tests.people import PASSWORD
from tests.stripe_actions import Stripe

EMAIL = "alice@example.com"


def role_of(app: Flask, email: str) -> str:
    with app.app_context():
        return str(db.session.scalar(db.select(User.role).where(User.email == email)))


def sign_up(page: Page, email: str = EMAIL) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name=re.compile("sign up|create", re.I)).click()


def pay(page: Page, number: str, button: str = "Subscribe") -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiration").fill("12 / 34")
    page.get_by_label("CVC").fill("123")
    name = page.get_by_label("Name on card")
    if name.count():
        name.fill("Alice Example")
    page.get_by_role("button", name=button).click()


@pytest.fixture
def at_checkout(page: Page, site: str) -> Page:
    """A visitor who chose Pro, signed up, and landed in Checkout without choosing again."""
    page.goto(site)
    page.get_by_role("link", name="Pricing").first.click()
    page.get_by_role("button", name="Choose Pro").click()
    sign_up(page)
    page.wait_for_url("**/c/pay/**")
    return page


def test_a_visitor_becomes_pro_and_cancels(at_checkout: Page, app: Flask, emulator: Emulator, site: str):
    page = at_checkout

    pay(page, "4242 4242 4242 4242")
    page.wait_for_url("**/checkout/success**")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Pro is yours")
    emulator.wait_until_idle()
    assert role_of(app, EMAIL) == "pro"

    page.goto(f"{site}/dashboard/pro")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto(f"{site}/account")
    expect(page.get_by_text("You're on Pro, $29 a month.")).to_be_visible()

    page.get_by_role("button", name="Manage billing").click()
    page.wait_for_url("**/p/session/**")
    page.get_by_role("link", name="Cancel plan").or_(page.get_by_role("button", name="Cancel plan")).first.click()
    page.get_by_role("button", name="Cancel plan").click()
    emulator.wait_until_idle()
    page.goto(f"{site}/account")
    expect(page.get_by_text("You won't be charged again.")).to_be_visible()
    assert role_of(app, EMAIL) == "pro"

    emulator.advance(days=32)
    emulator.wait_until_idle()
    page.goto(f"{site}/account")
    expect(page.get_by_text("Your Pro subscription ended on")).to_be_visible()
    assert role_of(app, EMAIL) == "free"


@pytest.mark.slow
def test_a_declined_card_buys_nothing_and_can_be_corrected(at_checkout: Page, app: Flask, emulator: Emulator):
    page = at_checkout

    pay(page, "4000 0000 0000 0002")
    expect(page.get_by_role("link", name="Your card was declined.")).to_be_visible()
    emulator.wait_until_idle()
    assert role_of(app, EMAIL) == "free"

    pay(page, "4242 4242 4242 4242")
    page.wait_for_url("**/checkout/success**")
    emulator.wait_until_idle()
    assert role_of(app, EMAIL) == "pro"


@pytest.mark.slow
def test_the_back_arrow_leads_to_the_prices(at_checkout: Page, app: Flask):
    page = at_checkout

    page.get_by_role("link", name="Back").or_(page.get_by_role("button", name="Back")).first.click()

    page.wait_for_url("**/pricing?checkout=cancelled")
    assert role_of(app, EMAIL) == "free"


@pytest.mark.slow
def test_three_d_secure_is_asked_for_and_can_be_failed_and_completed(at_checkout: Page, app: Flask, emulator: Emulator):
    page = at_checkout

    pay(page, "4000 0025 0000 3155")
    page.get_by_role("button", name="Fail").click()
    expect(page.get_by_role("link", name=re.compile("unable to authenticate"))).to_be_visible()
    emulator.wait_until_idle()
    assert role_of(app, EMAIL) == "free"

    pay(page, "4000 0025 0000 3155")
    page.get_by_role("button", name="Complete").click()
    page.wait_for_url("**/checkout/success**")
    emulator.wait_until_idle()
    assert role_of(app, EMAIL) == "pro"


@pytest.mark.slow
def test_a_failed_renewal_is_mended_with_another_card(
    at_checkout: Page, app: Flask, emulator: Emulator, at_stripe: Stripe, site: str
):
    page = at_checkout
    pay(page, "4242 4242 4242 4242")
    page.wait_for_url("**/checkout/success**")
    at_stripe.use_card(at_stripe.subscriptions()[0]["customer"], "tok_chargeCustomerFail")
    emulator.advance(days=31.2)
    emulator.wait_until_idle()

    page.goto(f"{site}/account")
    expect(page.get_by_text("Your last payment didn't go through. Pro stays on while we retry.")).to_be_visible()
    assert role_of(app, EMAIL) == "pro"
    page.get_by_role("button", name="Update card").first.click()
    page.wait_for_url("**/payment-methods/add**")
    pay(page, "4242 4242 4242 4242", "Add payment method")
    page.wait_for_url(f"{site}/account")
    emulator.wait_until_idle()
    page.reload()

    expect(page.get_by_text("You're on Pro, $29 a month.")).to_be_visible()
    assert role_of(app, EMAIL) == "pro"


@pytest.mark.slow
def test_lifetime_is_paid_once(page: Page, app: Flask, emulator: Emulator, site: str):
    page.goto(f"{site}/pricing")
    page.get_by_role("button", name="Choose Lifetime").click()
    sign_up(page)
    page.wait_for_url("**/c/pay/**")

    pay(page, "4242 4242 4242 4242", "Pay")
    page.wait_for_url("**/checkout/success**")
    emulator.wait_until_idle()
    page.goto(f"{site}/account")

    expect(page.get_by_text("Pro is yours for good.")).to_be_visible()
    assert role_of(app, EMAIL) == "pro"
