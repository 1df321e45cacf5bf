"""Somebody who has paid, and the operator who is asked for something."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from app.audit import OperatorAct
from app.auth.models import User
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.gateway.client import StripeGateway
from app.billing.reconcile.users import sync_user
from app.database import db
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

Acts = Callable[[], list[tuple[str, str]]]


@pytest.fixture
def scope(app: Flask) -> StripeScope:
    with app.app_context():
        return current_scope()


@pytest.fixture
def subscribed(alice: Person, catalogue: None, at_stripe: Stripe) -> Person:
    """Alice, on Pro by the month."""
    return paid(alice, at_stripe, "pro")


@pytest.fixture
def acts(app: Flask) -> Acts:
    """What the audit says: each act's kind, and why it was not done."""

    def read() -> list[tuple[str, str]]:
        with app.app_context():
            rows = db.session.scalars(db.select(OperatorAct).order_by(OperatorAct.id))
            return [(row.kind, row.error) for row in rows]

    return read


def paid(person: Person, at_stripe: Stripe, plan: str) -> Person:
    session_id = session_id_in(person.buy(plan).location)
    at_stripe.pay(session_id)
    with person.app.app_context():
        sync_user(db.session.get_one(User, person.id), with_payments=True)
    return person


@contextmanager
def absent_stripe(app: Flask) -> Iterator[None]:
    """Nothing listens where Stripe should be."""
    kept = app.extensions["stripe_gateway"]
    away = app.extensions["settings"].model_copy(update={"stripe_api_base": "http://127.0.0.1:9"})
    app.extensions["stripe_gateway"] = StripeGateway(away)
    try:
        yield
    finally:
        app.extensions["stripe_gateway"] = kept
