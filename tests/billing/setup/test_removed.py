"""What has gone from the catalogue while something rests on it is named; nobody loses anything."""

import dataclasses
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.billing.catalog.plans import Catalog, monthly
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order
from app.billing.models.roles import Grant
from app.billing.models.subscription import Subscription
from app.billing.setup.removed import removed_in_use
from app.database import db, utcnow
from tests.catalogue import CATALOG
from tests.people import Person

SMALLER = dataclasses.replace(
    CATALOG,
    plans=tuple(
        dataclasses.replace(plan, prices=(monthly(2900),)) if plan.key == "pro" else plan
        for plan in CATALOG.plans
        if plan.key in ("free", "pro")
    ),
)
"""Without Basic, Lifetime, and Pro's price by the year. Basic once gave a role "gold", which has gone too."""


@pytest.fixture
def smaller(app_selling: Callable[[Catalog], Flask]) -> Flask:
    """The site that sells less than it did."""
    return app_selling(SMALLER)


@pytest.fixture
def lines(smaller: Flask) -> Callable[[], list[str]]:
    def read() -> list[str]:
        with smaller.app_context():
            return removed_in_use(current_scope())

    return read


def add(app: Flask, *rows: Any) -> None:
    """Store these, each in the account and mode in use unless it says otherwise."""
    with app.app_context():
        scope = current_scope()
        for row in rows:
            if hasattr(row, "stripe_account"):
                row.stripe_account = row.stripe_account or scope.stripe_account
                row.livemode = bool(row.livemode)
            db.session.add(row)
        db.session.commit()


def subscription(plan_key: str | None, role: str | None, interval: str = "month", **values: Any) -> Subscription:
    """A subscription as the mirror remembers it; the price it is at has any id."""
    return Subscription(
        **{
            "stripe_subscription_id": f"sub_{uuid.uuid4().hex}", "stripe_customer_id": "cus_1", "status": "active",
            "stripe_price_id": "price_1", "plan_key": plan_key, "role": role, "role_rank": 10, "interval": interval,
            "snapshot_at": utcnow(),
        }
        | values
    )  # fmt: skip


def order(plan_key: str, state: str, interval: str | None = None) -> Order:
    return Order(plan_key=plan_key, role="pro", interval=interval, state=state, amount=900, currency="usd")


def test_live_subscriptions_rest_on_plan_role_and_price(app: Flask, lines) -> None:
    add(app, subscription("basic", "gold"), subscription("basic", "gold", "year", status="past_due"))
    add(app, subscription("pro", "pro", "year"), subscription("pro", "pro"))

    assert lines() == [
        "plan basic has gone from the catalogue; on it rest: 2 subscriptions",
        "price pro_year has gone from the catalogue; on it rest: 1 subscription",
        "role gold has gone from the catalogue; on it rest: 2 subscriptions",
    ]


def test_what_is_over_or_of_another_mode_or_never_known_rests_on_nothing(app: Flask, lines) -> None:
    add(app, subscription("basic", "gold", status="canceled"), subscription("basic", "gold", livemode=True))
    add(app, subscription(None, None), order("lifetime", "refunded"))
    of_another_mode = order("lifetime", "fulfilled")
    of_another_mode.livemode = True
    add(app, of_another_mode)

    assert lines() == []


def test_orders_rest_on_their_plan_while_they_give_it_or_may_be_paid(app: Flask, lines) -> None:
    add(app, order("lifetime", "fulfilled"), order("lifetime", "disputed"), order("basic", "pending", "month"))
    add(app, order("basic", "fulfilled", "month"))

    assert lines() == [
        "plan basic has gone from the catalogue; on it rest: 1 open order",
        "plan lifetime has gone from the catalogue; on it rest: 2 orders",
    ]


def test_grants_rest_on_their_role_until_they_end(app: Flask, alice: Person, lines) -> None:
    now = utcnow()
    grants = [{}, {"until": now + timedelta(days=1)}, {"until": now - timedelta(days=1)}, {"revoked_at": now}]
    add(app, *(Grant(user_id=alice.id, role="gold", role_rank=10, **values) for values in grants))

    assert lines() == ["role gold has gone from the catalogue; on it rest: 2 grants"]


def test_push_does_its_work_and_fails_with_the_line_and_so_does_check(app: Flask, smaller: Flask) -> None:
    add(app, subscription("basic", "pro"))

    push = smaller.test_cli_runner().invoke(args=["billing", "push"])
    dry = smaller.test_cli_runner().invoke(args=["billing", "push", "--dry-run"])
    check = smaller.test_cli_runner().invoke(args=["billing", "check"])

    line = "plan basic has gone from the catalogue; on it rest: 1 subscription"
    assert push.exit_code == 1
    assert push.output.splitlines()[-1] == f"Error: {line}"
    assert "# STRIPE_PRICE_PRO=price_" in push.output
    assert (dry.exit_code, f"Warning: {line}" in dry.output) == (0, True)
    assert re.search(rf"^FAIL +what was bought is in the catalogue +{line}$", check.output, re.MULTILINE)
    assert re.search(r"^ok +every subscription's price is of a plan *$", check.output, re.MULTILINE)


@pytest.mark.needs("app/admin")
def test_overview_shows_the_line_to_an_admin(app: Flask, smaller: Flask) -> None:
    add(app, subscription("basic", "pro"))
    admin = Person.sign_up(smaller, "admin@example.com")
    admin.become_admin()

    page = admin.get("/admin/").text

    assert "The plan basic has gone from the catalogue; on it rest: 1 subscription." in page
    assert "grant nothing" not in page


def test_plan_that_is_retired_is_still_in_the_catalogue(app: Flask, app_selling: Callable[[Catalog], Flask]) -> None:
    add(app, subscription("basic", "basic"))
    plans = tuple(dataclasses.replace(plan, is_sold=plan.key != "basic") for plan in CATALOG.plans)

    with app_selling(dataclasses.replace(CATALOG, plans=plans)).app_context():
        assert removed_in_use(current_scope()) == []


def test_a_currency_that_has_gone_is_named_while_something_is_charged_in_it(
    smaller: Flask, lines: Callable[[], list[str]]
) -> None:
    add(
        smaller,
        subscription("pro", "pro", currency="usd"),
        subscription("pro", "pro", currency="eur"),
        subscription("pro", "pro", currency="eur", status="canceled"),
    )

    assert lines() == ["price pro_month in EUR has gone from the catalogue; on it rest: 1 subscription"]
