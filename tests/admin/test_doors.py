"""Every address of the operators': only admins get in, and what Stripe's absence stops is left as it was."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.audit import OperatorAct
from app.auth.models import User, UserSession
from app.billing.models.payments import Payment
from app.database import db, utcnow
from tests.admin.test_acts import page_of, payment_page
from tests.billing.support.conftest import absent_stripe, paid
from tests.people import Person
from tests.stripe_actions import Stripe

pytestmark = pytest.mark.needs("app/admin")
VALUES = {"user_id": "00000000-0000-4000-8000-000000000000", "order_id": "00000000-0000-4000-8000-000000000000"}


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """Each method and address of the blueprint, with made-up values in it."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("admin."):
            values = {name: VALUES.get(name, "1") for name in rule.arguments}
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield method, app.url_map.bind("").build(rule.endpoint, values, method=method)


def test_who_is_no_admin_is_refused_everywhere(app: Flask, alice: Person) -> None:
    token, known = alice.csrf_token(), list(addresses(app))

    refused = {
        (method, path): alice.client.open(path, method=method, data={"csrf_token": token}).status_code
        for method, path in known
    }

    assert len(known) > 30
    assert {one: status for one, status in refused.items() if status != 403} == {}


def test_no_role_that_is_paid_for_opens_them(app: Flask, alice: Person) -> None:
    with app.app_context():
        db.session.execute(db.update(User).where(User.email == alice.email).values(role="pro", role_rank=99))
        db.session.commit()
    token = alice.csrf_token()

    for method, path in addresses(app):
        assert alice.client.open(path, method=method, data={"csrf_token": token}).status_code == 403, (method, path)


def test_who_is_signed_out_can_send_nothing(app: Flask, client: FlaskClient) -> None:
    for method, path in addresses(app):
        if method == "POST":
            assert client.post(path).status_code in (302, 303, 400, 403), path
    with app.app_context():
        assert db.session.scalar(db.select(OperatorAct.id)) is None


def test_every_act_asks_again_who_it_is(app: Flask, olga: Person) -> None:
    token = olga.csrf_token()
    with app.app_context():
        an_hour_ago = utcnow() - timedelta(hours=1)
        db.session.execute(db.update(UserSession).values(created_at=an_hour_ago, confirmed_at=None))
        db.session.commit()

    for method, path in addresses(app):
        if method == "POST":
            answer = olga.client.post(path, data={"csrf_token": token})
            assert "/confirm" in (answer.location or ""), path
    with app.app_context():
        assert db.session.scalar(db.select(OperatorAct.id)) is None


def test_who_is_signed_out_is_led_to_the_log_in(app: Flask, client: FlaskClient) -> None:
    for method, path in addresses(app):
        if method == "GET":
            answer = client.get(path)
            assert (answer.status_code, "/login" in (answer.location or "")) == (302, True), path


def test_two_operators_who_refund_at_once_make_one_refund(
    app: Flask, olga: Person, alice: Person, catalogue: None, at_stripe: Stripe
) -> None:
    paid(alice, at_stripe, "pro")
    page = payment_page(app)
    others = [olga, olga.on(app)]
    tokens = [one.csrf_token(page) for one in others]

    def refund(number: int) -> int:
        fields = {"csrf_token": tokens[number], "amount": "29", "reason": "asked"}
        return others[number].client.post(page, data=fields).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(refund, range(2))) == [303, 303]

    assert [charge["amount_refunded"] for charge in at_stripe.charges()] == [2900]
    with app.app_context():
        assert db.session.scalars(db.select(Payment.amount_refunded)).one() == 2900


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("cancel", {"when": "now"}),
        ("cancel", {"when": "at_the_end"}),
        ("extend", {"days": "30"}),
        ("grant", {"role": "pro", "reason": "x", "payments": "pause"}),
        ("grant", {"role": "pro", "reason": "x", "payments": "coupon", "coupon": "HALF"}),
        ("delete", {"reason": "x"}),
    ],
)
def test_stripe_away_leaves_all_as_it_was_and_the_page_says_so(
    app: Flask, olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, name: str, fields: dict[str, str]
) -> None:
    paid(alice, at_stripe, "basic")
    before = at_stripe.subscriptions()
    token = olga.csrf_token(page_of(alice, name))

    with absent_stripe(app):
        answer = olga.client.post(page_of(alice, name), data={"csrf_token": token, **fields})
        told = olga.read(answer.location)

    assert answer.status_code == 303
    assert "Stripe could not be asked" in told
    assert at_stripe.subscriptions() == before
    assert alice.role == "basic"
    assert alice.is_signed_in
    with app.app_context():
        assert all(db.session.scalars(db.select(OperatorAct.error)))


def test_a_refresh_while_stripe_is_away_says_so(
    app: Flask, olga: Person, alice: Person, catalogue: None, at_stripe: Stripe
) -> None:
    paid(alice, at_stripe, "basic")
    token = olga.csrf_token(f"/admin/users/{alice.id}")

    with absent_stripe(app):
        answer = olga.client.post(f"/admin/users/{alice.id}/sync", data={"csrf_token": token})

        assert answer.status_code == 303
        assert "Nothing was changed." in olga.read(answer.location)
    assert alice.role == "basic"
