"""Browsing what the emulator holds, and making things happen."""

import json
import re
import time
from datetime import UTC, datetime

import pytest

from stripe_emulator import Emulator
from stripe_emulator.hosted.dashboard.kinds import KINDS
from tests.hosted.conftest import CARD, Shop, Visitor
from tests.webhook_receiver import WebhookReceiver

LISTS = (
    "customers",
    "events",
    "keys",
    "webhooks",
    "portal",
    "time",
    "chaos",
    "reset",
)


def test_every_page_opens_before_anything_happened(own: tuple[Shop, Visitor, Emulator]) -> None:
    _, visitor, _ = own
    visitor.post("/dashboard/reset", {})

    answers = {name: visitor.get(f"/dashboard/{name}").status for name in LISTS}

    assert set(answers.values()) == {200}


@pytest.mark.parametrize("name", sorted({*LISTS, *KINDS}))
def test_every_page_opens_with_something_to_show(shop: Shop, visitor: Visitor, name: str) -> None:
    customer, _ = shop.subscriber()
    shop.checkout(customer=customer.id)
    shop.client.v1.coupons.create({"percent_off": 12.5, "duration": "once", "id": f"{name}-{customer.id}"})

    page = visitor.get(f"/dashboard/{name}")

    assert page.status == 200
    assert "<h1" in page.text


def test_second_tab_has_keys_and_webhook_secret(shop: Shop, visitor: Visitor, emulator: Emulator) -> None:
    endpoint = shop.client.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/hook", "enabled_events": ["invoice.paid"]}
    )
    page = visitor.get("/dashboard/keys")
    shop.client.v1.webhook_endpoints.delete(endpoint.id)

    assert emulator.secret_key in page.text
    assert str(endpoint.secret) in page.text


