"""The same person's life in another Stripe account and in live mode: none of it counts in the test mode of ours."""

import uuid
from datetime import timedelta

from app.auth.models import User
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import RecurringChange, Subscription
from app.billing.models.used import UsedCard
from app.billing.payments.trials import remember_trials_of
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
        remember_trials_of(db.session.get_one(User, user_id))
        db.session.commit()
    return scopes


def id_in(scope: StripeScope, what: str) -> str:
    """The id of one of these things, such as `cus` or `sub_active`."""
    return f"{what}_{scope.name.replace('/', '_')}"


def order_id_in(scope: StripeScope, state: str) -> uuid.UUID:
    """The id of the order in this state."""
    return uuid.uuid5(uuid.NAMESPACE_URL, id_in(scope, state))


def _live_in(scope: StripeScope, user_id: uuid.UUID) -> None:
    of_scope = {"stripe_account": scope.stripe_account, "livemode": scope.livemode}
    now = utcnow()
    db.session.add(
        StripeCustomer(
            user_id=user_id,
            stripe_customer_id=id_in(scope, "cus"),
            card_valid_until=now + timedelta(days=1),
            card_brand="visa",
            card_last4="9876",
            **of_scope,
        )
    )
    change = {"number": 1, "currency": "usd", "at": now, "difference": 2900}
    of_customer = {"stripe_subscription_id": id_in(scope, "sub_active"), "stripe_customer_id": id_in(scope, "cus")}
    db.session.add(RecurringChange(**change, **of_customer, **of_scope))
    db.session.add(UsedCard(card_digest=ELSEWHERE, user_id=user_id, **of_scope))
    # One that goes on, one that is not paid, one of a customer that was deleted, and one of an account that was.
    for name, customer, owner, ended_at in [
        ("active", "cus", user_id, None),
        ("past_due", "cus", user_id, None),
        ("canceled", "cus_former", user_id, now),
        ("gone", "cus_gone", None, now),
    ]:
        db.session.add(
            Subscription(
                stripe_subscription_id=id_in(scope, f"sub_{name}"), stripe_customer_id=id_in(scope, customer),
                user_id=owner, status="canceled" if ended_at else name, lookup_key="shop_pro_month",
                plan_key="pro", role="pro", role_rank=20, stripe_price_id=None if ended_at else "price_of_no_plan",
                amount=2900, currency="usd", interval="month", interval_count=1, current_period_start=now,
                current_period_end=now + timedelta(days=30), started_at=now - timedelta(days=60), ended_at=ended_at,
                trial_end=now, snapshot_at=now, next_asked_for=now, canceled_at=ended_at,
                cancellation_feedback="unused" if ended_at else None, **of_scope,
            )
        )  # fmt: skip
    for state in ("pending", "fulfilled", "mismatched", "expired"):
        db.session.add(
            Order(
                id=order_id_in(scope, state), user_id=None if state == "expired" else user_id, state=state,
                plan_key="lifetime", interval=None, amount=19900, currency="usd", role="pro", role_rank=20,
                stripe_price_id="price_ordered", stripe_customer_id=id_in(scope, "cus"),
                stripe_payment_intent_id=id_in(scope, f"pi_{state}"),
                stripe_checkout_session_id=id_in(scope, f"cs_{state}"), note=ELSEWHERE, **of_scope,
            )
        )  # fmt: skip
    disputed = {"stripe_dispute_id": id_in(scope, "du"), "dispute_status": "needs_response"}
    for status in ("paid", "failed"):
        paid_at = now + timedelta(seconds=1) if status == "paid" else None
        db.session.add(
            Payment(
                user_id=user_id, status=status, amount=19900, currency="usd", number=f"{ELSEWHERE}-{status}",
                stripe_invoice_id=id_in(scope, f"in_{status}"), stripe_payment_intent_id=id_in(scope, f"pi_{status}"),
                stripe_subscription_id=id_in(scope, "sub_canceled"), created_at=now, paid_at=paid_at,
                has_failed_refund=status == "paid", **(disputed if status == "failed" else {}), **of_scope,
            )
        )  # fmt: skip
