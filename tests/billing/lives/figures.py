"""The figures that pages and reports name, worked out from what Stripe says alone."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import stripe as sdk
from stripe_emulator import Emulator

from app.billing import reports
from app.billing.figures import revenue_by_plan
from app.billing.gateway.account import current_scope
from app.billing.gateway.clock import stripe_now
from app.billing.movements import movements, note_changes
from app.extensions import limiter
from app.templating import money
from tests.people import Person
from tests.stripe_actions import Json, Stripe

OVER = ("canceled", "incomplete_expired")
PAYING = ("active", "past_due")
MONTHS = {"month": 1, "year": 12}
HOUR = 3600


class Earned(NamedTuple):
    """What came in at once: its month, its currency, and minor units, all of it and what was kept."""

    month: str
    currency: str
    gross: int
    net: int


def assert_page_names_the_amounts(person: Person, stripe: Stripe) -> None:
    """The account page has what Stripe asks for now, and the amount of its preview, or says that nothing is charged."""
    live = [one for one in stripe.subscriptions() if one["status"] not in OVER]
    if len(live) != 1:
        return
    [subscription] = live
    said = _page(person)
    if asked := [one for one in stripe.invoices() if one["status"] == "open" and _is_asked_for(one, subscription)]:
        assert money(max(asked, key=lambda one: one["created"])["amount_due"], subscription["currency"]) in said
    if subscription["status"] not in ("active", "trialing"):
        return
    due = next_amount(stripe, subscription["id"])
    if due is None:
        assert "won't be charged" in said
    elif subscription["pause_collection"]:
        assert "nothing is charged" in said
    else:
        assert money(due, subscription["currency"]) in said or (due == 0 and "othing is due" in said), due


def _is_asked_for(invoice: Json, subscription: Json) -> bool:
    """Whether it was sent by mail, or a charge for it has failed: a debit on its way has not."""
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    has_failed = invoice["attempted"] and subscription["status"] == "past_due"
    is_sent = invoice["collection_method"] == "send_invoice"
    return details.get("subscription") == subscription["id"] and (has_failed or is_sent)


def assert_reports_equal_stripe(person: Person, stripe: Stripe) -> None:
    """Monthly recurring revenue, once the account page has been opened, with its movements; revenue of a year."""
    subscriptions = stripe.subscriptions()
    with person.app.app_context():
        scope = current_scope()
        recurring = reports.monthly_recurring_revenue(scope)
        moment = stripe_now()
        note_changes(scope, moment)
        moved = {one.currency: one.closing for one in movements(scope, 1, moment)}
        revenue = reports.revenue_by_month(scope, now=moment)
        by_plan = revenue_by_plan(scope, moment)
    monthly = Counter[str]()
    for one in subscriptions:
        monthly[one["currency"]] += _monthly(stripe, one)
    assert {code: amount for code, amount in recurring.items() if amount} == {**+monthly}
    assert {code: amount for code, amount in moved.items() if amount} == recurring
    earned = list(_earned(stripe))
    for month in revenue:
        rows = [row for row in earned if (row.month, row.currency) == (month.month, month.currency)]
        assert (month.gross, month.amount) == (sum(row.gross for row in rows), sum(row.net for row in rows)), month
    assert sum(row.net for row in by_plan) == sum(one.amount for one in revenue)


def assert_next_invoice_is_the_one_promised(stripe: Stripe, emulator: Emulator) -> None:
    """What is previewed is what Stripe then asks for: a look at the future, which is taken back."""
    live = [one for one in stripe.subscriptions() if one["status"] not in OVER]
    preview = _preview(stripe, live[0]["id"]) if len(live) == 1 and _goes_on_alone(stripe, live[0]) else None
    if preview is None:
        return
    known = {one["id"] for one in stripe.invoices()}
    before = emulator.save()
    emulator.advance(seconds=preview["created"] - emulator.advance() + 2 * HOUR)
    new = [one["amount_due"] for one in stripe.invoices() if one["id"] not in known and one["parent"]]
    emulator.restore(before)
    assert new == [preview["amount_due"]]


def _goes_on_alone(stripe: Stripe, subscription: Json) -> bool:
    """Whether nothing but time has to happen before its next invoice, and that is asked for."""
    is_in_order = subscription["status"] in ("active", "trialing") and not subscription["pause_collection"]
    return is_in_order and all(one["status"] not in ("open", "draft") for one in stripe.invoices())


def next_amount(stripe: Stripe, subscription_id: str) -> int | None:
    """What is due with the next invoice; None where none comes."""
    preview = _preview(stripe, subscription_id)
    return preview["amount_due"] if preview else None


def _page(person: Person) -> str:
    """What the account page says of the subscription in words, above its line and the receipts."""
    limiter.reset()
    page = person.get("/account").text.partition("<main")[2].partition("<figure")[0].partition('id="receipts"')[0]
    return re.sub(r"<[^>]+>", "", page).replace("&#39;", "'")


def _preview(stripe: Stripe, subscription_id: str, **params: Any) -> Json | None:
    with suppress(sdk.InvalidRequestError):
        found = stripe.v1.invoices.create_preview({"subscription": subscription_id, **params})
        return dict(found.to_dict(for_json=True))
    return None


def _monthly(stripe: Stripe, subscription: Json) -> int:
    """What it brings in a month: all items that are charged as often as the first, less its discounts."""
    if subscription["status"] not in PAYING or subscription["pause_collection"]:
        return 0
    items = subscription["items"]["data"]
    recurring = items[0]["price"]["recurring"]
    alike = [one for one in items if one["price"]["recurring"] == recurring]
    amounts = [
        (one["price"]["product"], stripe.unit_amount(one["price"], subscription["currency"]) * one["quantity"])
        for one in alike
    ]
    months = MONTHS[recurring["interval"]] * recurring["interval_count"]
    # Half a cent counts as one.
    return _discounted(stripe, subscription, amounts) * 2 // months + 1 >> 1


def _discounted(stripe: Stripe, subscription: Json, amounts: list[tuple[str, int]]) -> int:
    """What is left of these amounts when the discounts of the next invoice are taken off."""
    expand = ["discounts.source.coupon.applies_to"]
    preview = _preview(stripe, subscription["id"], expand=expand)
    # Where none comes, those that it has.
    now = stripe.v1.subscriptions.retrieve(subscription["id"], {"expand": expand}).to_dict(for_json=True)
    for discount in (preview or now)["discounts"]:
        coupon = discount["source"]["coupon"]
        if coupon["percent_off"]:
            meant = (coupon.get("applies_to") or {}).get("products")
            share = coupon["percent_off"] / 100
            amounts = [
                (product, amount - int(amount * share + 0.5) if not meant or product in meant else amount)
                for product, amount in amounts
            ]
        else:
            amounts = [("", max(sum(amount for _, amount in amounts) - coupon["amount_off"], 0))]
    return sum(amount for _, amount in amounts)


def _earned(stripe: Stripe) -> Iterator[Earned]:
    """What came in, and what of it was kept: subscriptions' invoices, and what was bought once."""
    charges = {one["payment_intent"]: one for one in stripe.charges() if one["paid"]}
    lost = {one.charge: one.amount for one in stripe.v1.disputes.list({"limit": 100}).data if one.status == "lost"}
    paid_by = {
        one.invoice: one.payment.payment_intent
        for one in stripe.v1.invoice_payments.list({"limit": 100}).data
        if one.status == "paid" and one.payment.type == "payment_intent"
    }
    for invoice in stripe.invoices():
        if invoice["status"] == "paid" and invoice["parent"]:
            paid, taken = invoice["amount_paid"], _taken_back(charges.get(paid_by.get(invoice["id"])), lost)
            month = _month(invoice["status_transitions"]["paid_at"])
            yield Earned(month, invoice["currency"], paid, max(paid - taken, 0))
    for session in stripe.v1.checkout.sessions.list({"limit": 100}).data:
        if session.mode == "payment" and session.payment_status == "paid" and session.payment_intent in charges:
            charge = charges[session.payment_intent]
            net = max(charge["amount"] - _taken_back(charge, lost), 0)
            yield Earned(_month(session.created), charge["currency"], charge["amount"], net)


def _taken_back(charge: Json | None, lost: dict[str, int]) -> int:
    return charge["amount_refunded"] + lost.get(charge["id"], 0) if charge else 0


def _month(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m}"
