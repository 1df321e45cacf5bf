"""Whatever a fork sells, every page shows it: other intervals, currencies and roles, seats, or nothing at all."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.billing.catalog.plans import Catalog, Plan, Role, monthly, once, yearly
from app.billing.models.payments import Order
from app.billing.models.stripe import StripeAccount
from app.billing.models.subscription import Subscription
from app.config.settings import ROOT
from app.database import db, utcnow
from tests.people import PASSWORD, Person

GUEST, MEMBER, PATRON = Role("guest", "Guest", 0), Role("member", "Member", 10), Role("patron", "Patron", 20)
START = Plan("start", name="Starter", role="guest", tagline="For guests.")
SOLO = Plan("solo", name="Solo", role="member", tagline="For one.", prices=(monthly(500),))
TEAM = Plan("team", name="Team", role="patron", tagline="For all.", prices=(monthly(1200, per_seat=True),))
ANNUAL = Plan("annual", name="Annual", role="member", prices=(yearly(9600),))
KEEPER = Plan("keeper", name="Keeper", role="member", prices=(once(4900),))
FOUNDER = Plan("founder", name="Founder", role="patron", prices=(once(19000),))


def selling(*plans: Plan, currency: str = "eur") -> Catalog:
    """A catalogue of these plans, with what the example's dashboard asks for."""
    roles = (GUEST, MEMBER, PATRON)
    names = {"exports": "CSV export"}, {"entries": "entries"}
    return Catalog("other", currency, roles=roles, plans=plans, features=names[0], limits=names[1])


CATALOGUES = {
    "monthly": selling(START, SOLO, TEAM),
    "yearly": selling(ANNUAL),
    "once": selling(KEEPER, FOUNDER),
    "yen": selling(START, SOLO, currency="jpy"),
    "free": selling(START),
    "nothing": selling(),
    "retired": selling(START, replace(SOLO, is_sold=False)),
    "mixed": selling(SOLO, ANNUAL, KEEPER),
}
PATHS = [
    "/", "/pricing", "/pricing?interval=month", "/pricing?interval=year", "/pricing?seats=7", "/terms", "/signup",
    "/login?plan=solo", "/account", "/dashboard", "/dev/components", "/admin/", "/admin/users", "/admin/payments",
]  # fmt: skip
if not (ROOT / "app/admin").exists():
    PATHS = [path for path in PATHS if not path.startswith("/admin/")]


@pytest.fixture
def prices_of(app_with: Callable[..., Flask]) -> Callable[..., str]:
    """The text of a page for a visitor of a site that sells this catalogue."""

    def read(name: str, path: str = "/pricing") -> str:
        answer = app_with(CATALOGUES[name]).test_client().get(path)
        assert answer.status_code == 200
        return text_of(answer.text)

    return read


def text_of(page: str) -> str:
    """The words of a page's content, without its tags."""
    content = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub("<[^>]+>", " ", content).replace("&#39;", "'").split())


def person_of(site: Flask) -> Person:
    return Person.sign_up(site, "carol@example.com")


def subscribe(person: Person, **values: object) -> None:
    """A subscription in the mirror, at an account that is known."""
    now = utcnow()
    defaults = {
        "stripe_subscription_id": "sub_1",
        "user_id": person.id,
        "stripe_customer_id": "cus_1",
        "stripe_account": "acct_test",
        "livemode": False,
        "status": "active",
        "lookup_key": "other_solo_month",
        "stripe_price_id": "price_1",
        "amount": 400,
        "currency": "eur",
        "interval": "month",
        "current_period_start": now,
        "current_period_end": now + timedelta(days=30),
        "snapshot_at": now,
    }
    with person.app.app_context():
        key = person.app.extensions["stripe_gateway"].key_fingerprint
        db.session.add_all(
            [StripeAccount(key_fingerprint=key, stripe_account="acct_test"), Subscription(**defaults | values)]
        )
        db.session.commit()


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_page_is_shown(app_with: Callable[..., Flask], catalogue: None, name: str) -> None:
    site = app_with(CATALOGUES[name])
    carol = person_of(site)
    carol.become_admin()

    answers = {path: [carol.get(path).status_code, site.test_client().get(path).status_code] for path in PATHS}

    assert {path: codes for path, codes in answers.items() if max(codes) >= 400} == {}


