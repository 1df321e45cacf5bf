"""Stripe goes away before, in the middle of, or right after each act: all of it is done, or none, or a second try
finishes it; and the page says so."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.auth.models import User
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import Grant
from app.billing.models.subscription import Subscription
from app.billing.support.subscriptions import pause_payments
from app.database import db
from tests.admin.test_acts import page_of, payment_page
from tests.billing.support.conftest import paid
from tests.people import Person
from tests.stripe_actions import Stripe

pytestmark = [pytest.mark.needs("app/admin"), pytest.mark.slow]
CODE = {"code": "HALF", "kind": "percent", "off": "50", "duration": "once", "token": "one-attempt"}
UNHEARD = "Stripe could not be asked"
GOES_ON = re.compile(r"is on its way back\. The subscription is not cancelled yet: .* Cancel it again\.")


@dataclass(frozen=True)
class Desk:
    """Who acts on whom, and where."""

    app: Flask
    olga: Person
    alice: Person
    at_stripe: Stripe


@dataclass(frozen=True)
class Trial:
    """An act: where it is done, what is filled in, and what comes before it."""

    address: Callable[[Desk], str]
    fields: dict[str, str] = field(default_factory=dict)
    before: Callable[[Desk], object] = lambda _: None
    plan: str = "basic"
    # What the operator reads where Stripe could not be asked.
    told: str = "Nothing was changed here; refresh from Stripe before you try again."
    # Whether what comes first is done and shown for good, and a second try goes on from there.
    goes_on: bool = False
    # How often Stripe is asked at least: so that a trial that asks nothing proves nothing.
    questions: int = 2


def act(name: str) -> Callable[[Desk], str]:
    return lambda desk: page_of(desk.alice, name)


def pause(desk: Desk) -> None:
    with desk.app.app_context():
        pause_payments(db.session.get_one(User, desk.alice.id), current_scope(), until=None, actor="olga")


def make_coupon(desk: Desk) -> None:
    desk.at_stripe.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "forever"})


def lose_everything(desk: Desk) -> None:
    """What the mirror forgot, Stripe still knows."""
    with desk.app.app_context():
        db.session.execute(sa.update(User).where(User.email == desk.alice.email).values(role="free", role_rank=0))
        db.session.execute(sa.update(Subscription).values(status="canceled"))
        db.session.commit()


def mismatch(desk: Desk) -> None:
    with desk.app.app_context():
        db.session.execute(sa.update(Order).values(state="mismatched", note="paid otherwise than agreed"))
        db.session.commit()


def order_page(desk: Desk) -> str:
    with desk.app.app_context():
        return f"/admin/orders/{db.session.scalars(db.select(Order.id)).one()}/settle"


REFRESH = "Refresh from Stripe before you try again: it tells whether the money went back."
DELETE_AGAIN = "The account is still there, but what it pays for may have ended: delete it again."
UNTOUCHED = "Nothing was changed."
SEND_AGAIN = "Send it again: it makes one code, however often it is sent."
GRANT = {"role": "pro", "reason": "a gift"}
TRIALS = {
    "refund": Trial(lambda desk: payment_page(desk.app), {"amount": "9"}, told=REFRESH),
    "refund a part": Trial(lambda desk: payment_page(desk.app), {"amount": "4"}, told=REFRESH),
    "refund what was bought once": Trial(
        lambda desk: payment_page(desk.app), {"amount": "199"}, told=REFRESH, plan="lifetime"
    ),
    "cancel now": Trial(act("cancel"), {"when": "now"}),
    "cancel at the end": Trial(act("cancel"), {"when": "at_the_end"}),
    "cancel now with the money": Trial(act("cancel"), {"when": "now", "gives_back": "y"}, goes_on=True, questions=4),
    "cancel at the end with the money": Trial(
        act("cancel"), {"when": "at_the_end", "gives_back": "y"}, goes_on=True, questions=4
    ),
    "extend": Trial(act("extend"), {"days": "30"}),
    "grant": Trial(act("grant"), {**GRANT, "payments": "charge"}, questions=0),
    "grant with a pause": Trial(act("grant"), {**GRANT, "payments": "pause"}),
    "grant with a coupon": Trial(act("grant"), {**GRANT, "payments": "coupon", "coupon": "HALF"}, make_coupon),
    "resume": Trial(act("resume"), before=pause),
    "refresh": Trial(lambda desk: f"/admin/users/{desk.alice.id}/sync", before=lose_everything, told=UNTOUCHED),
    "delete": Trial(act("delete"), {"reason": "asked"}, told=DELETE_AGAIN, goes_on=True, questions=3),
    "make a code": Trial(lambda _: "/admin/codes", CODE, told=SEND_AGAIN),
    "settle an order": Trial(order_page, before=mismatch, plan="lifetime", questions=0),
}


@pytest.mark.parametrize("name", TRIALS)
def test_an_act_is_done_or_not_or_finished_by_a_second_try(
    app: Flask, olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, name: str
) -> None:
    trial, desk = TRIALS[name], Desk(app, olga, alice, at_stripe)
    paid(alice, at_stripe, trial.plan)
    trial.before(desk)
    address, token = trial.address(desk), olga.csrf_token()
    rows, saved = all_rows(app), at_stripe.emulator.save()
    at_first = ours(app)

    def go_back() -> None:
        at_stripe.emulator.restore(saved)
        put_back(app, rows)

    def press() -> str:
        answer = olga.client.post(address, data={"csrf_token": token, **trial.fields})
        assert answer.status_code in (303, 503), answer.text
        at_stripe.emulator.end_outage()
        return words(answer.text) if answer.status_code == 503 else olga.read(answer.location)

    assert UNHEARD not in press()
    wanted = ours(app), theirs(at_stripe)
    questions, is_over = 0, False
    while not is_over:
        for loses_answer in (False, True):
            go_back()
            at_stripe.emulator.outage(after=questions, loses_answer=loses_answer)
            told, meanwhile = press(), ours(app)
            is_over = UNHEARD not in told
            if is_over:
                assert (ours(app), theirs(at_stripe)) == wanted, (questions, loses_answer)
                break

            if trial.goes_on:
                assert GOES_ON.search(told) or trial.told in told, told
            else:
                assert trial.told in told
                assert meanwhile == at_first, (questions, loses_answer)
            press()
            assert (ours(app), theirs(at_stripe)) == wanted, (questions, loses_answer)
        questions += not is_over
    assert questions >= trial.questions


def test_a_dispute_is_read_with_stripe_away(
    app: Flask, olga: Person, alice: Person, catalogue: None, at_stripe: Stripe
) -> None:
    paid(alice, at_stripe, "pro")
    with app.app_context():
        db.session.execute(sa.update(Payment).values(stripe_dispute_id="dp_1", dispute_status="needs_response"))
        db.session.commit()
        address = f"/admin/payments/{db.session.scalars(sa.select(Payment.id)).one()}/dispute"
    at_stripe.emulator.outage()

    said = olga.read(address)

    assert "waits for your answer" in said
    assert alice.email in said


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/payments", "/admin/connection", "/admin/figures", "/admin/codes", "/admin/users"]
)
def test_pages_are_read_with_stripe_away(olga: Person, catalogue: None, at_stripe: Stripe, path: str) -> None:
    at_stripe.emulator.outage()

    assert olga.get(path).status_code == 200


def all_rows(app: Flask) -> dict[sa.Table, list[dict[str, Any]]]:
    """Everything in the database."""
    with app.app_context():
        tables = db.metadata.sorted_tables
        return {table: [dict(row) for row in db.session.execute(sa.select(table)).mappings()] for table in tables}


def put_back(app: Flask, rows: dict[sa.Table, list[dict[str, Any]]]) -> None:
    with app.app_context():
        for table in reversed(list(rows)):
            db.session.execute(table.delete())
        for table, found in rows.items():
            if found:
                db.session.execute(table.insert(), found)
        db.session.commit()


def ours(app: Flask) -> dict[str, Any]:
    """What people have here, and what we know of what they pay."""
    with app.app_context():
        return {
            "users": list(lines(sa.select(User.email, User.role))),
            "subscriptions": list(
                lines(
                    sa.select(
                        Subscription.status, Subscription.is_collection_paused, Subscription.cancel_at_period_end,
                        Subscription.current_period_end, Subscription.amount,
                    )
                )
            ),
            "orders": list(lines(sa.select(Order.state))),
            "grants": list(lines(sa.select(Grant.role, Grant.revoked_at))),
            "refunded": list(lines(sa.select(Payment.amount_refunded))),
        }  # fmt: skip


def lines(query: sa.Select[Any]) -> Iterator[tuple[Any, ...]]:
    return (tuple(row) for row in db.session.execute(query.order_by(*query.selected_columns)))


def theirs(at_stripe: Stripe) -> dict[str, Any]:
    """What Stripe has, without the moments at which it was done."""
    return {
        "subscriptions": [
            (
                one["status"],
                one["cancel_at_period_end"],
                bool(one["pause_collection"]),
                len(one["discounts"]),
                one["trial_end"],
            )
            for one in at_stripe.subscriptions()
        ],
        "refunds": sorted(one.amount for one in at_stripe.v1.refunds.list({}).data),
        "coupons": len(at_stripe.v1.coupons.list({}).data),
        "codes": [one.code for one in at_stripe.v1.promotion_codes.list({}).data],
        "customers": [one.email for one in at_stripe.v1.customers.list({}).data],
    }


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", page).split())
