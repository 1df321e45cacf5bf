"""Events, orders, subscriptions and the audit, as the operator reads them."""

import json
import uuid
from datetime import timedelta

import pytest
from flask import Flask

from app.admin.paging import newest_first
from app.auth.models import User
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.reconcile.users import sync_user
from app.billing.webhooks.log import EventFilter, events_query
from app.database import db, utcnow
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in


def add_event(app: Flask, event_id: str, outcome: str = "processed", **values: object) -> None:
    body = {
        "id": event_id,
        "object": "event",
        "type": "product.created",
        "created": 1_790_000_000,
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "prod_1", "object": "product", "name": "<b>bold</b>"}},
    }
    row = {"type": "product.created", "payload": json.dumps(body), "created_at": utcnow()} | values
    with app.app_context():
        db.session.add(StripeEvent(id=event_id, outcome=outcome, **row))
        db.session.commit()


def add_order(app: Flask, owner: Person, state: str, **values: object) -> None:
    with app.app_context():
        order = Order(
            id=uuid.uuid4(), user_id=owner.id, state=state, plan_key="pro", interval="month", amount=2900,
            currency="usd", **{"stripe_account": current_scope().stripe_account, "livemode": False, **values},
        )  # fmt: skip
        db.session.add(order)
        db.session.commit()


def test_events_are_filtered_by_outcome_and_type(app: Flask, olga: Person) -> None:
    add_event(app, "evt_fine")
    add_event(app, "evt_broken", "failed", type="invoice.paid")

    assert "evt_fine" not in olga.get("/admin/events?outcome=failed").text
    assert "evt_broken" in olga.get("/admin/events?outcome=failed").text
    assert "evt_fine" not in olga.get("/admin/events?type=invoice.paid").text
    assert "evt_fine" in olga.get("/admin/events?outcome=nonsense").text


