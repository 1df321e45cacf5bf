"""The operator's figures: each leads to the rows that it is made of, and they come to it."""

import csv
import html
import re
from datetime import timedelta

import pytest
from flask import Flask

from app.audit import OperatorAct
from app.billing import reports
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.database import db, utcnow
from app.templating import day
from tests.billing.support.conftest import paid
from tests.people import Person
from tests.stripe_actions import Stripe

pytestmark = pytest.mark.needs("app/admin")
DAY = timedelta(days=1)


def links(page: str) -> set[str]:
    return {one.replace("&amp;", "&") for one in re.findall(r'href="(/admin/figures/[^"]+)"', page)}


def test_every_figure_leads_to_its_rows(olga: Person, alice: Person, catalogue: None, at_stripe: Stripe) -> None:
    paid(alice, at_stripe, "pro")
    found = links(olga.get("/admin/figures").text) | links(olga.get("/admin/").text)
    names = {re.split(r"[/?]", one)[3] for one in found}

    assert names >= {"lost", "trials", "paying", "movements", "month", "plan", "cohort"}
    for address in found:
        answer = olga.get(address)
        assert (answer.status_code, answer.text.count("<h1")) == (200, 1), address


@pytest.mark.parametrize("name", ["paying", "month", "plan", "cohort", "movements"])
def test_the_rows_name_who_paid_and_the_total(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, name: str
) -> None:
    paid(alice, at_stripe, "pro")
    [address] = [
        one
        for one in links(olga.get("/admin/figures").text)
        if one.startswith(f"/admin/figures/{name}") and (name != "movements" or "kind=new" in one)
    ]

    said = olga.read(address)

    assert "alice@example.com" in said
    if name != "cohort":
        assert "$29.00" in said


@pytest.fixture
def told_of(app: Flask, olga: Person) -> None:
    """One of each, in two currencies: a trial that went on, somebody who said why they left, and failed payments."""
    at = utcnow() - timedelta(days=3)
    with app.app_context():
        scope = current_scope()
        where = {"stripe_account": scope.stripe_account, "livemode": scope.livemode}
        for currency, amount in (("usd", 2900), ("eur", 1700)):
            whose = {"stripe_customer_id": f"cus_{currency}", "currency": currency, **where}
            lives = {"started_at": at - 30 * DAY, "snapshot_at": at, "amount": amount, "interval": "month"}
            trial = {"status": "active", "trial_end": at}
            left = {"status": "canceled", "ended_at": at, "canceled_at": at, "cancellation_feedback": "too_expensive"}
            for name, values in (("trial", trial), ("left", left)):
                db.session.add(
                    Subscription(stripe_subscription_id=f"sub_{name}_{currency}", **whose, **lives, **values)
                )
            for name, status, tries in (("after", "paid", 2), ("failed", "failed", 1), ("void", "void", 3)):
                asked = {"status": status, "attempt_count": tries, "currency": currency, "amount": amount}
                paid_at = at if status == "paid" else None
                db.session.add(
                    Payment(stripe_invoice_id=f"in_{name}_{currency}", created_at=at, paid_at=paid_at, number=name,
                            **asked, **where)
                )  # fmt: skip
        db.session.commit()


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("trials", "sub_trial_"),
        ("reasons", "sub_left_"),
        ("lost", "sub_left_"),
        ("recovered", "after"),
        ("unpaid", "failed"),
        ("given-up", "void"),
    ],
)
def test_each_figure_leads_to_the_rows_it_counts(olga: Person, told_of: None, name: str, row: str) -> None:
    found = [one for one in links(olga.get("/admin/figures").text) if one.startswith(f"/admin/figures/{name}")]

    assert found
    for address in found:
        page = olga.get(address).text
        others = {"sub_trial_", "sub_left_", ">after<", ">failed<", ">void<"} - {row, f">{row}<"}
        assert row in page, address
        assert not [other for other in others if other in page], address
        # A sum is of one currency, and named by it.
        if "currency=usd" in address:
            assert "€" not in page, address


