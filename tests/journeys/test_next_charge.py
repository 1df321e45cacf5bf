"""What the account page says of the next charge, against the invoice that Stripe then writes."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing import reports
from app.billing.gateway.account import current_scope
from app.billing.models.subscription import Subscription
from app.database import db
from app.mail.compose import compose
from app.mail.outbox import OutboxMail
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in


@pytest.fixture
def subscription(site: str, alice: Person, at_stripe: Stripe, emulator: Emulator) -> str:
    """Alice is on Pro by the month; the id of her subscription."""
    session = at_stripe.pay(session_id_in(alice.buy("pro").location))
    emulator.wait_until_idle()
    return str(session["subscription"])


def sentence(person: Person) -> str:
    found = re.search(r'<p class="standing[^"]*">(.*?)</p>', person.get("/account").text)
    assert found
    return re.sub(r"<[^>]*>", "", found[1]).replace("&#39;", "'")


def halve_for_good(at_stripe: Stripe, subscription: str) -> None:
    coupon = at_stripe.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    at_stripe.v1.subscriptions.update(subscription, {"discounts": [{"coupon": coupon.id}]})


def add_an_add_on(at_stripe: Stripe, subscription: str) -> None:
    product = at_stripe.v1.products.create({"name": "More storage"})
    add_on = {"product": product.id, "currency": "usd", "unit_amount": 1000, "recurring": {"interval": "month"}}
    price = at_stripe.v1.prices.create(add_on)
    items = {"subscription": subscription, "price": price.id, "proration_behavior": "none"}
    at_stripe.v1.subscription_items.create(items)


def give_credit(at_stripe: Stripe, subscription: str) -> None:
    customer = at_stripe.subscription(subscription)["customer"]
    at_stripe.v1.customers.balance_transactions.create(customer, {"amount": -2100, "currency": "usd"})


def give_more_credit_than_is_due(at_stripe: Stripe, subscription: str) -> None:
    customer = at_stripe.subscription(subscription)["customer"]
    at_stripe.v1.customers.balance_transactions.create(customer, {"amount": -5000, "currency": "usd"})


def plan_basic(at_stripe: Stripe, subscription: str) -> None:
    schedule = at_stripe.v1.subscription_schedules.create({"from_subscription": subscription})
    [now] = schedule.phases
    phases = [
        {
            "items": [{"price": one.price} for one in now["items"]],
            "start_date": now.start_date,
            "end_date": now.end_date,
        },
        {"items": [{"price": at_stripe.price("shop_basic_month")}]},
    ]
    at_stripe.v1.subscription_schedules.update(schedule.id, {"phases": phases, "end_behavior": "release"})


def end_it_after_two_more_periods(at_stripe: Stripe, subscription: str) -> None:
    halve_for_good(at_stripe, subscription)
    [item] = at_stripe.subscription(subscription)["items"]["data"]
    at_stripe.v1.subscriptions.update(subscription, {"cancel_at": item["current_period_end"] + 40 * 86400})


@pytest.mark.parametrize(
    ("happens", "amount", "words"),
    [
        (halve_for_good, 1450, "for $14.50"),
        (add_an_add_on, 3900, "$39 a month"),
        (give_credit, 800, "for $8"),
        (give_more_credit_than_is_due, 0, "nothing is due then"),
        (plan_basic, 900, "it becomes Basic, for $9."),
        (end_it_after_two_more_periods, 1450, "for $14.50"),
    ],
)
def test_the_page_names_the_amount_of_the_next_invoice(
    subscription: str,
    alice: Person,
    at_stripe: Stripe,
    emulator: Emulator,
    happens: Callable[[Stripe, str], None],
    amount: int,
    words: str,
) -> None:
    happens(at_stripe, subscription)
    emulator.wait_until_idle()

    said = sentence(alice)
    emulator.advance(days=32)

    assert at_stripe.invoices()[-1]["amount_due"] == amount
    assert words in said
    assert "$29" not in said


def test_a_page_asks_stripe_once_after_a_change_and_not_again(
    subscription: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    sentence(alice)
    asked = mirrored(app).next_valid_until
    sentence(alice)
    again = mirrored(app).next_valid_until
    halve_for_good(at_stripe, subscription)
    emulator.wait_until_idle()
    sentence(alice)

    assert asked == again != mirrored(app).next_valid_until


def mirrored(app: Flask) -> Subscription:
    with app.app_context():
        return db.session.scalars(db.select(Subscription)).one()


@pytest.fixture
def trial(site: str, alice: Person, at_stripe: Stripe, emulator: Emulator) -> str:
    """Alice is on a trial of Pro for 14 days; the id of her subscription."""
    alice.buy("pro")
    customer = at_stripe.v1.customers.list({}).data[0].id
    made = at_stripe.subscribe(customer, at_stripe.price("shop_pro_month"), trial_period_days=14)
    emulator.wait_until_idle()
    return str(made["id"])


def mail(app: Flask, template: str) -> str:
    """The newest such mail as it goes out, in one line; empty when there is none."""
    with app.app_context():
        query = db.select(OutboxMail).where(OutboxMail.template == template).order_by(OutboxMail.created_at.desc())
        row = db.session.scalars(query).first()
        text = compose(row).get_body(("plain",)) if row else None
        return " ".join(text.get_content().split()) if text else ""


def test_the_mail_before_the_first_charge_names_what_is_charged(
    trial: str, app: Flask, at_stripe: Stripe, emulator: Emulator
) -> None:
    halve_for_good(at_stripe, trial)
    emulator.advance(days=12)
    emulator.wait_until_idle()

    assert "Then $14.50 is due" in mail(app, "trial_will_end")
    assert "$29" not in mail(app, "trial_will_end")


def test_the_mail_before_the_first_charge_says_how_often_it_is_charged(
    trial: str, app: Flask, at_stripe: Stripe, emulator: Emulator
) -> None:
    quarter = {"interval": "month", "interval_count": 3}
    made = {"product": "shop_pro", "currency": "usd", "unit_amount": 7800, "recurring": quarter}
    item = at_stripe.subscription(trial)["items"]["data"][0]["id"]
    items = [{"id": item, "price": at_stripe.v1.prices.create(made).id}]
    at_stripe.v1.subscriptions.update(trial, {"items": items})
    emulator.advance(days=12)
    emulator.wait_until_idle()

    assert "$78 every 3 months" in mail(app, "trial_will_end")


def test_who_cancelled_a_trial_is_not_told_of_a_charge(
    trial: str, app: Flask, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.cancel_in_portal(trial)
    emulator.advance(days=12)
    emulator.wait_until_idle()

    assert at_stripe.events("customer.subscription.trial_will_end")
    assert mail(app, "trial_will_end") == ""


def test_the_confirmation_names_the_renewal_that_a_lasting_code_makes_cheaper(
    site: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    coupon = at_stripe.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    at_stripe.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HALF"})
    at_stripe.pay(session_id_in(alice.buy("pro").location), promotion_code="HALF")
    emulator.wait_until_idle()

    assert "Then $14.50 is due." in mail(app, "order_confirmed")
    assert mirrored(app).next_discount_names == "HALF"


def test_who_pays_by_the_quarter_reads_so(site: str, alice: Person, at_stripe: Stripe, emulator: Emulator) -> None:
    alice.buy("pro")
    customer = at_stripe.v1.customers.list({}).data[0].id
    quarter = {"interval": "month", "interval_count": 3}
    price = {"product": "shop_pro", "currency": "usd", "unit_amount": 7800, "recurring": quarter}
    at_stripe.subscribe(customer, at_stripe.v1.prices.create(price).id)
    emulator.wait_until_idle()

    assert "$78 every 3 months" in sentence(alice)


def test_paused_collection_is_said_and_is_no_revenue(
    subscription: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.v1.subscriptions.update(subscription, {"pause_collection": {"behavior": "void"}})
    emulator.wait_until_idle()

    assert "Payments are paused, so nothing is charged." in sentence(alice)
    with app.app_context():
        assert reports.monthly_recurring_revenue(current_scope()) == {}


def test_monthly_revenue_counts_discounts_that_last(
    subscription: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    halve_for_good(at_stripe, subscription)
    emulator.wait_until_idle()
    alice.get("/account")

    with app.app_context():
        assert reports.monthly_recurring_revenue(current_scope()) == {"usd": 1450}


@pytest.mark.parametrize(("product", "monthly"), [("shop_pro", 2450), ("shop_basic", 3900)])
@pytest.mark.parametrize("is_set_to_end", [False, True])
def test_monthly_revenue_counts_a_discount_on_the_products_that_it_is_for(
    subscription: str,
    app: Flask,
    alice: Person,
    at_stripe: Stripe,
    emulator: Emulator,
    product: str,
    monthly: int,
    is_set_to_end: bool,
) -> None:
    """Pro for $29 and storage for $10, and half of one product."""
    add_an_add_on(at_stripe, subscription)
    half = {"percent_off": 50, "duration": "forever", "applies_to": {"products": [product]}}
    discounts = [{"coupon": at_stripe.v1.coupons.create(half).id}]
    at_stripe.v1.subscriptions.update(subscription, {"discounts": discounts, "cancel_at_period_end": is_set_to_end})
    emulator.wait_until_idle()
    alice.get("/account")

    with app.app_context():
        assert reports.monthly_recurring_revenue(current_scope()) == {"usd": monthly}


def another_rhythm(at_stripe: Stripe, subscription: str) -> None:
    """Storage by the month beside Pro by the year."""
    item = at_stripe.subscription(subscription)["items"]["data"][0]["id"]
    yearly = [{"id": item, "price": at_stripe.price("shop_pro_year")}]
    at_stripe.v1.subscriptions.update(subscription, {"items": yearly, "proration_behavior": "always_invoice"})
    add_an_add_on(at_stripe, subscription)


def test_what_renews_before_a_plan_ends_is_said(
    subscription: str, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    """Set to end in the portal, the year runs to its end, and the storage is charged each month until then."""
    another_rhythm(at_stripe, subscription)
    at_stripe.cancel_in_portal(subscription)
    emulator.wait_until_idle()

    said = sentence(alice)
    emulator.advance(days=32)

    assert at_stripe.invoices()[-1]["amount_due"] == 1000
    assert "Until then it renews" in said and "for $10" in said
    assert "won't be charged" not in said


def test_set_to_end_with_its_earliest_period_nothing_more_is_charged(
    subscription: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    another_rhythm(at_stripe, subscription)
    at_stripe.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})
    emulator.wait_until_idle()

    said, known = sentence(alice), len(at_stripe.invoices())
    emulator.advance(days=32)

    assert "You won't be charged again." in said
    assert len(at_stripe.invoices()) == known
    assert at_stripe.subscription(subscription)["status"] == "canceled"


def test_an_invoice_that_is_sent_for_a_change_of_plan_can_be_paid_from_the_page(
    site: str, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    alice.buy("basic")
    customer = at_stripe.v1.customers.list({}).data[0].id
    by_mail = {"collection_method": "send_invoice", "days_until_due": 7}
    wanted = {"customer": customer, "items": [{"price": at_stripe.price("shop_basic_month")}], **by_mail}
    subscription = at_stripe.v1.subscriptions.create(wanted).id
    at_stripe.v1.invoices.pay(at_stripe.invoices()[-1]["id"], {"paid_out_of_band": True})
    at_stripe.swap_price(subscription, "shop_pro_month")
    emulator.wait_until_idle()

    page, invoice = alice.get("/account").text, at_stripe.invoices()[-1]

    assert (invoice["billing_reason"], invoice["status"]) == ("subscription_update", "open")
    assert "that we sent you waits to be paid" in page
    assert f"${invoice['amount_due'] / 100:g}" in page
    assert invoice["hosted_invoice_url"] in page


def test_a_change_that_is_planned_within_a_longer_period_is_said_with_its_day(
    subscription: str, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    """Pro by the month shall become Basic; then the running plan is made one by the quarter."""
    plan_basic(at_stripe, subscription)
    [item] = at_stripe.subscription(subscription)["items"]["data"]
    quarter = {"interval": "month", "interval_count": 3}
    made = {"product": "shop_pro", "currency": "usd", "unit_amount": 900, "recurring": quarter}
    items = [{"id": item["id"], "price": at_stripe.v1.prices.create(made).id}]
    at_stripe.v1.subscriptions.update(subscription, {"items": items, "proration_behavior": "always_invoice"})
    emulator.wait_until_idle()

    said = sentence(alice)
    month_ends = item["current_period_end"]
    emulator.advance(days=32)

    newest = at_stripe.invoices()[-1]
    day = f"{datetime.fromtimestamp(month_ends, UTC).day} "
    assert newest["billing_reason"] == "subscription_update"
    assert "it becomes Basic" in said and f"On {day}" in said
    asked = f"for ${newest['amount_due'] / 100:.2f}".removesuffix(".00") if newest["amount_due"] else "nothing is due"
    assert asked in said


def test_monthly_revenue_counts_the_discount_that_a_schedule_brings(
    subscription: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    """Pro shall become Basic at half its price: what is charged now is Pro, with the discount of the next charge."""
    coupon = at_stripe.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    at_stripe.plan_change(subscription, "shop_basic_month", coupon.id)
    emulator.wait_until_idle()

    said = sentence(alice)
    with app.app_context():
        monthly = reports.monthly_recurring_revenue(current_scope())
    emulator.advance(days=32)

    assert "it becomes Basic, for $4.50." in said
    assert at_stripe.invoices()[-1]["amount_due"] == 450
    assert monthly == {"usd": 1450}
