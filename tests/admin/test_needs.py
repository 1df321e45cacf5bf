"""What needs the operator, and the way to put each thing right."""

import csv
import html
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.audit import OperatorAct
from app.auth.models import User
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.chores import Chore
from app.database import db, utcnow
from app.jobs import HEARTBEAT, NIGHT
from app.mail.outbox import OutboxMail
from tests.billing.support.conftest import paid
from tests.people import Person
from tests.stripe_actions import Stripe

pytestmark = pytest.mark.needs("app/admin")


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def add_mismatched_order(app: Flask, owner: Person) -> uuid.UUID:
    with app.app_context():
        order = Order(
            id=uuid.uuid4(), user_id=owner.id, state="mismatched", plan_key="lifetime", role="pro", role_rank=20,
            amount=19900, currency="usd", note="paid 100 usd, ordered for 19900 usd", livemode=False,
            stripe_account=current_scope().stripe_account,
        )  # fmt: skip
        db.session.add(order)
        db.session.commit()
        return order.id


def add_order_of_nobody(app: Flask, alice: Person) -> uuid.UUID:
    """The same, of an account that is gone; its id."""
    order_id = add_mismatched_order(app, alice)
    with app.app_context():
        db.session.execute(db.update(Order).values(user_id=None))
        db.session.commit()
    return order_id


def test_who_owes_is_named_with_the_amount_and_the_next_try(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, app: Flask
) -> None:
    paid(alice, at_stripe, "pro")
    [subscription] = at_stripe.subscriptions()
    at_stripe.use_card(subscription["customer"], "tok_chargeCustomerFail")
    at_stripe.emulator.advance(days=32)
    with app.app_context():
        from app.billing.reconcile.users import sync_user

        sync_user(db.session.scalars(db.select(User).where(User.email == alice.email)).one(), with_payments=True)

    assert re.search(
        r"alice@example\.com owes \$29 for Pro since \d.*\. Stripe tries again on \d", words(olga.get("/admin/").text)
    )


def test_each_trouble_ends_in_an_act(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, app: Flask
) -> None:
    """Each row of "Needs you" names what is the matter, and its link leads to a page that can be read."""
    paid(alice, at_stripe, "pro")
    add_mismatched_order(app, alice)
    an_hour_ago = utcnow() - timedelta(hours=2)
    with app.app_context():
        db.session.execute(db.update(OutboxMail).values(created_at=an_hour_ago, sent_at=None))
        columns = {"type": "invoice.paid", "created_at": utcnow(), "error": "down", "payload": "{}"}
        db.session.add(StripeEvent(id="evt_1", outcome="failed", **columns))
        late = {"paid_at": utcnow() + timedelta(hours=1), "has_failed_refund": True, "dispute_status": "needs_response"}
        db.session.execute(db.update(Payment).values(stripe_dispute_id="du_1", **late))
        gone = {"stripe_price_id": "price_gone", "lookup_key": None, "plan_key": None}
        status = {"status": "past_due", "unpaid_since": an_hour_ago, "ended_at": utcnow()}
        db.session.execute(db.update(Subscription).values(**gone, **status))
        scope = current_scope()
        where = {"stripe_account": scope.stripe_account, "livemode": scope.livemode, "user_id": alice.id}
        refused = {
            "status": "paid",
            "created_at": utcnow(),
            "amount": 1200,
            "currency": "usd",
            "has_failed_refund": True,
        }
        db.session.add(Payment(stripe_payment_intent_id="pi_1", stripe_invoice_id="in_1", **where, **refused))
        db.session.commit()

    page = olga.get("/admin/").text.partition("Needs you")[2].partition("</section>")[0]
    told = words(page)

    for sentence in (
        "1 event was not processed.",
        "is disputed.",
        "1 order was paid and could not be fulfilled.",
        "1 payment bought nothing.",
        "A refund of the $12 of",
        "alice@example.com owes",
        "for more than an hour: is the mail server up?",
    ):
        assert sentence in told, sentence
    links = [html.unescape(one) for one in re.findall(r'href="(/admin/[^"]*)"', page)]
    assert len(links) >= 7
    for link in links:
        assert olga.get(link).status_code == 200, link


def test_failed_events_are_replayed_all_at_once(olga: Person, app: Flask) -> None:
    body = (
        '{"id": "%s", "object": "event", "type": "product.created", "created": 1790000000, "livemode": false,'
        ' "api_version": "2026-10-28.endive", "data": {"object": {"id": "prod_1", "object": "product"}}}'
    )
    with app.app_context():
        for name, payload in (("evt_good", body % "evt_good"), ("evt_bad", "{}")):
            event = {"id": name, "type": "product.created", "payload": payload, "created_at": utcnow()}
            db.session.add(StripeEvent(outcome="failed", error="StripeUnavailable", **event))
        db.session.commit()
    page = "/admin/events?outcome=failed"
    assert "2 events were not processed." in words(olga.get("/admin/").text)

    answer = olga.post("/admin/events/replay", page=page)

    assert "1 processed; 1 failed again." in words(olga.get(answer.location).text)
    with app.app_context():
        assert db.session.get_one(StripeEvent, "evt_good").outcome != "failed"
        assert [row.kind for row in db.session.scalars(db.select(OperatorAct))] == ["replay"]


