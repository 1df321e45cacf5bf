"""The seven requests that support gets, from the mail that asks to the answer that can be given, in Olga's browser.

Olga knows what the mail says and no more; what she answers, the person finds true on their own page.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from stripe_emulator import Emulator

from app.auth.models import User
from app.database import db, utcnow
from app.mail.outbox import OutboxMail
from tests.billing.support.conftest import paid
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

pytestmark = [pytest.mark.needs("app/admin"), pytest.mark.slow]
NAMED = re.compile(r"\b(?:in|sub|cs)_\w+|\S+@\S+\w")


@pytest.fixture
def desk(browser: Browser, app: Flask, site: str) -> Iterator[Page]:
    """Olga's window: she is an admin, and signed in."""
    olga = Person.sign_up(app, "olga@example.com")
    olga.become_admin()
    cookie = olga.client.get_cookie("session")
    assert cookie is not None
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US", base_url=site)
    context.add_cookies([{"name": "session", "value": cookie.value, "url": site}])
    window = context.new_page()
    window.set_default_timeout(15_000)
    window.goto("/admin/")
    yield window
    context.close()


def find(desk: Page, mail: str) -> None:
    """Look up whoever wrote as one does: "/", the first id or address that the mail names, Enter."""
    [named, *_] = NAMED.findall(mail)
    desk.keyboard.press("/")
    desk.keyboard.type(named)
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_contain_text("alice@example.com")


def answer(desk: Page) -> str:
    """What Olga can write back: what came of it, and how they stand now."""
    said = [desk.locator(".notice").first.inner_text(), desk.locator(".standing").first.inner_text()]
    return " ".join(" ".join(said).split())


def act(desk: Page, name: str, button: str, told: str | re.Pattern[str], **fields: str) -> None:
    """Open an act from the margin, fill in its form, press its button, and read what came of it."""
    desk.get_by_role("navigation", name="What you can do").get_by_role("link", name=name).click()
    for label, value in fields.items():
        desk.get_by_label(label.replace("_", " ")).fill(value)
    desk.get_by_role("button", name=button).click()
    expect(desk.locator(".notice")).to_contain_text(told)


def test_i_paid_and_am_not_pro(desk: Page, alice: Person, at_stripe: Stripe) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    assert alice.role == "free"

    find(desk, "From: alice@example.com\nI paid an hour ago, and your site says that I am on the free plan!")
    desk.get_by_role("button", name="Refresh from Stripe").click()
    expect(desk.locator(".notice")).to_contain_text("Repaired from Stripe.")

    assert "On Pro. The next $29 is on" in answer(desk)
    assert alice.role == "pro"
    assert "You're on Pro" in alice.read("/account")


def test_refund_me(desk: Page, alice: Person, at_stripe: Stripe, emulator: Emulator) -> None:
    paid(alice, at_stripe, "lifetime")
    find(desk, "From: alice@example.com\nIt is not for me. Please give me my money back.")

    desk.get_by_role("link", name="Refund the payment").click()
    desk.get_by_label("Reason").fill("asked within 14 days")
    desk.get_by_role("button", name="Refund it").click()
    expect(desk.locator(".notice")).to_contain_text("$199 is on its way back.")

    assert "No plan is paid for." in answer(desk)
    assert [charge["amount_refunded"] for charge in at_stripe.charges()] == [19900]
    assert alice.role == "free"
    assert "Refunded" in alice.read("/account/invoices")


def test_i_was_charged_twice(desk: Page, alice: Person, at_stripe: Stripe, emulator: Emulator) -> None:
    paid(alice, at_stripe, "pro")
    customer = at_stripe.subscriptions()[0]["customer"]
    at_stripe.subscribe(customer, at_stripe.price("shop_pro_month"))
    emulator.wait_until_idle()
    invoice = at_stripe.invoices()[-1]["id"]

    find(desk, f"Why did you take the money twice? The second receipt is {invoice}. Write to alice@work.example.")
    second = desk.get_by_role("region", name="Payments").get_by_role("link", name="Refund")
    expect(second).to_have_count(2)
    second.first.click()
    desk.get_by_role("button", name="Refund it").click()
    expect(desk.locator(".notice")).to_contain_text("$29 is on its way back.")

    assert "On Pro." in answer(desk)
    assert sorted(charge["amount_refunded"] for charge in at_stripe.charges()) == [0, 2900]
    assert alice.role == "pro"
    assert alice.read("/account/invoices").count("Refunded") == 1


def test_cancel_my_account_i_lost_my_mailbox(desk: Page, alice: Person, at_stripe: Stripe) -> None:
    paid(alice, at_stripe, "pro")
    subscription = at_stripe.subscriptions()[0]["id"]

    find(desk, f"I can read alice at example no more, and want to be charged no more. My bank shows {subscription}.")
    act(desk, "Cancel the subscription", "Cancel it", "It ends on", Reason="lost the mailbox")

    assert "and charged no more." in answer(desk)
    assert at_stripe.subscriptions()[0]["cancel_at_period_end"] is True
    assert "You won't be charged again" in alice.read("/account")


def test_change_my_address(desk: Page, alice: Person, app: Flask) -> None:
    find(desk, "My address was alice@example.com, and is alice@new.example now. I cannot read the old one.")

    desk.get_by_role("link", name="Set a new address").click()
    desk.get_by_label("New e-mail address").fill("alice@new.example")
    desk.get_by_label("Reason").fill("answered from a phone that we know")
    desk.get_by_role("button", name="Set it").click()

    expect(desk.locator(".notice")).to_contain_text("The address is alice@new.example now.")
    assert not alice.is_signed_in
    with app.app_context():
        assert db.session.scalar(db.select(User.id).where(User.email == "alice@new.example"))
        mails = db.session.execute(db.select(OutboxMail.to_email, OutboxMail.template)).all()
    assert ("alice@example.com", "email_changed") in mails
    assert ("alice@new.example", "verify_email") in mails


def test_a_year_free_for_a_subscriber(desk: Page, alice: Person, at_stripe: Stripe) -> None:
    paid(alice, at_stripe, "pro")
    find(desk, "From: alice@example.com\nYour outage cost me a client. A year free would be fair.")

    act(desk, "Give free days", "Give them", "The next charge comes on", Days="365", Reason="a long outage")

    in_a_year = utcnow() + timedelta(days=365)
    assert re.search(rf"Trying Pro until .* {in_a_year.year}", answer(desk))
    assert alice.role == "pro"
    assert str(in_a_year.year) in alice.read("/account")


def test_delete_my_data(desk: Page, alice: Person, at_stripe: Stripe, app: Flask) -> None:
    paid(alice, at_stripe, "pro")
    find(desk, "From: alice@example.com\nDelete all that you have of me, under article 17.")

    act(desk, "Delete the account", "Delete it for good", "alice@example.com is deleted.", Reason="asked by mail")

    assert [one["status"] for one in at_stripe.subscriptions()] == ["canceled"]
    assert not alice.is_signed_in
    with app.app_context():
        assert db.session.scalar(db.select(User.id).where(User.email == "alice@example.com")) is None
        to_alice = db.select(OutboxMail.template).where(OutboxMail.to_email == "alice@example.com")
        assert list(db.session.scalars(to_alice)) == ["account_deleted"]
    desk.goto("/admin/acts")
    expect(desk.get_by_role("row", name=re.compile("Delete user"))).to_contain_text("asked by mail")
