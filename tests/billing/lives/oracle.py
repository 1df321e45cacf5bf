"""What must be true at rest, worked out from what Stripe says alone."""

import itertools

from flask import Flask

from app.auth.models import User
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import optional_time
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import Grant, RoleChange
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.subscriptions.next_charge import refresh_next_charges
from app.database import db
from app.mail.outbox import OutboxMail
from tests.stripe_actions import Json, Stripe

RANK = {"free": 0, "basic": 1, "pro": 2}
# The emulator's clock is ahead of ours, so the grace of a past_due subscription is never over here.
GIVE_ACCESS = ("active", "trialing", "past_due")


def assert_everything_equals_stripe(app: Flask, stripe: Stripe) -> None:
    """Compare every row of ours with Stripe, and look for effects that happened twice."""
    with app.app_context():
        _assert_mirror(stripe)
        _assert_orders(stripe)
        _assert_payments(stripe)
        _assert_role(stripe)
        _assert_single_effects()
        _assert_next_charges(stripe)


def _assert_mirror(stripe: Stripe) -> None:
    mirrored = {row.stripe_subscription_id: row for row in db.session.scalars(db.select(Subscription))}
    actual = {one["id"]: one for one in stripe.subscriptions()}
    assert mirrored.keys() == actual.keys()
    for subscription_id, row in mirrored.items():
        subscription = actual[subscription_id]
        item = main_item(subscription)
        assert row.status == subscription["status"]
        assert row.stripe_price_id == item["price"]["id"]
        alike = [
            one for one in subscription["items"]["data"] if one["price"]["recurring"] == item["price"]["recurring"]
        ]
        currency = subscription["currency"]
        assert row.currency == currency
        assert row.amount == sum(stripe.unit_amount(one["price"], currency) * one["quantity"] for one in alike)
        assert row.quantity == item["quantity"]
        assert row.current_period_end == optional_time(item["current_period_end"])
        assert row.renews_at == optional_time(min(one["current_period_end"] for one in subscription["items"]["data"]))
        assert row.cancel_at == optional_time(subscription["cancel_at"])
        assert row.cancel_at_period_end == subscription["cancel_at_period_end"]
        assert row.trial_end == optional_time(subscription["trial_end"])
        pause = subscription["pause_collection"]
        assert row.is_collection_paused == (pause is not None)
        assert row.collection_resumes_at == optional_time(pause["resumes_at"] if pause else None)
        assert row.interval_count == item["price"]["recurring"]["interval_count"]
        assert row.cancellation_reason == subscription["cancellation_details"]["reason"]
        assert row.has_ended == (subscription["ended_at"] is not None)


def _assert_next_charges(stripe: Stripe) -> None:
    """After the account page is opened, what is said to be charged next is what Stripe previews."""
    for row in db.session.scalars(db.select(Subscription)).all():
        if row.user_id and row.is_charged_again:
            user, scope = db.session.get_one(User, row.user_id), StripeScope(row.stripe_account, row.livemode)
            refresh_next_charges(user, scope)
            preview = stripe.v1.invoices.create_preview({"subscription": row.stripe_subscription_id})
            assert row.next_charge
            assert (row.next_charge.amount, row.next_charge.currency) == (preview.amount_due, preview.currency)


def _assert_orders(stripe: Stripe) -> None:
    for order in db.session.scalars(db.select(Order)):
        session = stripe.session(order.stripe_checkout_session_id)
        assert session["client_reference_id"] == str(order.id)
        assert order.state in _states(session, stripe)
        if order.state == "fulfilled":
            [item] = stripe.v1.checkout.sessions.line_items.list(session["id"]).data
            unit = stripe.unit_amount(item.price.to_dict(), session["currency"])
            assert (order.seats, order.amount) == (item.quantity, unit * item.quantity)
            assert order.currency == session["currency"]


def _states(session: Json, stripe: Stripe) -> set[str]:
    """The states that the order of this session may be in."""
    if session["status"] == "open":
        return {"pending"}
    elif session["status"] == "expired":
        return {"expired"}
    elif session["payment_status"] == "unpaid":
        return {"pending", "failed"}
    elif session["mode"] == "subscription" or session["payment_intent"] is None:
        return {"fulfilled"}
    charge = _charge_of(session["payment_intent"], stripe)
    if charge["refunded"]:
        return {"refunded"}
    disputes = stripe.v1.disputes.list({"charge": charge["id"]}).data
    is_suspended = any(one.status in ("needs_response", "under_review", "lost") for one in disputes)
    return {"disputed" if is_suspended else "fulfilled"}


def _assert_payments(stripe: Stripe) -> None:
    payments = list(db.session.scalars(db.select(Payment)))
    by_invoice = {row.stripe_invoice_id: row for row in payments if row.stripe_invoice_id}
    # One that the customer's credit covers is a payment too, though nothing was charged.
    is_over_something = [one for one in stripe.invoices() if one["amount_paid"] or one["total"] > 0]
    paid = {one["id"]: one for one in is_over_something if one["status"] == "paid"}
    assert {invoice_id for invoice_id, row in by_invoice.items() if row.status == "paid"} == paid.keys()
    for invoice_id, invoice in paid.items():
        row = by_invoice[invoice_id]
        assert (row.amount, row.currency) == (invoice["amount_paid"], invoice["currency"])
    for row in payments:
        if row.order_id and row.stripe_payment_intent_id:
            charge = _charge_of(row.stripe_payment_intent_id, stripe)
            assert (row.amount, row.amount_refunded) == (charge["amount"], charge["amount_refunded"])
    _assert_attempts(by_invoice, stripe)
    _assert_refunds(payments, stripe)


