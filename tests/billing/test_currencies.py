"""What is sold in several currencies is shown, charged, mirrored and counted in the one that was chosen."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from flask import Flask
from stripe_emulator import Emulator
from werkzeug.test import TestResponse

from app.billing import reports
from app.billing.gateway.account import current_scope
from app.billing.gateway.client import get_gateway
from app.billing.models.payments import Order, Payment
from app.billing.models.subscription import Subscription
from app.billing.setup.prices import check_prices
from app.billing.setup.push import push_catalogue
from app.config.load import SettingsError, load_settings
from app.database import db
from tests.catalogue import CATALOG, also_in
from tests.people import Person
from tests.stripe_actions import Json, Stripe, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")
Deploy = Callable[..., Flask]
IN_EUROS_TOO = also_in("eur")


@pytest.fixture
def shop(deploy: Deploy) -> Flask:
    """The site, which sells in dollars and in euros, and to which Stripe delivers its events."""
    return deploy(IN_EUROS_TOO)


@pytest.fixture
def carol(shop: Flask) -> Person:
    return Person.sign_up(shop, "carol@example.com")


def subscribe(person: Person, at_stripe: Stripe, emulator: Emulator, plan: str = "pro", **fields: str) -> Json:
    """Buy a plan and pay for it; Stripe's subscription."""
    at_stripe.pay(session_id_in(person.buy(plan, **fields).location))
    emulator.wait_until_idle()
    return at_stripe.subscriptions()[-1]


def only(site: Flask, kind: type[Any]) -> Any:
    with site.app_context():
        return db.session.scalars(db.select(kind)).one()


def content(answer: TestResponse) -> str:
    assert answer.status_code == 200
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub("<[^>]+>", " ", main).split())


def options_at(at_stripe: Stripe, lookup_key: str) -> dict[str, int]:
    found = at_stripe.v1.prices.retrieve(at_stripe.price(lookup_key), {"expand": ["currency_options"]})
    return {code: option["unit_amount"] for code, option in found.currency_options.to_dict().items()}


# --- Push and drift


def test_push_gives_each_price_its_currencies_and_then_changes_nothing(shop: Flask, at_stripe: Stripe) -> None:
    with shop.app_context():
        again = push_catalogue(get_gateway(), shop.extensions["settings"])

    assert options_at(at_stripe, "shop_pro_month") == {"usd": 2900, "eur": 2610}
    assert options_at(at_stripe, "shop_lifetime") == {"usd": 19900, "eur": 17910}
    assert {line.split()[0] for line in again.lines} == {"unchanged"}


def test_further_currency_is_added_to_the_price_that_is_sold(deploy: Deploy, at_stripe: Stripe) -> None:
    before = at_stripe.price("shop_pro_month")

    deploy(IN_EUROS_TOO)

    assert at_stripe.price("shop_pro_month") == before


def test_other_amount_in_one_currency_is_another_price(deploy: Deploy, at_stripe: Stripe) -> None:
    """Who subscribed at the old one keeps it, in each currency."""
    deploy(IN_EUROS_TOO)
    before = at_stripe.price("shop_pro_month")

    deploy(also_in("eur", 0.8))

    assert at_stripe.price("shop_pro_month") != before
    assert not at_stripe.v1.prices.retrieve(before).active
    assert options_at(at_stripe, "shop_pro_month") == {"usd": 2900, "eur": 2320}


def test_difference_in_one_currency_stops_the_sale_in_that_one_alone(
    shop: Flask, carol: Person, at_stripe: Stripe
) -> None:
    price = at_stripe.price("shop_pro_month")
    at_stripe.v1.prices.update(price, {"currency_options": {"eur": {"unit_amount": 2500}}})
    with shop.app_context():
        problems = check_prices(get_gateway(), shop.extensions["settings"], current_scope())

    in_euros, in_dollars = carol.buy("pro", currency="eur"), carol.buy("pro")

    found = {label: problem for label, problem in problems.items() if problem}
    expected = "charges 2500 eur a month in Stripe; the catalogue says 2610 eur a month; run `flask billing push`"
    assert found == {"shop_pro_month in EUR": expected}
    assert (in_euros.status_code, in_dollars.status_code) == (503, 303)


def test_price_without_the_currency_says_so(deploy: Deploy, at_stripe: Stripe) -> None:
    site = deploy(IN_EUROS_TOO, push=False)

    answer = Person.sign_up(site, "carol@example.com").buy("pro", currency="eur")

    assert answer.status_code == 503
    with site.app_context():
        problems = check_prices(get_gateway(), site.extensions["settings"], current_scope())
    assert str(problems["shop_pro_month in EUR"]).startswith("has no amount in eur in Stripe")
    assert problems["shop_pro_month"] is None


# --- What a visitor sees and chooses


