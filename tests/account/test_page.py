"""The account page: how things stand, from our own tables alone."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.account.export import KEPT
from app.auth.models import User
from app.billing.gateway.client import get_gateway
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import Grant, RoleChange
from app.billing.models.stripe import StripeAccount
from app.billing.models.subscription import Subscription
from app.database import db, utcnow
from app.templating import date
from tests.people import PASSWORD, Person

ACCOUNT = "acct_test"


@pytest.fixture
def scope(app: Flask) -> None:
    """The account that our key belongs to, known from earlier."""
    with app.app_context():
        db.session.add(StripeAccount(key_fingerprint=get_gateway().key_fingerprint, stripe_account=ACCOUNT))
        db.session.commit()


def subscribe(person: Person, **values: object) -> None:
    now = utcnow()
    defaults = {
        "stripe_subscription_id": "sub_1",
        "user_id": person.id,
        "stripe_customer_id": "cus_1",
        "stripe_account": ACCOUNT,
        "livemode": False,
        "status": "active",
        "lookup_key": "shop_pro_month",
        "amount": 2900,
        "currency": "usd",
        "interval": "month",
        "current_period_start": now,
        "current_period_end": now + timedelta(days=30),
        "snapshot_at": now,
    }
    with person.app.app_context():
        db.session.add(Subscription(**defaults | values))
        db.session.commit()


def pay(person: Person, invoice: str, amount: int, at: datetime) -> None:
    with person.app.app_context():
        db.session.add(
            Payment(
                user_id=person.id, stripe_invoice_id=invoice, stripe_subscription_id="sub_1", stripe_account=ACCOUNT,
                livemode=False, amount=amount, currency="usd", status="paid", description="Pro", created_at=at,
            )
        )  # fmt: skip
        db.session.commit()


def test_new_reader_is_on_the_free_plan(alice: Person) -> None:
    assert "You&#39;re on the free plan." in alice.get("/account").text


def test_subscriber_reads_the_plan_and_the_price(alice: Person, scope: None) -> None:
    subscribe(alice)

    assert "You're on Pro, $29 a month." in alice.read("/account")


def test_running_subscription_is_told_before_an_ended_one(alice: Person, scope: None) -> None:
    subscribe(alice, stripe_subscription_id="sub_0", status="canceled", ended_at=utcnow())
    subscribe(alice, lookup_key="shop_basic_month", amount=900)

    assert "You're on Basic, $9 a month." in alice.read("/account")


def test_failed_payment_is_told_with_the_way_to_pay(alice: Person, scope: None) -> None:
    subscribe(alice, status="past_due")
    payment = Payment(
        user_id=alice.id, stripe_account=ACCOUNT, livemode=False, status="failed", amount=2900, currency="usd"
    )
    payment.stripe_invoice_id, payment.stripe_subscription_id, payment.created_at = "in_1", "sub_1", utcnow()
    with alice.app.app_context():
        db.session.add(payment)
        db.session.commit()

    page = alice.get("/account").text

    assert "Your last payment didn&#39;t go through." in page
    assert "Please update your card" in page


@pytest.mark.parametrize(("livemode", "is_told"), [(False, True), (True, False)])
def test_what_was_bought_for_good_is_told_in_its_own_mode(
    alice: Person, scope: None, livemode: bool, is_told: bool
) -> None:
    order = Order(user_id=alice.id, state="fulfilled", plan_key="lifetime", amount=19900, currency="usd")
    order.stripe_account, order.livemode = ACCOUNT, livemode
    with alice.app.app_context():
        db.session.add(order)
        db.session.commit()

    assert ("Pro is yours for good." in alice.get("/account").text) is is_told


def test_disputed_payment_is_told(alice: Person, scope: None) -> None:
    common = {"user_id": alice.id, "stripe_account": ACCOUNT, "livemode": False, "currency": "usd", "amount": 19900}
    order = Order(state="disputed", plan_key="lifetime", stripe_payment_intent_id="pi_1", **common)
    with alice.app.app_context():
        db.session.add(order)
        db.session.flush()
        for intent in ("pi_1", "pi_2"):
            payment = Payment(order_id=order.id, stripe_payment_intent_id=intent, status="paid", **common)
            payment.created_at = utcnow()
            db.session.add(payment)
        db.session.commit()

    page = alice.get("/account").text

    assert (page.count(">Disputed<"), page.count(">Paid<")) == (1, 1)


def test_gift_is_told(alice: Person) -> None:
    with alice.app.app_context():
        db.session.add(Grant(user_id=alice.id, role="basic"))
        db.session.commit()

    assert "You have Basic as a gift." in alice.get("/account").text


def test_page_works_while_stripe_is_down(alice: Person, scope: None, app_with: Callable[..., Flask]) -> None:
    subscribe(alice)
    cut_off = app_with(stripe_api_base="http://127.0.0.1:9")
    browser = Person(cut_off, cut_off.test_client(), alice.email)
    browser.post("/login", page="/login", email=alice.email, password=PASSWORD)

    assert browser.get("/account").status_code == 200


def test_page_of_one_reader_is_never_kept_for_the_next(alice: Person) -> None:
    answer = alice.get("/account")

    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


def test_invoices_are_paged_newest_first(alice: Person, scope: None) -> None:
    with alice.app.app_context():
        for number in range(30):
            payment = Payment(
                user_id=alice.id, stripe_account=ACCOUNT, livemode=False, status="paid", amount=900, currency="usd"
            )
            payment.stripe_invoice_id, payment.number = f"in_{number}", f"INV-{number:04}"
            payment.created_at = utcnow() + timedelta(seconds=number)
            db.session.add(payment)
        db.session.commit()

    account, first, second = (
        alice.get(path).text for path in ("/account", "/account/invoices", "/account/invoices?page=2")
    )

    assert ("INV-0029" in account, "INV-0024" in account) == (True, False)
    assert ("INV-0029" in first, "INV-0004" in first) == (True, False)
    assert "INV-0004" in second


@pytest.mark.parametrize("page", ["0", "-1", "2", "99999999999999999999"])
def test_page_that_is_not_there_is_404(alice: Person, page: str) -> None:
    assert alice.get(f"/account/invoices?page={page}").status_code == 404


def test_payments_of_somebody_else_are_not_shown(alice: Person, bob: Person, scope: None) -> None:
    payment = Payment(
        user_id=bob.id,
        stripe_invoice_id="in_bob",
        stripe_account=ACCOUNT,
        livemode=False,
        status="paid",
        amount=900,
        currency="usd",
    )
    payment.number, payment.created_at = "INV-BOB", utcnow()
    with alice.app.app_context():
        db.session.add(payment)
        db.session.commit()

    assert (
        "INV-BOB"
        not in alice.get("/account").text + alice.get("/account/invoices").text + alice.get("/account/export").text
    )


def test_history_tells_of_signing_in_and_of_failures(alice: Person) -> None:
    stranger = Person(alice.app, alice.app.test_client(), alice.email)
    stranger.post("/login", page="/login", email=alice.email, password="a wrong password")

    page = alice.get("/account/activity").text

    assert "Account created" in page
    assert "Log-in failed: wrong password" in page
    assert "127.0.0.0/24" in page


def test_history_tells_of_the_plan_and_why(alice: Person) -> None:
    change = RoleChange(
        user_id=alice.id, role_before="free", role_after="pro", rule="grant by the operator", cause="grant"
    )
    with alice.app.app_context():
        db.session.add(change)
        db.session.commit()

    assert "Plan changed from Free to Pro: grant by the operator" in alice.get("/account/activity").text


def test_portal_without_a_customer_leads_to_the_prices(alice: Person) -> None:
    answer = alice.post("/account/portal")

    assert (answer.status_code, answer.location) == (303, "/pricing")
    assert "choose a plan first" in alice.get("/pricing").text


def test_unknown_flow_is_refused(alice: Person) -> None:
    assert alice.post("/account/portal", flow="subscription_free_for_ever").status_code == 400


def test_customer_reaches_the_portal(alice: Person, catalogue: None) -> None:
    alice.buy("pro")

    answer = alice.post("/account/portal", flow="payment_method_update")

    assert answer.status_code == 303
    assert answer.location.startswith(alice.app.extensions["settings"].stripe_api_base)


def test_export_holds_everything_but_what_lets_people_in(alice: Person, catalogue: None) -> None:
    alice.buy("basic")

    answer = alice.get("/account/export")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert answer.json is not None
    assert answer.json["user"]["email"] == alice.email
    assert [order["plan_key"] for order in answer.json["orders"]] == ["basic"]
    assert {"sessions", "security_events", "payments", "subscriptions", "mails"} <= set(answer.json)
    with alice.app.app_context():
        assert db.session.scalars(db.select(User.password_hash)).one() not in answer.text
    assert "verify-email" not in answer.text
    with alice.client.session_transaction() as cookie:
        assert str(cookie["_user_id"]) not in answer.text


def test_export_covers_every_table_that_says_whose_a_row_is() -> None:
    exported = {model.__tablename__ for model in KEPT.values()}

    assert {table.name for table in db.metadata.sorted_tables if "user_id" in table.columns} - exported == set()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("order of lifetime", "you bought Lifetime"),
        ("subscription past_due, in grace", "a payment is late, and access goes on for now"),
        ("nothing paid or granted", "nothing is paid for any more"),
    ],
)
def test_history_gives_the_reason_in_the_owners_words(app: Flask, alice: Person, rule: str, words: str) -> None:
    with app.app_context():
        change = RoleChange(user_id=alice.id, role_before="free", role_after="pro", rule=rule, cause="evt_1")
        db.session.add(change)
        db.session.commit()

    assert f"Plan changed from Free to Pro: {words}" in alice.get("/account/activity").text


def owe(person: Person, **values: object) -> None:
    defaults = {"status": "failed", "amount": 2900, "currency": "usd", "stripe_invoice_id": "in_1"}
    links = {"stripe_subscription_id": "sub_1", "hosted_invoice_url": "https://invoice.stripe.com/i/1"}
    at = {"user_id": person.id, "stripe_account": ACCOUNT, "livemode": False, "created_at": utcnow()}
    with person.app.app_context():
        db.session.add(Payment(**defaults | links | at | values))
        db.session.commit()


@pytest.mark.parametrize("path", ["/dashboard", "/pricing", "/account/security", "/account/invoices", "/nowhere"])
def test_failed_payment_is_said_on_every_page_in_one_banner(alice: Person, scope: None, path: str) -> None:
    subscribe(alice, status="past_due")
    owe(alice)

    page = alice.get(path).text

    assert page.count('class="banner"') == 1
    assert "The payment of $29 didn&#39;t go through." in page
    assert 'href="https://invoice.stripe.com/i/1"' in page


def test_account_page_says_a_failed_payment_once_with_both_ways_out(alice: Person, scope: None) -> None:
    subscribe(alice, status="past_due")
    owe(alice)

    page = alice.get("/account").text

    assert page.count("The payment of $29 didn&#39;t go through.") == 1
    assert "Pay now" in page and "Update card" in page


def test_no_banner_about_payments_where_nothing_is_owed(alice: Person, scope: None) -> None:
    subscribe(alice)
    owe(alice)

    assert "didn&#39;t go through" not in alice.get("/dashboard").text


def test_receipts_of_the_year_are_summed_and_those_of_another_are_not(alice: Person, scope: None) -> None:
    pay(alice, "in_1", 2900, utcnow())
    pay(alice, "in_2", 900, utcnow() - timedelta(days=366))

    assert f"Paid in {utcnow().year}$29.00" in alice.read("/account/invoices")


def test_a_paused_subscription_is_promised_no_charge_and_no_saving(scope: None, alice: Person) -> None:
    subscribe(alice, status="paused")
    pay(alice, "in_1", 2900, utcnow())

    page = alice.get("/account").text

    assert "drawing--wide" in page
    assert "mark--open" not in page
    assert "Switch to yearly" not in page


def test_today_is_the_emulators_where_its_clock_was_moved(scope: None, alice: Person, emulator: Emulator) -> None:
    moved = datetime.fromtimestamp(emulator.advance(days=370), UTC)
    subscribe(alice, current_period_end=moved + timedelta(days=15))
    pay(alice, "in_1", 2900, utcnow())
    pay(alice, "in_2", 2900, moved - timedelta(days=15))

    page = alice.get("/account").text

    today, marks = (re.findall(rf'{name}="([\d.]+)%"', page.split("drawing--wide")[1]) for name in ("x2", "cx"))
    assert float(today[0]) == pytest.approx((float(marks[1]) + float(marks[2])) / 2, abs=0.5)
    assert f"Today is {date(moved)} at the emulator" in page
    assert f"Paid in {moved.year}" in page