@pytest.mark.parametrize(
    ("name", "has_switch"), [("monthly", False), ("yearly", False), ("once", False), ("mixed", True)]
)
def test_switch_is_there_when_there_is_something_to_switch(app_with, name: str, has_switch: bool) -> None:
    for path in ("/pricing", "/pricing?interval=year"):
        page = app_with(CATALOGUES[name]).test_client().get(path).text

        assert ("Billing period" in page) is has_switch


def test_plan_without_the_asked_interval_is_shown_at_the_price_that_it_has(prices_of) -> None:
    for path in ("/pricing?interval=month", "/pricing?interval=year"):
        page = prices_of("mixed", path)

        assert "€5 per month Renews every month until you cancel." in page
        assert "€8 a month €96 billed once a year." in page
        assert "€49 once One payment, and nothing after it." in page


def test_yearly_alone_is_shown_by_the_year(prices_of) -> None:
    assert "€96 billed once a year." in prices_of("yearly")
    assert "You're on Annual, €96 a year." in prices_of("yearly", "/")


def test_currency_without_decimals_is_written_without(prices_of) -> None:
    page = prices_of("yen")

    assert "¥500 per month" in page
    assert "Prices are in yen." in page
    assert "¥0" in prices_of("yen", "/")


@pytest.mark.parametrize(
    ("name", "words"), [("free", "Starter costs nothing. For guests."), ("nothing", "An account costs nothing.")]
)
def test_site_that_sells_nothing_says_so_and_leads_to_sign_up(prices_of, name: str, words: str) -> None:
    page = prices_of(name)

    assert "There is nothing to pay." in page
    assert words in page
    assert "Create a free account" in page
    assert "Stripe" not in page


def test_free_plan_is_marked_for_who_has_it(app_with) -> None:
    site = app_with(CATALOGUES["monthly"])
    carol = person_of(site)
    before = text_of(carol.get("/pricing").text)
    subscribe(carol)

    assert "For guests. Your plan" in before
    assert "For guests. Your plan" not in text_of(carol.get("/pricing").text)
    assert "For guests. Your plan" not in text_of(site.test_client().get("/pricing").text)


def test_price_per_seat_says_so_and_asks_how_many(app_with) -> None:
    page = app_with(CATALOGUES["monthly"]).test_client().get("/pricing?seats=7").text

    assert "€12 a seat per month" in text_of(page)
    assert page.count('type="number"') == 1
    assert re.search(r'<label for="seats-team">Seats</label>', page)
    assert re.search(r'<input[^>]*id="seats-team"[^>]*min="1" max="10000"[^>]*value="7"', page)


@pytest.mark.parametrize("seats", ["0", "-1", "10001", "x", ""])
def test_number_of_seats_that_cannot_be_is_not_put_into_the_form(app_with, seats: str) -> None:
    answer = app_with(CATALOGUES["monthly"]).test_client().get(f"/pricing?seats={seats}")

    assert answer.status_code == 200
    assert re.search(r'id="seats-team"[^>]*value="1"', answer.text)


def test_retired_plan_is_shown_to_its_subscribers_alone(app_with) -> None:
    site = app_with(CATALOGUES["retired"])
    carol = person_of(site)
    subscribe(carol)

    visitors, carols = text_of(site.test_client().get("/pricing").text), text_of(carol.get("/pricing").text)

    assert "Solo" not in visitors
    assert "Solo Your plan No longer on sale." in carols
    assert "€4 per month" in carols
    assert "Choose Solo" not in carols
    assert "You're on Solo, €4 a month." in text_of(carol.get("/account").text)


