"""Catalogues unlike the example's, and catalogues that change under their buyers: what was paid for goes on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.auth.models import User
from app.billing.catalog.plans import Catalog, Plan, Price, Role, monthly, once, yearly
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.database import db
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

pytestmark = pytest.mark.slow

VISITOR, MEMBER, PATRON = Role("visitor", "Visitor", 0), Role("member", "Member", 10), Role("patron", "Patron", 20)
GUEST = Plan("guest", name="Guest", role="visitor", limits={"entries": 1})


def catalog_of(*plans: Plan, **fields: Any) -> Catalog:
    named = {"features": {"exports": "CSV export"}, "limits": {"entries": "entries"}}
    roles = (VISITOR, MEMBER, PATRON)
    return Catalog(**{"slug": "club", "currency": "eur", "roles": roles, "plans": (GUEST, *plans), **named, **fields})


def plan(key: str, *prices: Price, role: str = "member", **fields: Any) -> Plan:
    return Plan(key, role=role, prices=prices, **{"name": key.capitalize(), **fields})


HOUSE = plan("house", monthly(900), yearly(9000), features=("exports",), limits={"entries": 3})
FOREVER = plan("forever", once(30000), role="patron", features=("exports",))
BOTH = catalog_of(HOUSE, FOREVER)


@dataclass
class Town:
    """A site that sells whatever was deployed last, and the people who buy there."""

    deploy: Callable[..., Flask]
    stripe: Stripe
    emulator: Emulator
    app: Flask
    people: dict[str, Person] = field(default_factory=dict)

    def sells(self, catalog: Catalog, **options: Any) -> None:
        self.app = self.deploy(catalog, **options)

    def person(self, email: str) -> Person:
        """This person on today's site; signed up at their first visit."""
        if email not in self.people:
            self.people[email] = Person.sign_up(self.app, email)
        return self.people[email].on(self.app)

    def buys(self, email: str, plan: str, interval: str = "month", **fields: str) -> str:
        """Buy it, to the last webhook; returns the Checkout Session's id."""
        session_id = session_id_in(self.person(email).buy(plan, interval, **fields).location)
        self.stripe.pay(session_id)
        self.emulator.wait_until_idle()
        return session_id

    def role(self, email: str) -> str:
        return self.person(email).role

    def renew(self, days: int = 32) -> None:
        self.emulator.advance(days=days)
        self.emulator.wait_until_idle()

    def touch_subscriptions(self) -> None:
        """Have Stripe send a change of each subscription that means nothing to us."""
        for subscription in self.stripe.subscriptions():
            self.stripe.v1.subscriptions.update(subscription["id"], {"description": "Looked at by a person."})
        self.emulator.wait_until_idle()

    def flask(self, *arguments: str) -> Any:
        result = self.app.test_cli_runner().invoke(args=list(arguments))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def rows(self, model: Any) -> list[Any]:
        with self.app.app_context():
            return list(db.session.scalars(db.select(model)))

    def role_changes(self) -> int:
        return len(self.rows(RoleChange))

    def has_failed_events(self) -> bool:
        return any(event.outcome == "failed" for event in self.rows(StripeEvent))


@pytest.fixture
def town(app: Flask, deploy: Callable[..., Flask], at_stripe: Stripe, emulator: Emulator) -> Iterator[Town]:
    town = Town(deploy, at_stripe, emulator, app)
    yield town
    assert not town.has_failed_events()


@pytest.fixture
def with_buyers(town: Town) -> Town:
    """Alice pays each month, Bob has paid for good."""
    town.sells(BOTH)
    town.buys("alice@example.com", "house")
    town.buys("bob@example.com", "forever")
    return town


def nothing_was_taken(town: Town) -> None:
    """Every page, command and event goes on as if nothing had changed."""
    changes = town.role_changes()
    everywhere(town)
    assert town.flask("billing", "sync").exit_code == 0
    town.touch_subscriptions()
    town.renew()
    assert town.flask("billing", "sync").exit_code == 0
    for email in ("alice@example.com", "bob@example.com"):
        town.flask("billing", "why", email)
    assert (town.role("alice@example.com"), town.role("bob@example.com")) == ("member", "patron")
    assert town.role_changes() == changes


def everywhere(town: Town) -> None:
    """Every page that shows what somebody bought."""
    for_buyers(town)
    if "admin" in town.app.blueprints:
        for_operators(town)


def for_buyers(town: Town) -> None:
    for email in ("alice@example.com", "bob@example.com"):
        for page in ("/account", "/account/invoices", "/account/export", "/pricing", "/dashboard"):
            assert town.person(email).get(page).status_code == 200, page