def test_every_object_of_a_subscription_has_its_page(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber()
    page = visitor.get(f"/dashboard/object/customer/{customer.id}")

    links = set(re.findall(r'href="(/dashboard/object/[^"]+)"', page.text))
    answers = {link: visitor.get(link) for link in links}

    assert f"/dashboard/object/subscription/{subscription.id}" in links
    assert {answer.status for answer in answers.values()} == {200}
    assert "customer.created" in page.text


def test_objects_link_to_each_other_both_ways(shop: Shop, visitor: Visitor) -> None:
    _, subscription = shop.subscriber("pro_year")
    price = f"/dashboard/object/price/{shop.prices['pro_year']}"
    bought = f"/dashboard/object/subscription/{subscription.id}"

    assert f'href="{price}"' in visitor.get(bought).text
    assert f'href="{bought}"' in visitor.get(price).text


def test_people_are_named_beside_their_ids_and_their_cards_can_be_broken(shop: Shop, visitor: Visitor) -> None:
    customer, _ = shop.subscriber()
    shop.client.v1.customers.update(customer.id, {"email": "named@example.com"})

    first, listed = visitor.get("/").text, visitor.get("/dashboard/invoices").text

    assert f'action="/dashboard/customers/{customer.id}/failing-card"' in first
    assert ("named@example.com" in first, "named@example.com" in listed) == (True, True)


def test_an_objects_json_is_shown_as_it_is(shop: Shop, visitor: Visitor) -> None:
    customer = shop.customer(metadata={"note": "</pre><script>alert(1)</script>"})

    page = visitor.get(f"/dashboard/object/customer/{customer.id}")

    body = re.search(r"<pre[^>]*>(.*?)</pre>", page.response.text, re.DOTALL)
    assert body is not None
    assert "<script>alert" not in page.response.text
    assert json.loads(visitor_text(body[1]))["metadata"] == {"note": "</pre><script>alert(1)</script>"}


def visitor_text(html: str) -> str:
    from html import unescape

    return unescape(html)


def test_search_finds_by_id_and_by_email(shop: Shop, visitor: Visitor) -> None:
    customer = shop.customer(email="findme_100%@example.com")

    by_id = visitor.get(f"/dashboard/search?q={customer.id}")
    by_email = visitor.get("/dashboard/search?q=findme_100%25")
    nothing = visitor.get("/dashboard/search?q=findme%25_")

    assert by_id.location == f"/dashboard/object/customer/{customer.id}"
    assert customer.id in by_email.text
    assert customer.id not in nothing.text


@pytest.mark.parametrize(("typed", "refunded"), [("", 2900), ("5.00", 500)])
def test_refund_in_full_or_in_part(shop: Shop, visitor: Visitor, typed: str, refunded: int) -> None:
    customer, _ = shop.subscriber("pro_month")
    charge = shop.client.v1.charges.list({"customer": customer.id}).data[0]

    visitor.post(f"/dashboard/charges/{charge.id}/refund", {"amount": typed})

    assert shop.client.v1.charges.retrieve(charge.id).amount_refunded == refunded


def test_refund_of_nonsense_is_refused(shop: Shop, visitor: Visitor) -> None:
    customer, _ = shop.subscriber("pro_month")
    charge = shop.client.v1.charges.list({"customer": customer.id}).data[0]

    answers = [
        visitor.post(f"/dashboard/charges/{charge.id}/refund", {"amount": typed}).status
        for typed in ("five", "-1", "999.00", "0")
    ]

    assert answers == [400, 400, 400, 400]
    assert shop.client.v1.charges.retrieve(charge.id).amount_refunded == 0


@pytest.mark.parametrize(("action", "status"), [("win", "won"), ("lose", "lost")])
def test_dispute_is_opened_and_decided(shop: Shop, visitor: Visitor, action: str, status: str) -> None:
    customer, _ = shop.subscriber("pro_month")
    charge = shop.client.v1.charges.list({"customer": customer.id}).data[0]

    visitor.post(f"/dashboard/charges/{charge.id}/dispute", {})
    dispute = shop.client.v1.disputes.list({"charge": charge.id}).data[0]
    visitor.post(f"/dashboard/disputes/{dispute.id}/{action}", {})

    assert wait_for_status(shop, dispute.id, status) == status


def wait_for_status(shop: Shop, dispute: str, wanted: str) -> str:
    for _ in range(80):
        if shop.client.v1.disputes.retrieve(dispute).status == wanted:
            break
        time.sleep(0.1)
    return shop.client.v1.disputes.retrieve(dispute).status


def test_session_is_expired(shop: Shop, visitor: Visitor) -> None:
    session = shop.checkout()

    visitor.post(f"/dashboard/checkout-sessions/{session.id}/expire", {})

    assert shop.client.v1.checkout.sessions.retrieve(session.id).status == "expired"


def test_card_is_changed_to_a_failing_one_and_back(own: tuple[Shop, Visitor, Emulator]) -> None:
    shop, visitor, _ = own
    session = shop.checkout(customer=shop.customer().id)
    visitor.post(f"/c/pay/{session.id}", CARD)
    paid = shop.client.v1.checkout.sessions.retrieve(session.id)
    customer, subscription = str(paid.customer), str(paid.subscription)

    visitor.post(f"/dashboard/customers/{customer}/failing-card", {})
    visitor.post("/dashboard/time", {"step": "renewal"})
    failed = shop.client.v1.subscriptions.retrieve(subscription).status
    visitor.post(f"/dashboard/customers/{customer}/working-card", {})
    open_invoice = shop.client.v1.invoices.list({"customer": customer, "status": "open"}).data[0]
    visitor.post(f"/dashboard/invoices/{open_invoice.id}/charge", {})

    assert failed == "past_due"
    assert shop.client.v1.subscriptions.retrieve(subscription).status == "active"


def test_subscription_is_canceled_later_kept_and_canceled_now(shop: Shop, visitor: Visitor) -> None:
    _, subscription = shop.subscriber()
    path = f"/dashboard/subscriptions/{subscription.id}"

    visitor.post(f"{path}/cancel-later", {})
    later = shop.client.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end
    visitor.post(f"{path}/keep", {})
    kept = shop.client.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end
    visitor.post(f"{path}/cancel", {})

    assert (later, kept) == (True, False)
    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "canceled"


def test_clock_moves_to_the_renewal_and_past_the_trial(own: tuple[Shop, Visitor, Emulator]) -> None:
    shop, visitor, _ = own
    _, subscription = shop.subscriber(trial_period_days=14)

    visitor.post("/dashboard/time", {"step": "trial"})
    started = shop.client.v1.subscriptions.retrieve(subscription.id)
    visitor.post("/dashboard/time", {"step": "renewal"})
    renewed = shop.client.v1.subscriptions.retrieve(subscription.id)

    invoice = shop.client.v1.invoices.retrieve(str(renewed.latest_invoice))
    assert started.status == "active"
    assert renewed.items.data[0].current_period_start == started.items.data[0].current_period_end
    assert (invoice.status, invoice.billing_reason) == ("paid", "subscription_cycle")


def test_clock_at_the_next_renewal_leaves_nobodys_invoice_a_draft(own: tuple[Shop, Visitor, Emulator]) -> None:
    shop, visitor, emulator = own
    for minutes in (0, 40, 50, 200):
        emulator.advance(seconds=minutes * 60)
        shop.subscriber()

    visitor.post("/dashboard/time", {"step": "renewal"})

    invoices = shop.client.v1.invoices.list({"limit": 100}).data
    renewals = [each for each in invoices if each.billing_reason == "subscription_cycle"]
    assert [each.status for each in renewals] == ["paid"] * 3


def test_clock_moves_by_a_month_of_the_calendar(own: tuple[Shop, Visitor, Emulator]) -> None:
    shop, visitor, emulator = own
    _, subscription = shop.subscriber()
    end = subscription.items.data[0].current_period_end

    page = visitor.get("/dashboard/time")
    visitor.post("/dashboard/time", {"step": "month"})

    assert "Advance a month" in page.text
    with emulator.store.read() as tx:
        assert end <= tx.now() < end + 7200
    renewal = shop.client.v1.invoices.list({"subscription": subscription.id}).data[0]
    assert (renewal.status, renewal.billing_reason) == ("paid", "subscription_cycle")


def test_test_clock_moves_alone(shop: Shop, visitor: Visitor) -> None:
    clock = shop.client.v1.test_helpers.test_clocks.create({"frozen_time": 1_800_000_000})

    visitor.post("/dashboard/time", {"clock": clock.id, "amount": "3", "unit": "days"})

    moved = shop.client.v1.test_helpers.test_clocks.retrieve(clock.id)
    assert moved.frozen_time == 1_800_000_000 + 3 * 86400


@pytest.mark.parametrize("page", ["/", "/dashboard/time"])
def test_pressing_a_dot_of_the_lifeline_advances_to_it(own: tuple[Shop, Visitor, Emulator], page: str) -> None:
    shop, visitor, emulator = own
    _, subscription = shop.subscriber()
    ends = subscription.items.data[0].current_period_end

    line = visitor.get(page).text
    dots = re.findall(r'name="until" value="(\d+)"', line)
    visitor.post("/dashboard/time", {"until": dots[0]})

    assert int(dots[0]) == ends < int(dots[1])
    assert [each.status for each in shop.client.v1.invoices.list().data] == ["paid", "paid"]
    with emulator.store.read() as tx:
        assert tx.now() > ends
    assert visitor.get(page).text.count('class="life__paid"') == 2


def test_lifeline_names_the_year_where_it_is_another(own: tuple[Shop, Visitor, Emulator]) -> None:
    shop, visitor, _ = own
    _, subscription = shop.subscriber("pro_year")
    ends = datetime.fromtimestamp(subscription.items.data[0].current_period_end, UTC)

    line = visitor.get("/dashboard/time").text

    assert f">{ends:%-d %b %Y}</time>" in line
    assert f">{datetime.now(UTC):%-d %b}</time>" in line


def test_lifeline_shows_a_failed_charge_and_the_last_day(own: tuple[Shop, Visitor, Emulator]) -> None:
    shop, visitor, emulator = own
    customer, subscription = shop.subscriber()
    visitor.post(f"/dashboard/customers/{customer.id}/failing-card", {})
    emulator.advance(days=32)
    failed = visitor.get("/dashboard/time").text
    shop.client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})

    ending = visitor.get("/dashboard/time").text

    assert ('class="life__failed"' in failed, 'class="life__end"' in failed) == (True, False)
    assert ('class="life__end"' in ending, ">Renews<" in ending) == (True, False)


