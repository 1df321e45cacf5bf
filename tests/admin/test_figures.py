"""The operator's figures: each leads to the rows that it is made of, and they come to it."""

import re

import pytest
from flask import Flask

from app.billing import reports
from app.billing.gateway.account import current_scope
from tests.billing.support.conftest import paid
from tests.people import Person
from tests.stripe_actions import Stripe

pytestmark = pytest.mark.needs("app/admin")


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


def test_where_the_clock_was_moved_the_figures_count_from_it_and_say_so(
    olga: Person, alice: Person, catalogue: None, at_stripe: Stripe, app: Flask
) -> None:
    paid(alice, at_stripe, "pro")
    assert "emulator's clock" not in olga.get("/admin/figures").text.replace("&#39;", "'")
    [subscription] = at_stripe.subscriptions()
    at_stripe.emulator.advance(days=40)
    at_stripe.v1.subscriptions.cancel(subscription["id"])
    paid_again(alice)

    for page in ("/admin/", "/admin/payments", "/admin/figures"):
        assert "emulator's clock" in olga.read(page), page
    assert "1 of 1 in 30 days" in olga.read("/admin/figures")
    month = olga.read("/admin/figures").partition("Revenue by month")[2]
    with app.app_context():
        assert month.count("$29.00") >= len([one for one in reports.revenue_by_month(current_scope()) if one.gross])


def paid_again(person: Person) -> None:
    from app.auth.models import User
    from app.billing.reconcile.users import sync_user
    from app.database import db

    with person.app.app_context():
        sync_user(db.session.get_one(User, person.id), with_payments=True)


@pytest.mark.parametrize("address", ["/admin/figures/secrets", "/admin/figures/month?month=november"])
def test_rows_of_no_figure_are_404(olga: Person, address: str) -> None:
    assert olga.get(address).status_code == 404