def for_operators(town: Town) -> None:
    admin = town.person("admin@example.com")
    admin.become_admin()
    rules = [rule for rule in town.app.url_map.iter_rules() if str(rule).startswith("/admin/")]
    pages = [str(rule) for rule in rules if "GET" in (rule.methods or ()) and not rule.arguments]
    pages = [page for page in pages if "connect" not in page]
    with town.app.app_context():
        pages += [f"/admin/users/{user_id}" for user_id in db.session.scalars(db.select(User.id))]
    assert len(pages) > 5
    for page in pages:
        assert admin.get(page).status_code in (200, 302), page


def test_own_names_of_plans_and_roles_are_bought_like_any(with_buyers: Town) -> None:
    assert (with_buyers.role("alice@example.com"), with_buyers.role("bob@example.com")) == ("member", "patron")
    assert {order.state for order in with_buyers.rows(Order)} == {"fulfilled"}


def test_a_retired_plan_keeps_its_subscribers_their_role_and_its_price(with_buyers: Town) -> None:
    retired = replace(HOUSE, is_sold=False), replace(FOREVER, is_sold=False)
    with_buyers.sells(catalog_of(*retired, plan("studio", monthly(1900))))

    nothing_was_taken(with_buyers)

    paid = [payment.amount for payment in with_buyers.rows(Payment) if payment.stripe_subscription_id]
    assert paid == [900, 900]
    assert with_buyers.person("carol@example.com").buy("house").status_code == 404


@pytest.mark.parametrize("is_pushed", [True, False], ids=["pushed", "not pushed"])
def test_a_removed_plan_goes_on_giving_what_it_gave(with_buyers: Town, is_pushed: bool) -> None:
    other = plan("studio", monthly(1900), role="patron")

    with_buyers.sells(catalog_of(other), push=is_pushed)

    nothing_was_taken(with_buyers)


def test_a_removed_plan_is_called_by_what_is_remembered_of_it(with_buyers: Town) -> None:
    with_buyers.sells(catalog_of(), push=False)

    page = with_buyers.person("alice@example.com").get("/account").text

    assert "House" in page and "Unknown plan" not in page


def test_a_removed_role_still_includes_the_lower_ones(with_buyers: Town) -> None:
    small = plan("small", monthly(500), features=("exports",), limits={"entries": 7})

    with_buyers.sells(catalog_of(small, roles=(VISITOR, MEMBER)))

    nothing_was_taken(with_buyers)
    with with_buyers.app.app_context():
        bob = find(with_buyers, "bob@example.com")
        assert (bob.has_role("member"), bob.has_role("visitor"), bob.has_role("patron")) == (True, True, True)
        assert (bob.can("exports"), bob.limit("entries")) == (True, 7)
        assert not find(with_buyers, "alice@example.com").has_role("patron")


def test_a_role_with_another_key_and_the_same_rank_is_had_at_once(with_buyers: Town) -> None:
    friend = Role("friend", "Friend", MEMBER.rank)

    with_buyers.sells(catalog_of(replace(HOUSE, role="friend"), FOREVER, roles=(VISITOR, friend, PATRON)), push=False)

    with with_buyers.app.app_context():
        alice = find(with_buyers, "alice@example.com")
        assert (alice.has_role("friend"), alice.has_role("patron"), alice.can("exports")) == (True, False, True)
    assert with_buyers.flask("billing", "sync").exit_code == 0
    assert with_buyers.role("alice@example.com") == "friend"


def test_who_subscribed_to_a_plan_that_went_may_still_leave_it(with_buyers: Town) -> None:
    with_buyers.sells(catalog_of())
    subscription = with_buyers.stripe.subscriptions()[0]

    with_buyers.stripe.v1.subscriptions.cancel(subscription["id"])
    with_buyers.emulator.wait_until_idle()

    assert (with_buyers.role("alice@example.com"), with_buyers.role("bob@example.com")) == ("visitor", "patron")


def test_who_bought_before_a_change_of_price_keeps_theirs(with_buyers: Town) -> None:
    with_buyers.sells(catalog_of(replace(HOUSE, prices=(monthly(1200), yearly(12000))), FOREVER))

    with_buyers.buys("carol@example.com", "house")
    nothing_was_taken(with_buyers)

    paid = sorted(payment.amount for payment in with_buyers.rows(Payment) if payment.stripe_subscription_id)
    assert paid == [900, 900, 1200, 1200]
    assert with_buyers.role("carol@example.com") == "member"