@pytest.mark.needs("app/admin")
def test_removed_plan_is_called_by_the_name_that_is_remembered(app_with) -> None:
    site = app_with(CATALOGUES["free"])
    carol = person_of(site)
    subscribe(carol, lookup_key="other_old_friends_month", plan_key="old_friends", role="friend", role_rank=5)
    carol.become_admin()

    pages = {path: carol.get(path) for path in [*PATHS, f"/admin/users/{carol.id}"]}

    assert {path for path, page in pages.items() if page.status_code >= 400} == set()
    assert "Old friends Your plan No longer on sale." in text_of(pages["/pricing"].text)
    assert "You're on Old friends, €4 a month." in text_of(pages["/account"].text)
    assert "Old friends" in text_of(pages[f"/admin/users/{carol.id}"].text)


def test_price_that_never_was_a_plans_raises_nowhere(app_with) -> None:
    carol = person_of(app_with(CATALOGUES["monthly"]))
    subscribe(carol, lookup_key=None, amount=None, currency=None, interval=None)

    assert [carol.get(path).status_code for path in ("/pricing", "/account", "/dashboard")] == [200, 200, 200]


@pytest.mark.needs("app/admin")
def test_seats_are_told_with_what_they_cost_in_all(app_with) -> None:
    carol = person_of(app_with(CATALOGUES["monthly"]))
    subscribe(carol, lookup_key="other_team_month", quantity=5, amount=6000)
    carol.become_admin()

    assert "You're on Team, 5 seats, €60 a month." in text_of(carol.get("/account").text)
    assert "You pay €60 a month for 5 seats." in text_of(carol.get("/pricing").text)
    assert "Team, 5 seats" in text_of(carol.get(f"/admin/users/{carol.id}").text)


def test_what_was_bought_for_good_hides_what_it_includes_and_no_more(app_with) -> None:
    site = app_with(selling(SOLO, TEAM, KEEPER, FOUNDER))
    carol = person_of(site)
    subscribe(carol, status="canceled", ended_at=utcnow())
    order = Order(user_id=carol.id, state="fulfilled", plan_key="keeper", amount=4900, currency="eur")
    order.stripe_account, order.livemode = "acct_test", False
    with site.app_context():
        db.session.add(order)
        db.session.commit()

    page = text_of(carol.get("/pricing").text)

    assert "Keeper Your plan" in page
    assert page.count("Included in what you have.") == 1
    assert "Choose Solo" not in page
    assert "Choose Team" in page and "Choose Founder" in page


def test_wall_tells_of_a_price_by_the_seat(app_with) -> None:
    carol = person_of(app_with(CATALOGUES["monthly"]))

    wall = carol.get("/dashboard/patron")
    told = carol.client.get("/dashboard/patron", headers={"Accept": "application/json"}).get_json()

    assert "This page comes with Patron." in text_of(wall.text)
    assert "€12 a seat a month" in text_of(wall.text)
    prices = [{"amount": 1200, "currency": "eur", "interval": "month", "per_seat": True}]
    assert told == {
        "error": {
            "code": "upgrade_required",
            "role": "patron",
            "plans": [{"key": "team", "name": "Team", "prices": prices}],
        }
    }


def test_role_that_no_plan_on_sale_gives_is_said_to_be_out_of_reach(app_with) -> None:
    carol = person_of(app_with(CATALOGUES["retired"]))

    wall = carol.get("/dashboard/member")

    assert wall.status_code == 403
    assert "No plan that is on sale today includes it." in text_of(wall.text)


def test_nobody_can_sign_up_for_a_plan_that_is_not_sold(client: FlaskClient, app_with) -> None:
    site = app_with(CATALOGUES["retired"])
    visitor = Person(site, site.test_client(), "dave@example.com")
    fields = {"email": visitor.email, "password": PASSWORD, "plan": "solo", "interval": "month"}

    answer = visitor.client.post("/signup", data={"csrf_token": visitor.csrf_token("/signup?plan=solo"), **fields})

    assert (answer.status_code, answer.location) == (303, "/dashboard")