def rows_of_file(olga: Person, page: str) -> list[dict[str, str]]:
    """What the button on a page downloads."""
    [action] = re.findall(r'action="(/admin/figures/[^"]*\.csv[^"]*)"', olga.get(page).text)
    answer = olga.post(html.unescape(action), page="/admin/users")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(answer.text.splitlines()))


@pytest.mark.parametrize(
    ("page", "column", "value"),
    [
        ("recovered?currency=usd", "payments.number", "after"),
        ("month?currency=usd&month={month}", "payments.number", "after"),
        ("trials", "subscriptions.stripe_subscription_id", "sub_trial_eur"),
    ],
)
def test_the_rows_of_a_figure_are_a_file_too(
    olga: Person, told_of: None, page: str, column: str, value: str, app: Flask
) -> None:
    olga.get("/admin/figures")
    month = f"{utcnow() - 3 * DAY:%Y-%m}"

    rows = rows_of_file(olga, f"/admin/figures/{page.format(month=month)}")

    assert value in [row[column] for row in rows]
    with app.app_context():
        assert db.session.scalars(db.select(OperatorAct.kind)).all() == ["export"]


def test_movements_are_a_file_too(olga: Person, alice: Person, catalogue: None, at_stripe: Stripe) -> None:
    paid(alice, at_stripe, "pro")
    page = next(one for one in links(olga.get("/admin/figures").text) if "movements" in one)

    [row] = rows_of_file(olga, page)

    assert (row["users.email"], row["kind"], row["before"], row["after"]) == (alice.email, "new", "0", "2900")


def test_thirty_days_are_shown_day_by_day(olga: Person, told_of: None) -> None:
    monthly = olga.get("/admin/figures").text
    assert 'href="/admin/figures?days=30"' in monthly
    assert "Net by month, in US dollars" in monthly

    daily = olga.get("/admin/figures?days=30").text
    [drawn] = re.findall(r"<figure>(?:(?!</figure>).)*Net by day, in US dollars.*?</figure>", daily, re.DOTALL)

    assert f"{day(utcnow() - 3 * DAY).rpartition(' ')[0]}: $29" in drawn
    assert drawn.count("<title>") in (30, 60)


def test_a_cohort_is_followed_for_twelve_months(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe
) -> None:
    paid(alice, at_stripe, "pro")

    table = olga.get("/admin/figures").text.partition("Cohorts by the month in which they began")[2]

    assert re.findall(r">(\d+)</th>", table.partition("</thead>")[0]) == [str(age) for age in range(1, 13)]


def test_what_needs_somebody_is_the_overviews_first_column(olga: Person) -> None:
    page = olga.get("/admin/").text

    assert page.index(">Needs you</h2>") < page.index(">Revenue by month</h2>")


def test_currencies_stand_side_by_side_and_are_never_added_up(olga: Person, told_of: None) -> None:
    overview, page = olga.read("/admin/"), olga.read("/admin/figures")

    assert "€17 + $29 a month" in overview
    for words in ("$46", "€46"):
        assert words not in page + overview


def test_where_the_clock_was_moved_the_figures_count_from_it_and_say_so(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, app: Flask
) -> None:
    paid(alice, at_stripe, "pro")
    assert "emulator's clock" not in olga.get("/admin/figures").text.replace("&#39;", "'")
    [subscription] = at_stripe.subscriptions()
    at_stripe.emulator.advance(days=40)
    at_stripe.v1.subscriptions.cancel(subscription["id"])
    paid_again(alice)

    for page in ("/admin/", "/admin/figures"):
        assert "emulator's clock" in olga.read(page), page
    assert "1 of 1 in 30 days" in olga.read("/admin/figures")
    month = olga.read("/admin/figures").partition("Revenue by month")[2]
    with app.app_context():
        assert month.count("$29.00") >= len([one for one in reports.revenue_by_month(current_scope()) if one.gross])


def paid_again(person: Person) -> None:
    from app.auth.models import User
    from app.billing.reconcile.users import sync_user

    with person.app.app_context():
        sync_user(db.session.get_one(User, person.id), with_payments=True)


@pytest.mark.parametrize("address", ["/admin/figures/secrets", "/admin/figures/month?month=november"])
def test_rows_of_no_figure_are_404(olga: Person, address: str) -> None:
    assert olga.get(address).status_code == 404
