"""The prices, the way to Checkout and the way back, over HTTP."""

import re

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from stripe_emulator import Emulator

from app.billing.models.payments import Order
from app.billing.models.roles import Grant
from app.billing.models.subscription import Subscription
from app.database import db
from app.extensions import limiter
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def visitor(app: Flask) -> Person:
    """Somebody without an account."""
    return Person(app, app.test_client(), "visitor@example.com")


@pytest.mark.parametrize(("interval", "prices"), [("month", ["$9", "$29", "$199"]), ("year", ["$90", "$290", "$199"])])
def test_prices_are_those_of_the_catalogue(visitor: Person, interval: str, prices: list[str]) -> None:
    page = visitor.get(f"/pricing?interval={interval}")

    assert page.status_code == 200
    assert all(price in page.text for price in prices)


@pytest.mark.parametrize("path", ["/", "/pricing", "/pricing?interval=year", "/pricing?checkout=cancelled"])
def test_pages_for_visitors_set_no_cookie(visitor: Person, path: str) -> None:
    page = visitor.get(path)

    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers


@pytest.mark.parametrize("interval", ["week", "", "MONTH", "month'--", "\x00"])
def test_unknown_interval_is_refused(alice: Person, interval: str) -> None:
    expected = 303 if interval == "" else 400

    assert alice.buy("pro", interval).status_code == expected
    assert alice.get(f"/pricing?interval={interval or 'x'}").status_code == 400


@pytest.mark.parametrize("plan", ["gold", "free", "PRO", "shop_pro_month", "..%2fpro"])
def test_unknown_plan_is_not_found(alice: Person, plan: str) -> None:
    assert alice.buy(plan).status_code == 404


def test_button_without_its_token_is_refused(alice: Person, visitor: Person) -> None:
    assert alice.client.post("/checkout/pro").status_code == 400
    assert visitor.client.post("/checkout/pro").status_code == 400


def test_button_is_a_post_alone(alice: Person) -> None:
    assert alice.get("/checkout/pro").status_code == 405


def test_price_amount_user_and_customer_come_from_the_server_alone(
    app: Flask, alice: Person, bob: Person, at_stripe: Stripe
) -> None:
    cheap = {"price": "price_cheap", "amount": "1", "currency": "jpy", "quantity": "0", "userId": str(bob.id)}

    answer = alice.post("/checkout/pro", page="/pricing", interval="month", customer="cus_bobs", **cheap)

    session = at_stripe.session(session_id_in(answer.location))
    assert (session["amount_total"], session["currency"]) == (2900, "usd")
    assert session["metadata"]["userId"] == str(alice.id)
    with app.app_context():
        assert db.session.scalars(db.select(Order.amount)).one() == 2900


@pytest.mark.parametrize(("plan", "interval"), [("basic", "year"), ("pro", "month"), ("lifetime", "month")])
def test_visitor_who_picks_a_plan_signs_up_and_lands_in_checkout(
    visitor: Person, at_stripe: Stripe, plan: str, interval: str
) -> None:
    signup = visitor.buy(plan, interval).location
    fields = {"email": visitor.email, "password": PASSWORD}
    onwards = visitor.client.post(signup, data={"csrf_token": visitor.csrf_token(signup), **fields})

    address = _follow_to_checkout(visitor, onwards.location, onwards.text)

    session = at_stripe.session(session_id_in(address))
    amounts = {"basic": 9000, "pro": 2900, "lifetime": 19900}
    assert session["amount_total"] == amounts[plan]


def test_back_arrow_leads_to_the_prices_with_a_word(alice: Person, at_stripe: Stripe) -> None:
    session = at_stripe.session(session_id_in(alice.buy("pro").location))

    path = session["cancel_url"].removeprefix(alice.app.extensions["settings"].site_url)

    assert path == "/pricing?checkout=cancelled"
    assert alice.get(path).status_code == 200


def test_current_plan_is_marked_and_leads_to_manage_it(alice: Person, at_stripe: Stripe) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")

    assert "Your plan" in alice.get("/pricing").text


def test_who_pays_another_price_than_todays_is_told_so(alice: Person, at_stripe: Stripe) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    before = alice.get("/pricing").text
    with alice.app.app_context():
        db.session.execute(db.update(Subscription).values(amount=1900))
        db.session.commit()

    after = alice.get("/pricing").text

    assert "You pay $" not in before
    assert after.count("You pay $19 a month.") == 1


