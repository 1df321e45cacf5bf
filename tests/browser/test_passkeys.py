"""A passkey's life in Chromium, with its virtual authenticator."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.auth.models import SecurityEvent
from app.database import db
from tests.people import PASSWORD, Person

pytestmark = [pytest.mark.slow, pytest.mark.needs("app/auth/factors")]
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def last_event(app: Flask) -> str:
    with app.app_context():
        return str(db.session.scalar(db.select(SecurityEvent.kind).order_by(SecurityEvent.id.desc())))


def log_out(page: Page) -> None:
    page.context.clear_cookies()


def test_passkey_is_added_by_keyboard_signs_in_is_a_second_step_is_copied_and_missed(
    page: Page, site: str, alice: Person
) -> None:
    site = site.replace("127.0.0.1", "localhost")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    device = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    page.goto(f"{site}/login")
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()

    # Added, with the keyboard alone.
    page.goto(f"{site}/account/security/passkeys/new")
    page.get_by_label("Name").fill("My laptop")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("My laptop").first).to_be_visible()

    # Offered by the address field: with one passkey and nobody to ask, the virtual device chooses it by itself.
    log_out(page)
    page.goto(f"{site}/login")
    page.wait_for_url("**/dashboard")

    # The second step after a password, by the button.
    log_out(page)
    devtools.send("WebAuthn.setAutomaticPresenceSimulation", {**device, "enabled": False})
    page.goto(f"{site}/login")
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url("**/login/second-step")
    devtools.send("WebAuthn.setAutomaticPresenceSimulation", {**device, "enabled": True})
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/dashboard")

    # A copy of the device counts from where it was copied.
    [credential] = devtools.send("WebAuthn.getCredentials", device)["credentials"]
    log_out(page)
    devtools.send("WebAuthn.clearCredentials", device)
    devtools.send("WebAuthn.addCredential", {**device, "credential": credential | {"signCount": 0}})
    page.goto(f"{site}/login")
    page.get_by_role("heading", name="That passkey was not accepted").wait_for()
    assert last_event(alice.app) == "passkey_refused"

    # Without any on the device, the page says so.
    devtools.send("WebAuthn.clearCredentials", device)
    page.goto(f"{site}/login")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("Your device gave no passkey.")).to_be_visible()
