"""What the account page says of the next charge, against the invoice that Stripe then writes."""

import re
from collections.abc import Callable

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