def test_time_that_cannot_be_reached_is_refused(own: tuple[Shop, Visitor, Emulator]) -> None:
    _, visitor, emulator = own
    impossible = (
        {},
        {"step": "trial"},
        {"amount": "-1", "unit": "days"},
        {"amount": "1", "unit": "years"},
        {"amount": "0", "unit": "days"},
        {"amount": "9999", "unit": "days"},
        {"clock": "clock_unknown", "step": "day"},
        {"until": "1"},
        {"until": "99999999999"},
    )

    answers = [visitor.post("/dashboard/time", form).status for form in impossible]

    with emulator.store.read() as tx:
        assert abs(tx.now() - time.time()) < 5
    assert set(answers) <= {400, 404}


def test_chaos_is_switched_on_and_off(own: tuple[Shop, Visitor, Emulator]) -> None:
    _, visitor, _ = own

    visitor.post("/dashboard/chaos", {"duplicate": "25", "delay": "1.5", "shuffle": "on"})
    on = visitor.get("/dashboard/chaos")
    visitor.post("/dashboard/chaos", {"preset": "none"})
    off = visitor.get("/dashboard/chaos")
    refused = visitor.post("/dashboard/chaos", {"duplicate": "200"})

    assert "It is on." in on.text
    assert 'value="25"' in on.text
    assert "It is off" in off.text
    assert refused.status == 400


def test_reset_asks_first_and_then_deletes(own: tuple[Shop, Visitor, Emulator]) -> None:
    shop, visitor, _ = own
    shop.customer()

    asked = visitor.get("/dashboard/reset")
    kept = len(shop.client.v1.customers.list().data)
    visitor.post("/dashboard/reset", {})

    assert "Delete everything" in asked.text
    assert kept == 1
    assert shop.client.v1.customers.list().data == []


def test_delivery_shows_request_and_response_and_is_sent_again(
    own: tuple[Shop, Visitor, Emulator], receiver: WebhookReceiver
) -> None:
    shop, visitor, emulator = own
    shop.client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})
    shop.customer()
    emulator.wait_until_idle()

    listed = visitor.get("/dashboard/webhooks")
    number = re.search(r"/dashboard/webhooks/deliveries/(\d+)\"", listed.text)
    assert number is not None
    shown = visitor.get(f"/dashboard/webhooks/deliveries/{number[1]}")
    visitor.post(f"/dashboard/webhooks/deliveries/{number[1]}/resend", {})
    emulator.wait_until_idle()

    assert "Stripe-Signature" in shown.text
    assert "customer.created" in shown.text
    assert len(receiver.received) == 2