def test_who_pays_by_the_year_is_shown_that_price(alice: Person, at_stripe: Stripe) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("basic", "year").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")

    page, by_month = alice.get("/pricing").text, alice.get("/pricing?interval=month").text

    assert "$90 billed once a year." in page
    assert 'href="/pricing?interval=month"' in page
    assert "$9</strong> per month" in by_month


def test_return_page_says_that_the_plan_is_on(alice: Person, at_stripe: Stripe) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("pro").location)
    waiting = alice.get(f"/checkout/success?session_id={session_id}")
    at_stripe.pay(session_id)

    done = alice.get(f"/checkout/success?session_id={session_id}")

    assert 'data-state="confirming"' in waiting.text
    assert 'data-state="fulfilled"' in done.text


def test_return_page_asks_a_visitor_to_log_in(visitor: Person) -> None:
    answer = visitor.get("/checkout/success?session_id=cs_test_1")

    assert answer.status_code == 302
    assert "/login" in answer.location


@given(session_id=st.text() | st.text().map("cs_test_".__add__))
def test_any_session_id_that_is_none_of_ours_is_not_found(alice: Person, session_id: str) -> None:
    limiter.reset()

    answer = alice.client.get("/checkout/success", query_string={"session_id": session_id.encode(errors="replace")})

    assert answer.status_code == 404


def test_checkout_is_limited(alice: Person) -> None:
    token = alice.csrf_token("/pricing")

    answers = [alice.client.post("/checkout/gold", data={"csrf_token": token}).status_code for _ in range(25)]

    assert set(answers[:20]) == {404}
    assert set(answers[20:]) == {429}


def _follow_to_checkout(person: Person, address: str, page: str) -> str:
    """Go on as a browser does, pressing the one button on a page that asks for it."""
    for _ in range(4):
        if "/c/pay/" in address:
            return address
        answer = person.get(address)
        form = re.search(r'<form[^>]*action="([^"]*/checkout/[^"]+)"', answer.text)
        if answer.status_code in (302, 303):
            address = answer.location
        else:
            assert form, answer.text
            interval = re.search(r'name="interval" value="(\w+)"', answer.text)
            token = person.csrf_token(address)
            fields = {"csrf_token": token, "interval": interval[1] if interval else "month"}
            address = person.client.post(form[1], data=fields).location
    raise AssertionError("Checkout was not reached")


def test_return_page_of_a_refunded_order_says_that_it_was_taken_back(alice: Person, at_stripe: Stripe, deliver) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("lifetime").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    at_stripe.v1.refunds.create({"payment_intent": at_stripe.session(session_id)["payment_intent"]})
    deliver(at_stripe.events("charge.refunded")[-1])

    assert 'data-state="reversed"' in alice.get(f"/checkout/success?session_id={session_id}").text


def test_who_bought_for_life_is_offered_nothing_that_it_includes(alice: Person, at_stripe: Stripe) -> None:
    session_id = session_id_in(alice.buy("lifetime").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")

    page = alice.get("/pricing").text

    assert page.count("Included in what you have.") == 2
    assert "Choose " not in page and "Recommended" not in page


@pytest.fixture
def subscribed(site: str, alice: Person, at_stripe: Stripe, emulator: Emulator) -> Person:
    """Alice, who pays for Pro by the month."""
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    emulator.wait_until_idle()
    return alice


def test_yearly_tab_offers_a_monthly_subscriber_the_switch(subscribed: Person, at_stripe: Stripe) -> None:
    page = subscribed.get("/pricing?interval=year").text
    subscribed.buy("pro", "year")

    assert "Switch to yearly, save $58" in page
    [item] = at_stripe.events("billing_portal.session.created")[-1]["data"]["object"]["flow"][
        "subscription_update_confirm"
    ]["items"]
    assert item["price"] == at_stripe.price("shop_pro_year")


def test_switch_is_not_offered_at_the_interval_that_is_paid_for(subscribed: Person) -> None:
    assert "Switch to" not in subscribed.get("/pricing").text


def test_who_was_given_a_role_is_not_asked_to_buy_it(alice: Person) -> None:
    with alice.app.app_context():
        db.session.add(Grant(user_id=alice.id, role="pro", role_rank=20, granted_by="operator"))
        db.session.commit()

    page = alice.get("/pricing").text

    assert "You have Pro as a gift." in page
    assert page.count("Included in what you have.") >= 2
    assert "Choose Pro" not in page


def test_log_in_at_the_top_of_the_sign_up_page_keeps_the_chosen_plan(visitor: Person) -> None:
    page = visitor.get("/signup?plan=pro&interval=year").text
    masthead = page[: page.index("</header>")]

    assert 'href="/login?plan=pro&amp;interval=year"' in masthead