def _assert_attempts(by_invoice: dict[str, Payment], stripe: Stripe) -> None:
    """An open invoice that was tried is a payment that failed as often, and the user has one mail for each try."""
    for invoice in stripe.invoices():
        row = by_invoice.get(invoice["id"])
        if invoice["status"] == "open" and row:
            assert row.attempt_count <= invoice["attempt_count"]
    for cause in db.session.scalars(db.select(OutboxMail.cause).where(OutboxMail.cause.startswith("invoice_attempt:"))):
        _, invoice_id, attempt, _ = cause.split(":")
        assert int(attempt) <= stripe.v1.invoices.retrieve(invoice_id).attempt_count


def _assert_refunds(payments: list[Payment], stripe: Stripe) -> None:
    charged = {one["payment_intent"]: one for one in stripe.charges() if one["paid"]}
    of_invoice = {
        one.invoice: one.payment.payment_intent
        for one in stripe.v1.invoice_payments.list({"limit": 100}).data
        if one.payment.type == "payment_intent" and one.status == "paid"
    }
    for row in payments:
        charge = charged.get(row.stripe_payment_intent_id or of_invoice.get(row.stripe_invoice_id))
        assert row.amount_refunded == (charge["amount_refunded"] if charge else 0)
    assert sum(row.amount_refunded for row in payments) == sum(one["amount_refunded"] for one in charged.values())


def _assert_role(stripe: Stripe) -> None:
    roles = ["free"]
    for subscription in stripe.subscriptions():
        if subscription["status"] in GIVE_ACCESS:
            roles.append(_role_of(main_item(subscription)["price"]))
        if subscription["status"] == "past_due":
            roles += _paid_before(subscription, stripe)
    states = db.session.scalars(db.select(Order.state).where(Order.interval.is_(None)))
    roles += ["pro" for state in states if state == "fulfilled"]
    roles += db.session.scalars(db.select(Grant.role).where(Grant.revoked_at.is_(None)))
    assert db.session.scalars(db.select(User.role)).one() == max(roles, key=RANK.__getitem__)


def _role_of(price: Json) -> str:
    """What the price buys: nothing, if it is an add-on's or somebody made it by hand."""
    plan = price["lookup_key"].split("_")[1] if price["lookup_key"] else "free"
    return "pro" if plan == "team" else str(plan)


def main_item(subscription: Json) -> Json:
    """The item that gives the highest role; the first of those."""
    items: list[Json] = subscription["items"]["data"]
    return max(items, key=lambda item: RANK[_role_of(item["price"])])


def _paid_before(subscription: Json, stripe: Stripe) -> list[str]:
    """The plans that were paid for to a later day than that on which something was not, and not given back."""
    invoices = [one for one in stripe.invoices() if _subscription_of(one) == subscription["id"]]
    unpaid = [
        one["due_date"] or one["status_transitions"]["finalized_at"] for one in invoices if one["status"] == "open"
    ]
    since = min(unpaid, default=subscription["items"]["data"][0]["current_period_start"])
    lines = [line for one in invoices if one["status"] == "paid" for line in one["lines"]["data"]]
    plans = []
    for number, line in enumerate(lines):
        price = line["pricing"]["price_details"]["price"]
        # Within an invoice, what is given back stands before what is sold in its place.
        later = [one for one in lines[number + 1 :] if one["amount"] < 0]
        ends = [one["period"]["start"] for one in later if one["pricing"]["price_details"]["price"] == price]
        if line["amount"] >= 0 and line["period"]["start"] < min([*ends, line["period"]["end"]]) > since:
            plans.append(_role_of(stripe.v1.prices.retrieve(price).to_dict(for_json=True)))
    return plans


def _subscription_of(invoice: Json) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return details.get("subscription")


def _assert_single_effects() -> None:
    outcomes = set(db.session.scalars(db.select(StripeEvent.outcome)))
    causes = list(db.session.scalars(db.select(OutboxMail.cause)))
    changes = list(db.session.scalars(db.select(RoleChange).order_by(RoleChange.id)))
    assert outcomes <= {"processed", "ignored"}
    assert len(causes) == len(set(causes))
    # What an operator gave or took back stands in the audit, also where it left the role as it was.
    assert all(one.role_before != one.role_after for one in changes if not one.cause.startswith("grant"))
    assert all(one.role_after == two.role_before for one, two in itertools.pairwise(changes))
    roles = ["free", *(one.role_after for one in changes)]
    assert db.session.scalars(db.select(User.role)).one() == roles[-1]
    _assert_one_mail_each(causes)


def _assert_one_mail_each(causes: list[str]) -> None:
    """Each fulfilled order was confirmed, each end was told, and nothing else."""
    confirmed = {f"order_confirmed:{one.id}" for one in db.session.scalars(db.select(Order)) if one.fulfilled_at}
    ended = {
        f"subscription_ended:{one.stripe_subscription_id}"
        for one in db.session.scalars(db.select(Subscription))
        if one.status == "canceled"
    }
    assert {one for one in causes if one.startswith("order_confirmed:")} <= confirmed
    assert {one for one in causes if one.startswith("subscription_ended:")} == ended


def _charge_of(intent: str, stripe: Stripe) -> Json:
    charge: Json = stripe.v1.charges.list({"payment_intent": intent, "limit": 1}).data[0].to_dict(for_json=True)
    return charge