def test_a_mismatched_order_is_fulfilled_in_spite(olga: Person, alice: Person, catalogue: None, app: Flask) -> None:
    order_id = add_mismatched_order(app, alice)
    page = f"/admin/orders/{order_id}/settle"
    assert page in olga.get("/admin/orders?state=mismatched").text
    assert "paid 100 usd" in olga.get(page).text

    for told in ("The order is fulfilled.", "Only an order that was paid otherwise"):
        answer = olga.post(page, page=page, reason="we agreed on it")
        assert told in words(olga.get(answer.location).text)

    assert alice.role == "pro"


def test_an_order_whose_account_is_gone_can_only_be_refunded(
    olga: Person, alice: Person, catalogue: None, app: Flask
) -> None:
    order_id = add_order_of_nobody(app, alice)
    page = f"/admin/orders/{order_id}/settle"

    answer = olga.post(page, page=page)

    assert "Its account is gone: refund it." in words(olga.get(answer.location).text)
    with app.app_context():
        assert db.session.get_one(Order, order_id).state == "mismatched"


def test_an_order_whose_account_is_gone_is_attached_to_another(
    olga: Person, alice: Person, catalogue: None, app: Flask
) -> None:
    order_id = add_order_of_nobody(app, alice)
    page = f"/admin/orders/{order_id}/attach"
    assert page in olga.get("/admin/orders?state=mismatched").text

    refused = olga.post(page, page=page, email="nobody@example.com")
    assert (refused.status_code, "No account has this address." in refused.text) == (422, True)
    for told in ("alice@example.com has it now.", "Only an order that was paid and could not be fulfilled"):
        answer = olga.post(page, page=page, email="Alice@example.com", reason="she signed up again")
        assert told in words(olga.get(answer.location).text)

    assert alice.role == "pro"
    alice_id = alice.id
    with app.app_context():
        acts = [(row.kind, row.user_id, row.error) for row in db.session.scalars(db.select(OperatorAct))]
        assert acts[0] == ("attach", alice_id, "")


@pytest.mark.parametrize("changed", [{}, {"user_id": None, "interval": "month"}])
def test_an_order_with_an_account_or_a_subscription_is_not_attached(
    olga: Person, alice: Person, bob: Person, catalogue: None, app: Flask, changed: dict[str, Any]
) -> None:
    order_id = add_mismatched_order(app, alice)
    with app.app_context():
        db.session.execute(db.update(Order).values(note="", **changed))
        db.session.commit()
    page = f"/admin/orders/{order_id}/attach"

    answer = olga.post(page, page=page, email=bob.email)

    assert "refund it." in words(olga.get(answer.location).text)
    assert bob.role == "free"


def test_what_the_night_found_is_told_until_the_next(olga: Person, app: Flask) -> None:
    found = {"has_access_without_paying": 2, "pays_without_access": 1, "repaired_payments": 0, "failed": 3}
    with app.app_context():
        db.session.add(Chore(name=NIGHT, done_at=utcnow(), result=found))
        db.session.add(Chore(name=HEARTBEAT, done_at=utcnow() - timedelta(hours=1)))
        db.session.commit()

    said = words(olga.get("/admin/").text)

    assert (
        "Last night's comparison with Stripe found 2 with access without paying, 1 paying without access"
        in said.replace("&#39;", "'")
    )
    assert "Stripe could not be asked about 3 people." in said
    assert "Nobody works on jobs since" in said


def test_a_refund_that_failed_leads_to_another(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, app: Flask
) -> None:
    paid(alice, at_stripe, "pro")
    with app.app_context():
        db.session.execute(db.update(Payment).values(has_failed_refund=True))
        db.session.commit()

    page = olga.get("/admin/").text

    assert "A refund of the $29" in page
    assert re.search(r"/admin/payments/\d+/refund", page)


@pytest.mark.parametrize("name", ["users", "subscriptions", "orders", "payments", "audit", "acts"])
def test_each_list_can_be_downloaded_and_that_is_told(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, app: Flask, name: str
) -> None:
    paid(alice, at_stripe, "pro")

    answer = olga.post(f"/admin/{name}.csv", page=f"/admin/{name}")

    rows = list(csv.DictReader(answer.text.splitlines()))
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert len(rows) == {"users": 2, "acts": 1}.get(name, 1)
    assert "password" not in answer.text
    with app.app_context():
        told = db.session.scalars(db.select(OutboxMail.to_email).where(OutboxMail.template == "operator_notice"))
        assert list(told) == ["olga@example.com"]


def test_a_download_does_not_hold_up_who_writes(olga: Person, alice: Person, app: Flask) -> None:
    token = olga.csrf_token("/admin/users")

    sending = olga.client.post("/admin/users.csv", data={"csrf_token": token}, buffered=False)
    chunks = sending.iter_encoded()
    next(chunks)
    with app.app_context():
        db.session.execute(db.update(User).values(role_rank=0))
        db.session.commit()
    sending.close()


def test_what_a_spreadsheet_would_run_is_quoted(olga: Person, app: Flask, user_of: Callable[[str], User]) -> None:
    with app.app_context():
        db.session.execute(db.update(User).where(User.email == olga.email).values(plan_key="=1+1"))
        db.session.commit()

    assert "'=1+1" in olga.post("/admin/users.csv", page="/admin/users").text


def test_an_unknown_list_is_404_and_a_get_does_nothing(olga: Person) -> None:
    assert olga.post("/admin/secrets.csv", page="/admin/users").status_code == 404
    assert olga.get("/admin/users.csv").status_code == 405