def test_rare_events_are_looked_for_a_stretch_at_a_time(app: Flask) -> None:
    start = utcnow()
    for number in range(12):
        kind = "customer.deleted" if number in (0, 3) else "product.created"
        add_event(app, f"evt_{number:02}", type=kind, received_at=start + timedelta(seconds=number // 2))
    query = events_query(EventFilter(type="customer.deleted"))
    seen: list[str] = []
    stretches, after = 0, None

    with app.app_context():
        while stretches == 0 or after:
            page = newest_first(query, StripeEvent.received_at, StripeEvent.id, after, look_through=5)
            seen += [event.id for event in page.rows]
            stretches, after = stretches + 1, page.older

    assert seen == ["evt_03", "evt_00"]
    assert stretches > 1


def test_event_shows_payload_error_and_changes(app: Flask, olga: Person) -> None:
    changes = {"sub_1": {"before": {"status": "active"}, "after": {"status": "past_due"}}}
    add_event(app, "evt_1", "failed", error="StripeUnavailable: down", changes=changes, tries=4)

    page = olga.get("/admin/events/evt_1").text

    assert "StripeUnavailable: down" in page
    assert "past_due" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_event_is_shown_whatever_characters_are_in_it(app: Flask, olga: Person) -> None:
    add_event(app, "evt_odd", payload='{"half a smile": "\\ud83d", "no\u00eb": "\\u0000"}')

    page = olga.get("/admin/events/evt_odd")

    assert page.status_code == 200
    assert "half a smile" in page.text


def test_event_without_its_payload_says_so_and_cannot_be_processed_again(app: Flask, olga: Person) -> None:
    add_event(app, "evt_1", payload=None)

    page = olga.get("/admin/events/evt_1").text

    assert "older than what is kept" in page
    assert "Process again" not in page


def test_replay_settles_a_failed_event(app: Flask, olga: Person) -> None:
    add_event(app, "evt_1", "failed", error="down")

    answer = olga.post("/admin/events/evt_1/replay", page="/admin/events/evt_1")

    assert answer.status_code == 303
    with app.app_context():
        event = db.session.get(StripeEvent, "evt_1")
        assert event is not None
        assert (event.outcome, event.tries, event.error) == ("ignored", 2, None)


@pytest.fixture
def missed(app: Flask, alice: Person, catalogue: None, at_stripe: Stripe) -> str:
    """The event of Alice's purchase, which could not be processed when it came."""
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    [event] = at_stripe.events("checkout.session.completed")
    add_event(app, event["id"], "failed", type=event["type"], payload=json.dumps(event), error="down")
    return str(event["id"])


def test_replay_says_plainly_what_came_of_it(olga: Person, alice: Person, missed: str) -> None:
    page = f"/admin/events/{missed}"

    assert "Processed. Changed: " in olga.read(olga.post(f"{page}/replay", page=page).location)
    assert alice.role == "pro"
    assert "Processed. Nothing changed." in olga.read(olga.post(f"{page}/replay", page=page).location)
    assert olga.read("/admin/acts").count(missed) == 2


def test_replay_of_all_lists_what_came_of_each(app: Flask, olga: Person, alice: Person, missed: str) -> None:
    with app.app_context():
        sync_user(db.session.get_one(User, alice.id), with_payments=True)
    add_event(app, "evt_fine")
    add_event(app, "evt_2", "failed", payload="no longer an event")
    add_event(app, "evt_3", "failed", error="down")

    answer = olga.post("/admin/events/replay", page="/admin/events?outcome=failed")
    told = olga.read(answer.location)

    assert "2 processed; 1 failed again." in told
    assert "evt_fine" not in told
    for words in ("Processed. Nothing changed.", "Failed: ", "Ignored: it is about nothing of ours."):
        assert told.count(words) == 1, words
    assert olga.get("/admin/events?replayed=4711").text.count("<code>evt_") == 0


def test_replay_that_fails_again_is_told(app: Flask, olga: Person) -> None:
    add_event(app, "evt_1", "failed", payload="no longer an event")

    olga.post("/admin/events/evt_1/replay", page="/admin/events/evt_1")

    assert "The event failed again" in olga.get("/admin/events/evt_1").text


@pytest.mark.parametrize("path", ["/admin/events/evt_none", "/admin/events/x%00y"])
def test_unknown_event_is_404(olga: Person, path: str) -> None:
    assert olga.get(path).status_code == 404


def test_overview_tells_what_needs_a_look(app: Flask, olga: Person, alice: Person) -> None:
    assert "Nothing. All is in order." in olga.get("/admin/").text
    add_event(app, "evt_1", "failed")
    add_order(app, alice, "mismatched")
    add_order(app, alice, "mismatched", livemode=True)
    add_order(app, alice, "mismatched", stripe_account="acct_another")

    page = olga.get("/admin/").text

    assert "1 event was not processed." in page
    assert "1 order was paid and could not be fulfilled." in page


def test_mismatched_order_stands_out_with_its_note(app: Flask, olga: Person, alice: Person) -> None:
    add_order(app, alice, "mismatched", note="paid in eur, ordered in usd")
    add_order(app, alice, "fulfilled")

    page = olga.get("/admin/orders?state=mismatched").text

    assert "paid in eur, ordered in usd" in page
    assert "badge--danger" in page
    assert page.count("alice@example.com") == 1


def test_subscriptions_name_plan_status_and_owner(app: Flask, olga: Person, alice: Person) -> None:
    alice_id = alice.id
    with app.app_context():
        now, account = utcnow(), current_scope().stripe_account
        db.session.add(
            Subscription(
                stripe_subscription_id="sub_1", user_id=alice_id, stripe_customer_id="cus_1", stripe_account=account,
                livemode=False, status="active", lookup_key="shop_pro_month", stripe_price_id="price_1", amount=2900,
                currency="usd", interval="month", current_period_end=now + timedelta(days=20), cancel_at=now,
                started_at=now, snapshot_at=now,
            )
        )  # fmt: skip
        db.session.commit()

    page = olga.get("/admin/subscriptions?status=active").text

    for text in ("alice@example.com", "Pro", "Canceling", "$29 a month", "sub_1"):
        assert text in page


def test_audit_names_rule_object_and_cause(app: Flask, olga: Person, alice: Person) -> None:
    with app.app_context():
        db.session.add(
            RoleChange(
                user_id=alice.id, role_before="free", role_after="pro", rule="subscription active", object_id="sub_1",
                cause="evt_1",
            )
        )  # fmt: skip
        db.session.commit()

    page = olga.get("/admin/audit").text

    for text in ("Free to Pro", "Subscription active", "sub_1", "/admin/events/evt_1"):
        assert text in page


def test_subscriptions_say_why_they_end_and_what_is_charged_next(app: Flask, olga: Person) -> None:
    now = utcnow()
    common: dict[str, object] = {"user_id": olga.id, "stripe_customer_id": "cus_1", "livemode": False}
    common |= {"lookup_key": "shop_pro_month", "amount": 2900, "currency": "usd", "interval": "month"}
    common |= {"started_at": now, "snapshot_at": now, "status": "active"}
    leaves = {"cancellation_reason": "cancellation_requested", "cancellation_feedback": "too_expensive"}
    leaves |= {"cancellation_comment": "See you in spring.", "cancel_at": now, "current_period_end": now}
    stays = {"next_asked_for": now, "next_amount": 1450, "next_currency": "usd", "next_discount_names": "HALF"}
    with app.app_context():
        common["stripe_account"] = current_scope().stripe_account
        db.session.add(Subscription(stripe_subscription_id="sub_1", **common | leaves))
        db.session.add(Subscription(stripe_subscription_id="sub_2", **common | stays))
        db.session.commit()

    page = olga.get("/admin/subscriptions").text

    assert "too expensive: “See you in spring.”" in page
    assert "$14.50 with HALF" in page


def test_list_of_payments_that_bought_nothing_may_be_empty(olga: Person) -> None:
    page = olga.get("/admin/payments?show=unearned").text

    assert "Payments that bought nothing" in page
    assert "None." in page


def test_page_of_one_user_or_event_is_marked_in_the_row_of_links(app: Flask, olga: Person) -> None:
    add_event(app, "evt_fine")

    user, event = olga.get(f"/admin/users/{olga.id}").text, olga.get("/admin/events/evt_fine").text

    assert '<a href="/admin/users" aria-current="true">' in user
    assert '<a href="/admin/events" aria-current="true">' in event
    assert '<a href="/admin/events" aria-current="page">' in olga.get("/admin/events").text