def test_visitor_chooses_by_the_address_and_gets_no_cookie(app_with: Callable[..., Flask]) -> None:
    client = app_with(IN_EUROS_TOO).test_client()

    dollars, euros = client.get("/pricing"), client.get("/pricing?currency=eur")

    assert "$29 per month" in content(dollars) and "€" not in content(dollars)
    assert "€26.10 per month" in content(euros) and "$" not in content(euros)
    assert 'href="/pricing?currency=eur">EUR</a>' in dollars.text
    assert 'href="/pricing?interval=year&amp;currency=eur"' in euros.text
    assert "Set-Cookie" not in {**dollars.headers, **euros.headers}


def test_currency_that_is_not_sold_shows_the_first_and_sells_nothing(
    app_with: Callable[..., Flask], at_stripe: Stripe
) -> None:
    site = app_with(IN_EUROS_TOO)

    assert "$29 per month" in content(site.test_client().get("/pricing?currency=gbp"))
    assert Person.sign_up(site, "carol@example.com").buy("pro", currency="gbp").status_code == 400


def test_site_of_one_currency_shows_no_choice(app: Flask) -> None:
    page = app.test_client().get("/pricing?currency=eur").text

    assert "Currency" not in page
    assert 'name="currency"' not in page


def test_setting_sells_everything_in_one_of_them(app_with: Callable[..., Flask], at_stripe: Stripe) -> None:
    site = app_with(IN_EUROS_TOO, currency="eur")
    with site.app_context():
        push_catalogue(get_gateway(), site.extensions["settings"])
    client = site.test_client()

    pages = [client.get(path) for path in ("/", "/pricing", "/pricing?currency=usd")]
    answer = Person.sign_up(site, "carol@example.com").buy("pro", currency="usd")

    assert all("€26.10" in page.text and 'aria-label="Currency"' not in page.text for page in pages)
    assert at_stripe.session(session_id_in(answer.location))["amount_total"] == 2610


def test_setting_names_a_currency_that_everything_is_sold_in() -> None:
    with pytest.raises(SettingsError, match="CURRENCY: not everything on sale has a price in 'gbp'"):
        load_settings(IN_EUROS_TOO, env_file=None, currency="gbp")


def test_chosen_currency_comes_along_through_signing_up(app_with: Callable[..., Flask]) -> None:
    client = app_with(IN_EUROS_TOO).test_client()
    page = client.get("/pricing?currency=eur").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token

    answer = client.post("/checkout/pro", data={"csrf_token": token[1], "interval": "month", "currency": "eur"})

    assert "currency=eur" in answer.location
    assert re.search(r'name="currency"[^>]*value="eur"', client.get(answer.location).text)


# --- Bought, mirrored, told and counted


