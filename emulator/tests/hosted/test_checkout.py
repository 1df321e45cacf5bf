"""Paying a Checkout Session on its page."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import stripe

from stripe_emulator import Emulator
from tests.hosted.conftest import CANCEL_URL, CARD, Shop, Visitor


def pay(visitor: Visitor, session: stripe.checkout.Session, **changed: str) -> str:
    """Pay and return where that led."""
    page = visitor.post(f"/c/pay/{session.id}", {**CARD, **changed})
    assert page.status == 303, page.text
    return page.location


def test_page_tells_what_is_bought_and_that_no_money_moves(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout(customer=shop.customer().id)

    page = visitor.get(f"/c/pay/{session.id}")

    assert "Subscribe to Pro" in page.text
    assert "$29.00" in page.text
    assert "no money moves" in page.text
    assert "alice@example.com" in page.text
    assert f'<a href="{CANCEL_URL}" rel="noreferrer">Back</a>' in page.text


def test_page_is_the_merchants_and_its_bar_tells_of_clock_and_chaos(own: tuple[Shop, Visitor, Emulator]) -> None:
    shop, visitor, emulator = own
    emulator.configure(merchant_name="Perennial", merchant_accent="#00603c")
    emulator.advance(days=1)
    emulator.chaos(duplicate=0.5)

    page = visitor.get(f"/c/pay/{shop.checkout().id}")
    colour = visitor.get("/brand.css").text
    emulator.configure(merchant_accent="red; } body { display: none")

    assert "</span>Perennial</span>" in page.text
    assert ("UTC</time>, moved" in page.text, "Chaos on" in page.text) == (True, True)
    assert "--brand: #00603c;" in colour
    assert visitor.get("/brand.css").text == ""


@pytest.mark.parametrize(
    ("price", "button"), [("pro_month", "Subscribe for $29.00 a month"), ("pro_year", "Subscribe for $290.00 a year")]
)
def test_button_says_what_is_paid_and_how_often(shop: Shop, visitor: Visitor, price: str, button: str) -> None:
    page = visitor.get(f"/c/pay/{shop.checkout(price).id}")

    assert f">{button}</button>" in page.text


def test_button_promises_no_price_that_changes(shop: Shop, visitor: Visitor) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 50, "duration": "once"})

    page = visitor.get(f"/c/pay/{shop.checkout(discounts=[{'coupon': coupon.id}]).id}")

    assert ">Subscribe</button>" in page.text


def test_four_test_cards_are_seen_and_the_rest_is_folded(shop: Shop, visitor: Visitor) -> None:
    seen, folded = visitor.get(f"/c/pay/{shop.checkout().id}").text.split("<details")

    assert (seen.count("data-fill="), folded.count("data-fill=") > 10) == (4, True)


def test_paying_subscribes_and_returns_to_the_shop(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout(customer=shop.customer().id)

    location = pay(visitor, session)

    paid = shop.client.v1.checkout.sessions.retrieve(session.id)
    subscription = shop.client.v1.subscriptions.retrieve(str(paid.subscription))
    assert location == f"http://127.0.0.1:9/success?session_id={session.id}"
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    assert subscription.status == "active"


def test_one_time_payment_has_the_button_pay(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout("lifetime", customer=shop.customer().id)

    page = visitor.get(f"/c/pay/{session.id}")
    pay(visitor, session)

    assert ">Pay</button>" in page.text
    assert shop.client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_email_is_asked_for_when_nobody_is_known(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout()

    refused = visitor.post(f"/c/pay/{session.id}", CARD)
    pay(visitor, session, email="bob@example.com")

    paid = shop.client.v1.checkout.sessions.retrieve(session.id)
    assert refused.status == 422
    assert "Enter an e-mail address" in refused.text
    assert shop.client.v1.customers.retrieve(str(paid.customer)).email == "bob@example.com"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("4000 0000 0000 0002", "Your card was declined."),
        ("4000 0000 0000 9995", "Your card has insufficient funds."),
        ("4000 0000 0000 0069", "Your card has expired."),
        ("4000 0000 0000 0127", "Your card's security code is incorrect."),
    ],
)
def test_decline_is_told_in_stripes_words_and_can_be_tried_again(
    shop: Shop, visitor: Visitor, number: str, message: str
) -> None:
    session = shop.checkout(customer=shop.customer().id)

    declined = visitor.post(f"/c/pay/{session.id}", {**CARD, "card_number": number})
    before = shop.client.v1.checkout.sessions.retrieve(session.id)
    pay(visitor, session)

    assert declined.status == 402
    assert message in declined.text
    assert (before.status, before.subscription) == ("open", None)
    assert shop.client.v1.checkout.sessions.retrieve(session.id).status == "complete"


def test_pressing_many_times_at_once_pays_once(shop: Shop, visitor: Visitor, emulator: Emulator) -> None:
    customer = shop.customer().id
    session = shop.checkout(customer=customer)

    def press(_: int) -> str:
        one = Visitor(emulator.url)
        try:
            return pay(one, session)
        finally:
            one.close()

    with ThreadPoolExecutor(8) as pool:
        places = set(pool.map(press, range(8)))

    assert len(places) == 1
    assert len(shop.client.v1.subscriptions.list({"customer": customer}).data) == 1
    assert len(shop.client.v1.charges.list({"customer": customer}).data) == 1


def test_three_d_secure_completes_the_session(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout(customer=shop.customer().id)
    challenge = urlsplit(pay(visitor, session, card_number="4000 0027 6000 3184")).path

    page = visitor.get(challenge)
    answer = visitor.post(challenge, {"outcome": "complete"})
    again = visitor.post(challenge, {"outcome": "complete"})

    assert ">Complete</button>" in page.text
    assert ">Fail</button>" in page.text
    assert "form-action 'self' http://127.0.0.1:9" in page.response.headers["Content-Security-Policy"].replace(
        visitor.url + " ", ""
    )
    assert answer.location == again.location == f"http://127.0.0.1:9/success?session_id={session.id}"
    assert shop.client.v1.checkout.sessions.retrieve(session.id).status == "complete"


def test_failed_three_d_secure_leaves_the_session_open(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout(customer=shop.customer().id)
    challenge = urlsplit(pay(visitor, session, card_number="4000 0027 6000 3184")).path

    back = visitor.post(challenge, {"outcome": "fail"}).location
    page = visitor.get(back)

    assert "unable to authenticate your payment method" in page.text
    assert shop.client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_card_that_passes_three_d_secure_can_still_be_declined(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout(customer=shop.customer().id)
    challenge = urlsplit(pay(visitor, session, card_number="4000 0084 0000 1629")).path

    back = visitor.post(challenge, {"outcome": "complete"}).location
    page = visitor.get(back)

    assert "Your card was declined." in page.text
    assert shop.client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_trial_says_what_is_due_and_when(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout(customer=shop.customer().id, subscription_data={"trial_period_days": 14})

    page = visitor.get(f"/c/pay/{session.id}")
    pay(visitor, session)

    paid = shop.client.v1.checkout.sessions.retrieve(session.id)
    assert ">Start trial</button>" in page.text
    assert "Nothing is due for the trial." in page.text
    assert "$0.00" in page.text
    assert paid.payment_status == "no_payment_required"
    assert shop.client.v1.subscriptions.retrieve(str(paid.subscription)).status == "trialing"


def test_trial_without_a_card_asks_for_none(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout(
        customer=shop.customer().id,
        subscription_data={"trial_period_days": 14},
        payment_method_collection="if_required",
    )

    page = visitor.get(f"/c/pay/{session.id}")
    answer = visitor.post(f"/c/pay/{session.id}", {})

    assert "Card number" not in page.text
    assert answer.status == 303
    assert shop.client.v1.checkout.sessions.retrieve(session.id).status == "complete"


def test_promotion_code_lowers_what_is_due(shop: Shop, visitor: Visitor) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 50, "duration": "once"})
    code = shop.client.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HALF-OFF"}
    )
    session = shop.checkout(customer=shop.customer().id, allow_promotion_codes=True)
    address = f"/c/pay/{session.id}/promotion-code"

    unknown = visitor.post(address, {"promotion_code": "NOPE"})
    applied = visitor.post(address, {"promotion_code": code.code.lower()})
    page = visitor.get(f"/c/pay/{session.id}")
    pay(visitor, session)

    assert unknown.status == 422
    assert "This code is invalid." in unknown.text
    assert applied.status == 303
    assert "HALF-OFF" in page.text
    assert "$14.50" in page.text
    assert "After the first payment $29.00 per month" in page.text
    assert shop.client.v1.checkout.sessions.retrieve(session.id).amount_total == 1450


def test_promotion_code_can_be_taken_off(shop: Shop, visitor: Visitor) -> None:
    coupon = shop.client.v1.coupons.create({"amount_off": 500, "currency": "usd", "duration": "forever"})
    code = shop.client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    session = shop.checkout(customer=shop.customer().id, allow_promotion_codes=True)

    visitor.post(f"/c/pay/{session.id}/promotion-code", {"promotion_code": code.code})
    with_code = shop.client.v1.checkout.sessions.retrieve(session.id).amount_total
    visitor.post(f"/c/pay/{session.id}/promotion-code", {"remove": "1"})

    assert with_code == 2400
    assert shop.client.v1.checkout.sessions.retrieve(session.id).amount_total == 2900


def test_buyer_changes_how_many_where_the_session_says_so(shop: Shop, visitor: Visitor) -> None:
    adjustable = {"enabled": True, "minimum": 2, "maximum": 50}
    item = {"price": shop.prices["basic_month"], "quantity": 3, "adjustable_quantity": adjustable}
    session = shop.checkout(customer=shop.customer().id, line_items=[item])
    line = shop.client.v1.checkout.sessions.line_items.list(session.id).data[0]
    address = f"/c/pay/{session.id}/quantity"

    refused = [visitor.post(address, {"item": line.id, "quantity": one}) for one in ("1", "51", "x", "-3", "")]
    unknown = visitor.post(address, {"item": "item_other", "quantity": "4"})
    changed = visitor.post(address, {"item": line.id, "quantity": "7"})
    page = visitor.get(f"/c/pay/{session.id}")
    pay(visitor, session)

    paid = shop.client.v1.checkout.sessions.retrieve(session.id)
    assert [answer.status for answer in refused] == [422] * 5
    assert all("Enter a quantity from 2 to 50." in answer.text for answer in refused)
    assert (unknown.status, changed.status) == (422, 303)
    assert 'min="2" max="50" value="7"' in page.text
    assert paid.amount_total == 7 * 900
    assert shop.client.v1.subscriptions.retrieve(paid.subscription)["items"].data[0].quantity == 7


def test_quantity_stays_where_the_session_does_not_offer_it(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout()
    line = shop.client.v1.checkout.sessions.line_items.list(session.id).data[0]

    answer = visitor.post(f"/c/pay/{session.id}/quantity", {"item": line.id, "quantity": "7"})

    assert answer.status == 422
    assert "Quantity" not in visitor.get(f"/c/pay/{session.id}").text
    assert shop.client.v1.checkout.sessions.retrieve(session.id).amount_total == session.amount_total


def test_pressing_a_test_card_fills_the_form(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout()

    page = visitor.post(f"/c/pay/{session.id}/fill", {"fill": "4000000000000002", "email": "bob@example.com"})

    assert 'value="4000 0000 0000 0002"' in page.text
    assert 'value="12 / 34"' in page.text
    assert 'value="bob@example.com"' in page.text


def test_sepa_debit_is_on_its_way(shop: Shop, visitor: Visitor) -> None:
    price = shop.client.v1.prices.create(
        {"product": shop.pro.id, "unit_amount": 2900, "currency": "eur", "recurring": {"interval": "month"}}
    )
    session = shop.checkout(customer=shop.customer().id, line_items=[{"price": price.id, "quantity": 1}])

    page = visitor.get(f"/c/pay/{session.id}")
    pay(visitor, session, method="sepa_debit", iban="DE89 3704 0044 0532 0130 00", account_name="Alice")

    assert "SEPA Direct Debit" in page.text
    assert "€29.00" in page.text
    assert shop.client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"


def test_a_bank_account_that_is_no_test_account_is_refused(shop: Shop, visitor: Visitor) -> None:
    price = shop.client.v1.prices.create({"product": shop.pro.id, "unit_amount": 2900, "currency": "eur"})
    session = shop.checkout("lifetime", customer=shop.customer().id, line_items=[{"price": price.id, "quantity": 1}])

    page = visitor.post(f"/c/pay/{session.id}", {"method": "sepa_debit", "iban": "DE02120300000000202051"})

    assert page.status == 422
    assert "DE02120300000000202051" not in page.text


def test_expired_session_says_so(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout(customer=shop.customer().id)
    shop.client.v1.checkout.sessions.expire(session.id)

    page = visitor.get(f"/c/pay/{session.id}")
    late = visitor.post(f"/c/pay/{session.id}", CARD)

    assert page.status == 410
    assert "This checkout has expired" in page.text
    assert late.location == f"/c/pay/{session.id}"


def test_expired_session_is_started_again_from_its_recovery_address(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout(
        customer=shop.customer().id,
        client_reference_id="order-1",
        subscription_data={"metadata": {"orderId": "order-1"}},
        after_expiration={"recovery": {"enabled": True}},
    )
    expired = shop.client.v1.checkout.sessions.expire(session.id)
    assert expired.after_expiration is not None
    assert expired.after_expiration.recovery is not None

    path = urlsplit(visitor.get(str(expired.after_expiration.recovery.url)).location).path
    visitor.post(path, CARD)

    copy = shop.client.v1.checkout.sessions.retrieve(path.rpartition("/")[2])
    subscription = shop.client.v1.subscriptions.retrieve(str(copy.subscription))
    assert (copy.recovered_from, copy.client_reference_id) == (session.id, "order-1")
    assert subscription.metadata["orderId"] == "order-1"


def test_session_without_recovery_cannot_be_started_again(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout(customer=shop.customer().id)

    assert visitor.get(f"/c/pay/{session.id}/recover").status == 404


def test_completed_session_shows_that_it_is_done(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout(customer=shop.customer().id)
    pay(visitor, session)

    page = visitor.get(f"/c/pay/{session.id}")
    again = visitor.post(f"/c/pay/{session.id}", CARD)

    assert "This checkout is done" in page.text
    assert again.location == f"http://127.0.0.1:9/success?session_id={session.id}"


def test_hostile_names_are_text(shop: Shop, visitor: Visitor) -> None:
    product = shop.client.v1.products.create({"name": "<script>alert(1)</script>"})
    price = shop.client.v1.prices.create({"product": product.id, "unit_amount": 100, "currency": "usd"})
    customer = shop.customer(name='"><img src=x onerror=alert(1)>', email="a+<x>@example.com")
    session = shop.checkout("lifetime", customer=customer.id, line_items=[{"price": price.id, "quantity": 1}])

    page = visitor.get(f"/c/pay/{session.id}")

    assert "<script>alert" not in page.response.text
    assert "<img" not in page.response.text
    assert "a+<x>" not in page.response.text


def test_address_of_the_shop_that_is_no_web_address_is_not_a_link(
    shop: Shop, visitor: Visitor, emulator: Emulator
) -> None:
    session = shop.checkout(customer=shop.customer().id)
    with emulator.store.write() as tx:
        stored = tx.require("checkout.session", session.id)
        tx.save({**stored, "cancel_url": "javascript:alert(1)", "success_url": "javascript:alert(2)"})

    page = visitor.get(f"/c/pay/{session.id}")
    location = pay(visitor, session)

    assert "javascript:" not in page.text
    assert location == f"/c/pay/{session.id}"
