"""Which role a user has, of all that it can rest on; what one subscription gives, `test_entitlements` asks."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.billing.customers import lock_user
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order
from app.billing.models.roles import RoleChange
from app.billing.models.subscription import Subscription
from app.billing.roles.decision import apply_role, decide_role
from app.billing.roles.grants import grant_role, revoke_grants
from app.database import db, utcnow
from tests.catalogue import PRO
from tests.people import Person
from tests.stripe_actions import Stripe, event_of, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")
MONTH = timedelta(days=30)


@pytest.fixture
def role_with(app: Flask, alice: Person):  # type: ignore[no-untyped-def]
    """The role that Alice has with this subscription in the mirror."""

    user_id = alice.id

    def decide(**fields: Any) -> tuple[str, datetime | None]:
        now = utcnow()
        values: dict[str, Any] = {
            "status": "active",
            "stripe_price_id": "price_pro",
            "lookup_key": "shop_pro_month",
            "current_period_start": now - timedelta(days=3),
            "current_period_end": now - timedelta(days=3) + MONTH,
        }
        with app.app_context():
            scope = current_scope()
            row = Subscription(
                stripe_subscription_id="sub_1",
                user_id=user_id,
                stripe_customer_id="cus_1",
                snapshot_at=now,
                **{"stripe_account": scope.stripe_account, "livemode": scope.livemode, **values, **fields},
            )
            db.session.merge(row)
            user = lock_user(user_id)
            assert user
            apply_role(user, scope, "test")
            db.session.commit()
            return user.role, user.role_expires_at

    return decide


@pytest.mark.parametrize("mark", [{"cancel_at_period_end": True}, {"cancel_at": utcnow() + MONTH}])
def test_subscription_set_to_cancel_keeps_its_role_until_it_ends(role_with, mark: dict[str, Any]) -> None:
    assert role_with(**mark)[0] == "pro"


def test_configured_price_id_needs_no_lookup_key(app_with, app: Flask, role_with, alice: Person) -> None:
    role_with(stripe_price_id="price_old_pro", lookup_key=None)
    configured, user_id = app_with(stripe_price_ids={"STRIPE_PRICE_PRO": "price_old_pro"}), alice.id

    with configured.app_context():
        user = lock_user(user_id)
        assert user
        assert decide_role(user, current_scope()).role.key == "pro"


def test_subscriptions_of_another_account_or_mode_count_for_nothing(role_with) -> None:
    assert role_with(stripe_account="acct_other")[0] == "free"
    assert role_with(livemode=True)[0] == "free"


def test_each_change_of_role_is_an_audit_row_that_names_rule_object_and_cause(app: Flask, role_with) -> None:
    role_with()
    role_with()
    role_with(status="canceled")

    with app.app_context():
        changes = list(db.session.scalars(db.select(RoleChange).order_by(RoleChange.id)))
    assert [(one.role_before, one.role_after) for one in changes] == [("free", "pro"), ("pro", "free")]
    assert (changes[0].rule, changes[0].object_id, changes[0].cause) == ("subscription active", "sub_1", "test")


def test_grant_stands_beside_a_subscription_and_the_higher_wins(app: Flask, role_with, alice: Person) -> None:
    role_with(lookup_key="shop_basic_month", stripe_price_id="price_basic")
    user_id = alice.id
    with app.app_context():
        grant_role(lock_user(user_id), PRO, None, "support")
    with_grant = alice.role
    with app.app_context():
        revoked = revoke_grants(lock_user(user_id), "support")

    assert (with_grant, alice.role, revoked) == ("pro", "basic", 1)


def test_grant_ends_by_itself(app: Flask, alice: Person) -> None:
    user_id = alice.id
    with app.app_context():
        grant_role(lock_user(user_id), PRO, utcnow() + timedelta(hours=1), "support")
    during = alice.get("/dashboard/pro").status_code
    with app.app_context():
        user = lock_user(user_id)
        db.session.execute(db.text("UPDATE grants SET until = created_at"))
        user.role_expires_at = utcnow() - timedelta(seconds=1)
        db.session.commit()

    assert (during, alice.get("/dashboard/pro").status_code, alice.role) == (200, 403, "free")


@pytest.mark.parametrize("path", ["/account/email", "/account/password", "/signup", "/account/portal"])
@pytest.mark.needs("app/admin")
def test_no_form_field_sets_a_role(alice: Person, path: str) -> None:
    alice.post(path, role="pro", is_admin="true", current_password="x", email="new@example.com")

    assert alice.role == "free"
    assert alice.get("/admin/").status_code == 403


def test_subscriber_at_an_old_price_keeps_the_plan_when_its_key_moves_to_a_newer_price(
    deliver, alice: Person, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    product = at_stripe.v1.prices.retrieve(at_stripe.price("shop_pro_month")).product
    newer = {"currency": "usd", "unit_amount": 3900, "recurring": {"interval": "month"}, "product": product}
    at_stripe.v1.prices.create({**newer, "lookup_key": "shop_pro_month", "transfer_lookup_key": True})
    [subscription] = at_stripe.subscriptions()
    subscription["items"]["data"][0]["price"]["lookup_key"] = None
    later = event_of("customer.subscription.updated", subscription)

    answer = deliver(later | {"created": later["created"] + 60})

    assert answer.status_code == 200
    assert alice.role == "pro"


def test_lifetime_and_a_subscription_give_the_higher_of_both(app: Flask, role_with, alice: Person) -> None:
    user_id = alice.id
    with app.app_context():
        scope = current_scope()
        db.session.add(
            Order(
                user_id=user_id,
                state="fulfilled",
                plan_key="lifetime",
                amount=19900,
                currency="usd",
                stripe_account=scope.stripe_account,
                livemode=scope.livemode,
            )
        )
        db.session.commit()

    assert role_with(lookup_key="shop_basic_month", stripe_price_id="price_basic") == ("pro", None)
