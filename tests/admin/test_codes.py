"""Promotion codes: made at Stripe from the admin page, used in Checkout, and who used them."""

import re
import time
from datetime import timedelta

import pytest
from flask import Flask

from app.audit import OperatorAct
from app.billing.models.used import UsedCode
from app.database import db, utcnow
from tests.billing.support.conftest import absent_stripe
from tests.people import Person
from tests.stripe_actions import Stripe, event_of, session_id_in

pytestmark = pytest.mark.needs("app/admin")
PAGE = "/admin/codes"
HALF = {"code": "half", "kind": "percent", "off": "50", "duration": "repeating", "months": "3"}


def acts(app: Flask) -> list[tuple[str, bool]]:
    with app.app_context():
        return [(row.kind, bool(row.error)) for row in db.session.scalars(db.select(OperatorAct))]


def uses(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [(row.code_id, row.used_for) for row in db.session.scalars(db.select(UsedCode))]


def test_a_code_is_made_used_and_says_by_whom(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, app: Flask, deliver
) -> None:
    at_stripe.mute()
    last_day = f"{utcnow().date() + timedelta(days=30)}"

    answer = olga.post(PAGE, page=PAGE, **HALF, max_redemptions="10", last_day=last_day, is_for_new_customers="y")

    [code] = at_stripe.v1.promotion_codes.list({"expand": ["data.promotion.coupon"]}).data
    coupon = code.promotion.coupon
    assert (code.code, code.max_redemptions, code.restrictions.first_time_transaction) == ("HALF", 10, True)
    assert (coupon.percent_off, coupon.duration, coupon.duration_in_months) == (50, "repeating", 3)
    assert answer.location == f"{PAGE}/{code.id}"
    assert "50 % off for 3 months" in olga.read(PAGE)
    assert "Nobody here yet." in olga.read(answer.location)

    at_stripe.pay(session_id_in(alice.buy("pro").location), promotion_code="HALF")
    kinds = ("checkout.session.completed", "customer.subscription.created", "customer.discount.created")
    for event in [*at_stripe.events(*kinds), *at_stripe.events(*kinds)[::-1]]:
        deliver(event)

    [subscription] = at_stripe.subscriptions()
    assert uses(app) == [(code.id, subscription["id"])]
    said = olga.read(answer.location)
    assert "1 of 10" in said
    assert f"{alice.email}Pro" in said
    assert acts(app) == [("make_code", False)]


def test_an_amount_off_what_is_bought_once(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, app: Flask, deliver
) -> None:
    at_stripe.mute()
    answer = olga.post(PAGE, page=PAGE, code="TEN", kind="amount", off="9.50", duration="once")
    assert "$9.50 off the first payment" in olga.read(answer.location)

    session_id = session_id_in(alice.buy("lifetime").location)
    at_stripe.pay(session_id, promotion_code="TEN")
    for event in at_stripe.events("checkout.session.completed"):
        deliver(event)

    assert [used_for for _, used_for in uses(app)] == [session_id]
    assert f"{alice.email}Lifetime" in olga.read(answer.location)


def test_a_coupon_given_by_hand_is_noted_for_its_customer_and_a_strangers_is_not(
    alice: Person, catalogue: None, at_stripe: Stripe, app: Flask, deliver
) -> None:
    at_stripe.mute()
    alice.buy("pro")
    [ours] = at_stripe.v1.customers.list().data
    discount = {"object": "discount", "source": {"type": "coupon", "coupon": "GIFT"}, "start": 1_790_000_000}

    for name, customer in (("di_1", ours.id), ("di_2", "cus_stranger")):
        deliver(event_of("customer.discount.created", {**discount, "id": name, "customer": customer}))

    assert uses(app) == [("GIFT", ours.id)]


def test_a_code_is_switched_off_and_on(olga: Person, catalogue: None, at_stripe: Stripe, app: Flask) -> None:
    page = olga.post(PAGE, page=PAGE, **HALF).location

    for active, told in (("false", "Nobody can use it any more."), ("true", "It can be used again.")):
        answer = olga.post(f"{page}/switch", page=page, active=active)
        assert told in olga.read(answer.location)
        [code] = at_stripe.v1.promotion_codes.list().data
        assert code.active is (active == "true")

    assert acts(app) == [("make_code", False), ("switch_code", False), ("switch_code", False)]


def test_a_code_that_is_used_up_or_whose_time_is_over_is_not_offered_to_be_switched(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    page = olga.post(PAGE, page=PAGE, **HALF, max_redemptions="1").location
    before = olga.read(page)
    [half] = at_stripe.v1.promotion_codes.list({"expand": ["data.promotion.coupon"]}).data
    promotion = {"type": "coupon", "coupon": half.promotion.coupon.id}
    ended = at_stripe.v1.promotion_codes.create({"promotion": promotion, "expires_at": int(time.time())})
    at_stripe.pay(session_id_in(alice.buy("pro").location), promotion_code="HALF")

    assert "Switch it" in before
    assert "Switch it" not in olga.read(page)
    assert "Switch it" not in olga.read(f"{PAGE}/{ended.id}")


def test_a_code_that_is_taken_leaves_no_coupon_behind(
    olga: Person, catalogue: None, at_stripe: Stripe, app: Flask
) -> None:
    olga.post(PAGE, page=PAGE, **HALF)

    answer = olga.post(PAGE, page=PAGE, **HALF)

    assert answer.status_code == 422
    assert "Stripe refuses: An active promotion code with" in answer.text
    assert len(at_stripe.v1.coupons.list().data) == len(at_stripe.v1.promotion_codes.list().data) == 1
    assert acts(app) == [("make_code", False), ("make_code", True)]


def test_a_code_that_was_taken_is_made_under_another_name(olga: Person, catalogue: None, at_stripe: Stripe) -> None:
    olga.post(PAGE, page=PAGE, **HALF)
    refused = olga.post(PAGE, page=PAGE, **HALF, token="one-attempt").text
    [token] = re.findall(r'name="token"[^>]* value="([^"]+)"', refused)

    answer = olga.post(PAGE, page=PAGE, **{**HALF, "code": "half2", "token": token})

    assert answer.status_code == 303, answer.text
    assert {one.code for one in at_stripe.v1.promotion_codes.list().data} == {"HALF", "HALF2"}


def test_the_same_form_sent_twice_makes_one_code(olga: Person, catalogue: None, at_stripe: Stripe) -> None:
    fields = HALF | {"token": "t" * 32}

    answers = [olga.post(PAGE, page=PAGE, **fields) for _ in range(2)]

    assert {answer.status_code for answer in answers} == {303}
    assert len(at_stripe.v1.coupons.list().data) == len(at_stripe.v1.promotion_codes.list().data) == 1


def test_while_stripe_is_away_nothing_is_made_and_what_was_typed_stays(
    olga: Person, catalogue: None, at_stripe: Stripe, app: Flask
) -> None:
    known = olga.post(PAGE, page=PAGE, **HALF).location
    with absent_stripe(app):
        listed, one = olga.read(PAGE), olga.read(known)
        answer = olga.post(PAGE, page=PAGE, **(HALF | {"code": "OTHER", "token": "kept-token"}))
        switched = olga.read(olga.post(f"{known}/switch", page=known, active="false").location)

    assert "The codes cannot be listed now." in listed
    assert "What it gives is not known now." in one
    assert answer.status_code == 503
    assert 'value="OTHER"' in answer.text
    assert "kept-token" in answer.text
    assert "Nothing was changed." in switched
    assert [code.code for code in at_stripe.v1.promotion_codes.list().data] == ["HALF"]


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"code": ""}, "Write the code"),
        ({"code": "two words"}, "Use letters, digits and dashes."),
        ({"off": "0"}, "more than nothing"),
        ({"off": "101"}, "at most 100 percent"),
        ({"off": "NaN"}, "more than nothing"),
        ({"kind": "amount", "off": "9.505"}, "That is no amount in USD."),
        ({"months": ""}, "Say how many months."),
        ({"last_day": "2020-01-01"}, "Choose a day that is still to come."),
        ({"max_redemptions": "0"}, "1"),
        ({"duration": "for ever"}, "Not a valid choice"),
    ],
)
def test_a_form_with_a_mistake_says_which(
    olga: Person, catalogue: None, at_stripe: Stripe, changed: dict[str, str], complaint: str
) -> None:
    answer = olga.post(PAGE, page=PAGE, **(HALF | changed))

    assert answer.status_code == 422
    assert complaint in answer.text
    assert at_stripe.v1.coupons.list().data == []


def test_an_unknown_code_is_404(olga: Person, catalogue: None) -> None:
    assert olga.get(f"{PAGE}/promo_nothing").status_code == 404