def test_who_pays_by_the_year_keeps_it_when_that_price_goes(town: Town) -> None:
    town.sells(BOTH)
    town.buys("alice@example.com", "house", "year")
    town.buys("bob@example.com", "forever")

    town.sells(catalog_of(replace(HOUSE, prices=(monthly(900),)), FOREVER))

    nothing_was_taken(town)


def test_a_subscription_to_a_plan_without_its_currencys_decimals_is_charged_in_whole(town: Town) -> None:
    town.sells(catalog_of(plan("house", monthly(900)), currency="jpy"))

    town.buys("alice@example.com", "house")

    assert [(payment.amount, payment.currency) for payment in town.rows(Payment)] == [(900, "jpy")]
    assert town.stripe.charges()[0]["amount"] == 900


def test_two_currencies_are_sold_beside_each_other(town: Town) -> None:
    town.sells(catalog_of(plan("house", monthly(900)), plan("casa", monthly(1000, currency="usd"), role="patron")))

    town.buys("alice@example.com", "house")
    town.buys("bob@example.com", "casa")
    everywhere(town)

    paid = sorted((payment.amount, payment.currency) for payment in town.rows(Payment))
    assert paid == [(900, "eur"), (1000, "usd")]
    assert (town.role("alice@example.com"), town.role("bob@example.com")) == ("member", "patron")


def test_a_price_per_seat_is_paid_once_for_each_seat(town: Town) -> None:
    town.sells(catalog_of(plan("team", monthly(900, per_seat=True))))

    town.buys("alice@example.com", "team", seats="3")
    town.renew()

    order, subscription = town.rows(Order)[0], town.rows(Subscription)[0]
    assert (order.state, order.seats, order.amount) == ("fulfilled", 3, 2700)
    assert subscription.quantity == 3
    assert [payment.amount for payment in town.rows(Payment)] == [2700, 2700]
    assert town.role("alice@example.com") == "member"


def test_a_plan_that_is_paid_by_the_year_alone_is_sold_by_the_year_alone(town: Town) -> None:
    town.sells(catalog_of(plan("house", yearly(9000))))

    by_month = town.person("alice@example.com").buy("house", "month")
    town.buys("alice@example.com", "house", "year")

    assert by_month.status_code == 400
    assert town.role("alice@example.com") == "member"


def test_two_plans_are_paid_once_and_the_higher_counts(town: Town) -> None:
    town.sells(catalog_of(plan("brick", once(5000)), FOREVER))

    town.buys("alice@example.com", "brick")
    after_the_first = town.role("alice@example.com")
    town.buys("alice@example.com", "forever")

    assert (after_the_first, town.role("alice@example.com")) == ("member", "patron")


def test_more_prices_than_stripe_lists_at_once_are_all_sold(town: Town) -> None:
    town.sells(catalog_of(*(plan(f"house{number}", monthly(100 + number), yearly(1000)) for number in range(1, 9))))

    town.buys("alice@example.com", "house1")
    town.buys("bob@example.com", "house8", "year")

    assert sorted(payment.amount for payment in town.rows(Payment)) == [101, 1000]


def test_the_longest_names_fit_everywhere(town: Town) -> None:
    key, name = "k" * 30, "N" * 100
    dear = plan(key, monthly(99_999_999), role="r" * 30, name=name)
    for_good = plan("o" * 30, once(99_999_999), role="s" * 30, name=name)
    roles = (VISITOR, Role("r" * 30, name, 10), Role("s" * 30, name, 1_000_000))
    town.sells(catalog_of(dear, for_good, roles=roles, slug="p" * 30))

    town.buys("alice@example.com", key)
    town.buys("bob@example.com", "o" * 30)
    everywhere(town)

    assert (town.role("alice@example.com"), town.role("bob@example.com")) == ("r" * 30, "s" * 30)


def test_a_lowest_rank_above_zero_gives_nothing_by_itself(town: Town) -> None:
    town.sells(catalog_of(HOUSE, roles=(Role("visitor", "Visitor", 5), MEMBER, PATRON)))

    town.buys("alice@example.com", "house")
    town.stripe.v1.subscriptions.cancel(town.stripe.subscriptions()[0]["id"])
    town.emulator.wait_until_idle()

    assert town.role("alice@example.com") == "visitor"
    with town.app.app_context():
        assert find(town, "alice@example.com").role_rank == 5
        assert [row.grants_access for row in db.session.scalars(db.select(Subscription))] == [False]


def find(town: Town, email: str) -> Any:
    return db.session.scalars(db.select(User).where(User.email == email)).one()
