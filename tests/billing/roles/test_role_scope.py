"""A role belongs to the Stripe account and mode that it was decided in."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.auth.models import User
from app.billing.gateway.account import current_scope
from app.billing.gateway.client import get_gateway
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeAccount
from app.billing.reconcile.users import sync_all
from app.billing.roles.grants import grant_role
from app.database import db
from tests.catalogue import PRO
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe, event_of, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def pro_for_life(alice: Person, deliver: Callable[..., object], at_stripe: Stripe) -> Person:
    """Alice, who has bought Lifetime with a test card."""
    at_stripe.mute()
    session_id = session_id_in(alice.buy("lifetime").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    assert alice.get("/dashboard/pro").status_code == 200
    return alice


def with_key(person: Person, app_with: Callable[..., Flask], key: str, account: str = "") -> Person:
    """The person, on the site once it has this key; `account` is what an earlier question found out about the key."""
    site = app_with(stripe_secret_key=key, stripe_webhook_secret="whsec_1", stripe_publishable_key="")
    if account:
        with site.app_context():
            fingerprint = get_gateway().key_fingerprint
            db.session.add(StripeAccount(key_fingerprint=fingerprint, stripe_account=account))
            db.session.commit()
    visitor = Person(site, site.test_client(), person.email)
    visitor.post("/login", page="/login", email=person.email, password=PASSWORD)
    return visitor


@pytest.fixture
def own_account(app: Flask) -> str:
    with app.app_context():
        return current_scope().stripe_account


def test_lifetime_of_test_mode_opens_nothing_in_live_mode(
    pro_for_life: Person, app_with: Callable[..., Flask], app: Flask, own_account: str
) -> None:
    live = with_key(pro_for_life, app_with, "sk_live_0000000000", own_account)

    assert live.get("/dashboard/pro").status_code == 403
    assert live.role == "free"
    with app.app_context():
        assert db.session.scalars(db.select(RoleChange.cause)).all()[-1] == "another Stripe account or mode"


def test_lifetime_opens_nothing_with_the_key_of_another_account(
    pro_for_life: Person, app_with: Callable[..., Flask]
) -> None:
    elsewhere = with_key(pro_for_life, app_with, "sk_test_another000", "acct_another")

    assert elsewhere.get("/dashboard/pro").status_code == 403


def test_what_is_bought_counts_again_with_the_key_that_it_was_bought_with(
    pro_for_life: Person, app_with: Callable[..., Flask], own_account: str
) -> None:
    with_key(pro_for_life, app_with, "sk_live_0000000000", own_account).get("/dashboard/pro")

    with pro_for_life.app.app_context():
        sync_all()

    assert pro_for_life.get("/dashboard/pro").status_code == 200


def test_gift_counts_in_every_account_and_mode(
    alice: Person, app_with: Callable[..., Flask], app: Flask, own_account: str
) -> None:
    user_id = alice.id
    with app.app_context():
        user = db.session.get(User, user_id)
        assert user is not None
        grant_role(user, PRO, None, "support")

    live = with_key(alice, app_with, "sk_live_0000000000", own_account)

    assert live.get("/dashboard/pro").status_code == 200


def test_rolled_key_keeps_the_role(pro_for_life: Person, app_with: Callable[..., Flask]) -> None:
    assert with_key(pro_for_life, app_with, "sk_test_rolled0000").get("/dashboard/pro").status_code == 200


def test_while_nobody_can_tell_whose_the_new_key_is_the_question_is_put_once(
    pro_for_life: Person, app_with: Callable[..., Flask], app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """The emulator answers no live key."""
    live = with_key(pro_for_life, app_with, "sk_live_0000000000")
    caplog.clear()

    assert [live.get("/dashboard/pro").status_code for _ in range(3)] == [200, 200, 200]

    assert len([line for line in caplog.messages if "could not be checked" in line]) <= 1


def test_event_marks_the_role_with_the_scope_of_today(
    alice: Person, at_stripe: Stripe, deliver: Callable[..., object], app: Flask, own_account: str
) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    with app.app_context():
        db.session.execute(db.update(User).values(role_scope="acct_another/live"))
        db.session.commit()
    event = event_of("customer.subscription.updated", at_stripe.subscriptions()[0])

    deliver(event | {"created": event["created"] + 30})

    with app.app_context():
        assert db.session.scalars(db.select(User.role_scope)).all() == [f"{own_account}/test"]