def test_subscription_is_bought_mirrored_and_told_in_the_currency_that_was_chosen(
    shop: Flask, carol: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    subscription = subscribe(carol, at_stripe, emulator, currency="eur")

    order, row, payment = (only(shop, kind) for kind in (Order, Subscription, Payment))
    assert (order.state, order.amount, order.currency) == ("fulfilled", 2610, "eur")
    assert at_stripe.session(order.stripe_checkout_session_id)["cancel_url"].endswith("checkout=cancelled&currency=eur")
    assert subscription["items"]["data"][0]["price"]["currency"] == "usd"
    assert (row.amount, row.currency, carol.role) == (2610, "eur", "pro")
    assert (payment.amount, payment.currency) == (2610, "eur")
    assert "€26.10 a month" in carol.read("/account") and "$" not in content(carol.get("/account"))


def test_renewals_and_changes_keep_the_currency(
    shop: Flask, carol: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    subscription = subscribe(carol, at_stripe, emulator, "basic", currency="eur")
    at_stripe.swap_price(subscription["id"], "shop_pro_month")
    emulator.advance(days=32)
    emulator.wait_until_idle()

    row = only(shop, Subscription)
    assert (row.plan_key, row.amount, row.currency) == ("pro", 2610, "eur")
    assert {invoice["currency"] for invoice in at_stripe.invoices()} == {"eur"}
    assert at_stripe.invoices()[-1]["amount_paid"] == 2610


def test_subscriber_sees_their_own_currency_alone(carol: Person, at_stripe: Stripe, emulator: Emulator) -> None:
    subscribe(carol, at_stripe, emulator, "basic", currency="eur")

    page = carol.get("/pricing?currency=usd")

    assert "€26.10 per month" in content(page) and "$" not in content(page)
    assert 'aria-label="Currency"' not in page.text


@pytest.mark.parametrize(("bought", "asked", "sold"), [("eur", "usd", 17910), ("usd", "eur", 19900)])
def test_form_in_another_currency_sells_in_the_subscribers_own(
    carol: Person, at_stripe: Stripe, emulator: Emulator, bought: str, asked: str, sold: int
) -> None:
    """Stripe would refuse a second one beside it."""
    subscribe(carol, at_stripe, emulator, "basic", currency=bought)

    session = at_stripe.session(session_id_in(carol.buy("lifetime", currency=asked).location))

    assert (session["currency"], session["amount_total"]) == (bought, sold)


def test_refusal_names_what_other_plans_cost_in_the_readers_currency(
    carol: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    subscribe(carol, at_stripe, emulator, "basic", currency="eur")

    page = carol.get("/dashboard/pro")
    offered = carol.client.get("/dashboard/pro", headers={"Accept": "application/json"}).json

    assert page.status_code == 403 and "€26.10 a month" in page.text and "$29" not in page.text
    assert offered is not None and offered["error"]["plans"][0]["prices"][0]["currency"] == "eur"


def test_change_of_plan_is_confirmed_in_the_subscriptions_currency(
    carol: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    subscribe(carol, at_stripe, emulator, "basic", currency="eur")

    page = requests.get(carol.buy("pro").location, timeout=10).text

    assert "€26.10" in page and "€8.10" in page and "$" not in page.partition("<main")[2]


def test_one_time_plan_is_bought_in_the_currency_that_was_chosen(
    shop: Flask, carol: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.pay(session_id_in(carol.buy("lifetime", currency="eur").location))
    emulator.wait_until_idle()

    order, payment = only(shop, Order), only(shop, Payment)
    assert (order.state, order.amount, order.currency, carol.role) == ("fulfilled", 17910, "eur", "pro")
    assert (payment.amount, payment.currency) == (17910, "eur")


def test_what_was_paid_in_another_currency_than_ordered_grants_nothing(
    shop: Flask, carol: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    session = session_id_in(carol.buy("pro", currency="eur").location)
    with shop.app_context():
        db.session.execute(db.update(Order).values(currency="usd"))
        db.session.commit()

    at_stripe.pay(session)
    emulator.wait_until_idle()

    order = only(shop, Order)
    assert (order.state, order.note) == ("mismatched", "paid in eur, ordered in usd")


def test_other_currency_replaces_the_open_session(shop: Flask, carol: Person, at_stripe: Stripe) -> None:
    first, second = (session_id_in(carol.buy("pro", currency=code).location) for code in ("usd", "eur"))

    assert at_stripe.session(first)["status"] == "expired"
    assert at_stripe.session(second)["amount_total"] == 2610
    assert session_id_in(carol.buy("pro", currency="eur").location) == second


def test_figures_are_counted_for_each_currency(
    shop: Flask, carol: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    subscribe(carol, at_stripe, emulator, currency="eur")
    subscribe(Person.sign_up(shop, "dave@example.com"), at_stripe, emulator)

    with shop.app_context():
        scope = current_scope()
        assert reports.monthly_recurring_revenue(scope) == {"eur": 2610, "usd": 2900}
        earned = {(one.currency, one.amount) for one in reports.revenue_by_month(scope, 1)}
    assert earned == {("eur", 2610), ("usd", 2900)}


def test_currency_without_decimals_is_sold_in_whole_units(
    deploy: Deploy, at_stripe: Stripe, emulator: Emulator
) -> None:
    site = deploy(also_in("jpy", 1.5))
    carol = Person.sign_up(site, "carol@example.com")

    assert "¥4,350 per month" in content(site.test_client().get("/pricing?currency=jpy"))
    subscribe(carol, at_stripe, emulator, currency="jpy")

    row = only(site, Subscription)
    assert (row.amount, row.currency) == (4350, "jpy")
    assert "¥4,350 a month" in carol.read("/account")


@pytest.mark.parametrize(("currency", "state"), [("eur", "fulfilled"), ("gbp", "mismatched")])
def test_payment_link_may_have_sold_in_another_currency_of_the_plan(
    app_with: Callable[..., Flask], at_stripe: Stripe, currency: str, state: str
) -> None:
    """Stripe chooses a link's currency by the buyer's place."""
    before = app_with(also_in("gbp", 0.8, IN_EUROS_TOO))
    with before.app_context():
        push_catalogue(get_gateway(), before.extensions["settings"])
    seller = app_with(IN_EUROS_TOO, stripe_payment_links={"lifetime": "https://buy.stripe.com/test_lifetime"})
    carol = Person.sign_up(seller, "carol@example.com")
    reference = carol.buy("lifetime").location.rpartition("=")[2]
    line = {"price": at_stripe.price("shop_lifetime"), "quantity": 1}
    params = {"mode": "payment", "success_url": "https://example.com", "line_items": [line], "currency": currency}
    session = at_stripe.v1.checkout.sessions.create({**params, "client_reference_id": reference})

    at_stripe.pay(session.id)
    carol.get(f"/checkout/success?session_id={session.id}")

    assert only(seller, Order).state == state


def test_catalogue_knows_what_everything_is_sold_in() -> None:
    assert (CATALOG.currencies, IN_EUROS_TOO.currencies) == (("usd",), ("usd", "eur"))
