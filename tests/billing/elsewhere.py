"""The same person's life in another Stripe account and in live mode: none of it counts in the test mode of ours."""

import uuid
from datetime import timedelta

from app.billing.gateway.account import StripeScope, current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.database import db, utcnow
from tests.people import Person

ELSEWHERE = "elsewhere"


def live_elsewhere(person: Person) -> list[StripeScope]:
    """Give the person everything that can be had, in two scopes that are not ours; the scopes."""
    user_id = person.id
    with person.app.app_context():
        ours = current_scope()
        scopes = [StripeScope("acct_another", False), StripeScope(ours.stripe_account, True)]
        for scope in scopes:
            _live_in(scope, user_id)
        db.session.commit()
    return scopes


def _live_in(scope: StripeScope, user_id: uuid.UUID) -> None:
    name = scope.name.replace("/", "_")
    of_scope = {"stripe_account": scope.stripe_account, "livemode": scope.livemode}
    customer = {"stripe_customer_id": f"cus_{name}"}
    now = utcnow()
    db.session.add(StripeCustomer(user_id=user_id, **customer, **of_scope))
    for status, ended_at in [("active", None), ("canceled", now)]:
        subscription = f"sub_{status}_{name}"
        db.session.add(
            Subscription(
                stripe_subscription_id=subscription, user_id=user_id, status=status, lookup_key="shop_pro_month",
                plan_key="pro", role="pro", role_rank=20,
                stripe_price_id="price_of_no_plan" if ended_at is None else None, amount=2900, currency="usd",
                interval="month", current_period_start=now, current_period_end=now + timedelta(days=30),
                started_at=now, ended_at=ended_at, snapshot_at=now, **customer, **of_scope,
            )
        )  # fmt: skip
    for state in ("pending", "fulfilled", "mismatched"):
        db.session.add(
            Order(
                user_id=user_id, state=state, plan_key="lifetime", interval=None, amount=19900, currency="usd",
                role="pro", role_rank=20,
                stripe_payment_intent_id=f"pi_{state}_{name}", stripe_checkout_session_id=f"cs_{state}_{name}",
                note=ELSEWHERE, **customer, **of_scope,
            )
        )  # fmt: skip
    for status in ("paid", "failed"):
        db.session.add(
            Payment(
                user_id=user_id, status=status, amount=19900, currency="usd", number=f"{ELSEWHERE}-{status}",
                stripe_invoice_id=f"in_{status}_{name}", stripe_payment_intent_id=f"pi_{status}_{name}",
                created_at=now, paid_at=now if status == "paid" else None, **of_scope,
            )
        )  # fmt: skip
