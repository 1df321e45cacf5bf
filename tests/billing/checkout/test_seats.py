"""A price per seat: the number is chosen before Checkout and there, is paid for, mirrored, told and carried along."""

import re
from collections.abc import Callable
from urllib.request import urlopen

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.catalog.plans import Catalog, Plan, Role, monthly, yearly
from app.billing.models.payments import Order
from app.billing.models.subscription import Subscription
from app.database import db
from app.mail.compose import compose
from app.mail.outbox import OutboxMail
from tests.people import PASSWORD, Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in, signed

TEAMS = Catalog(
    slug="teams",
    currency="eur",
    roles=(Role("guest", "Guest", 0), Role("member", "Member", 10), Role("patron", "Patron", 20)),
    features={"exports": "CSV export"},
    limits={"entries": "entries"},
    plans=(
        Plan("solo", name="Solo", role="member", prices=(monthly(500),)),
        Plan("team", name="Team", role="patron", prices=(monthly(1200, per_seat=True), yearly(12000, per_seat=True))),
        Plan("club", name="Club", role="patron", prices=(monthly(1500, per_seat=True),), trial_days=14),
    ),
)


@pytest.fixture
def shop(app_with: Callable[..., Flask], push: Callable[[Flask], None]) -> Flask:
    """A site that sells by the seat, its prices in Stripe."""
    shop = app_with(TEAMS)
    push(shop)
    return shop


@pytest.fixture
def carol(shop: Flask) -> Person:
    """Somebody who buys for others too."""
    return Person.sign_up(shop, "carol@example.com")


@pytest.fixture
def team(carol: Person, at_stripe: Stripe) -> Person:
    """Carol, with five seats of Team."""
    at_stripe.mute()
    session_id = session_id_in(buy(carol, "team", "5").location)
    at_stripe.pay(session_id)
    carol.get(f"/checkout/success?session_id={session_id}")
    return carol


def buy(person: Person, plan: str, seats: str | None = None, interval: str = "month"):  # type: ignore[no-untyped-def]
    fields = {"interval": interval} | ({"seats": seats} if seats is not None else {})
    return person.post(f"/checkout/{plan}", page="/pricing", **fields)


def deliver_to(shop: Flask, event: Json) -> None:
    body, headers = signed(event, shop.extensions["settings"].webhook_secrets[0])
    assert shop.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code == 200


def order_of(person: Person) -> Order:
    with person.app.app_context():
        return db.session.scalars(db.select(Order).order_by(Order.created_at.desc())).first()


def subscription_of(person: Person) -> Subscription:
    with person.app.app_context():
        return db.session.scalars(db.select(Subscription)).one()


def mail_to(person: Person, template: str) -> str:
    with person.app.test_request_context():
        mail = db.session.scalars(db.select(OutboxMail).where(OutboxMail.template == template)).one()
        return " ".join(str(compose(mail).get_body(("plain",)).get_content()).split())


def test_seats_are_ordered_and_can_be_changed_at_checkout(carol: Person, at_stripe: Stripe) -> None:
    session_id = session_id_in(buy(carol, "team", "5").location)

    order = order_of(carol)
    session = at_stripe.session(session_id)
    [item] = at_stripe.v1.checkout.sessions.line_items.list(session_id).data
    assert (order.seats, order.amount, order.currency) == (5, 6000, "eur")
    assert (item.quantity, session["amount_total"]) == (5, 6000)
    assert item.adjustable_quantity.to_dict() == {"enabled": True, "minimum": 1, "maximum": 10000}


def test_one_seat_is_meant_when_no_number_is_given(carol: Person) -> None:
    assert buy(carol, "team").status_code == 303

    assert (order_of(carol).seats, order_of(carol).amount) == (1, 1200)


@pytest.mark.parametrize("seats", ["0", "-1", "10001", "x", "", "1.5", "1e3", "٣", " 5", "+5", "5\x00"])
def test_number_of_seats_that_cannot_be_is_refused(carol: Person, seats: str) -> None:
    assert buy(carol, "team", seats).status_code == 400
    assert order_of(carol) is None


def test_most_seats_can_be_ordered(carol: Person) -> None:
    buy(carol, "team", "10000")

    assert (order_of(carol).seats, order_of(carol).amount) == (10_000, 12_000_000)


@pytest.mark.parametrize("seats", ["5", "0", "x"])
def test_seats_of_a_price_that_has_none_are_ignored(carol: Person, seats: str) -> None:
    assert buy(carol, "solo", seats).status_code == 303

    assert (order_of(carol).seats, order_of(carol).amount) == (1, 500)


def test_interval_that_a_plan_does_not_have_is_refused(carol: Person) -> None:
    assert buy(carol, "solo", interval="year").status_code == 400
    assert order_of(carol) is None


def test_open_session_for_another_number_of_seats_is_expired_first(carol: Person, at_stripe: Stripe) -> None:
    first = session_id_in(buy(carol, "team", "5").location)
    same = session_id_in(buy(carol, "team", "5").location)

    other = session_id_in(buy(carol, "team", "6").location)

    assert same == first != other
    assert at_stripe.session(first)["status"] == "expired"


@pytest.mark.parametrize("way", ["signup", "login"])
def test_seats_that_a_visitor_chose_survive_signing_in(shop: Flask, carol: Person, at_stripe: Stripe, way: str) -> None:
    visitor = Person(shop, shop.test_client(), "dave@example.com" if way == "signup" else carol.email)
    signup = buy(visitor, "team", "7", "year").location
    address = signup.replace("/signup", f"/{way}")
    form = visitor.get(address).text
    carried = dict(re.findall(r'name="(plan|interval|seats)"[^>]*value="([^"]*)"', form))
    fields = {"csrf_token": visitor.csrf_token(address), "email": visitor.email, "password": PASSWORD, **carried}

    answer = visitor.client.post(f"/{way}", data=fields)

    session = at_stripe.session(session_id_in(answer.location))
    assert carried == {"plan": "team", "interval": "year", "seats": "7"}
    assert session["amount_total"] == 84000


def test_seats_are_mirrored_and_told_everywhere(team: Person) -> None:
    subscription, order = subscription_of(team), order_of(team)

    assert (subscription.quantity, subscription.amount) == (5, 6000)
    assert (order.state, team.role) == ("fulfilled", "patron")
    assert "You're on Team, 5 seats, €60 a month." in team.read("/account")
    assert "Team is on with 5 seats, for €60 a month." in mail_to(team, "order_confirmed")


def test_seats_of_a_trial_are_told(carol: Person, at_stripe: Stripe) -> None:
    at_stripe.mute()
    session_id = session_id_in(buy(carol, "club", "3").location)
    at_stripe.pay(session_id)
    carol.get(f"/checkout/success?session_id={session_id}")

    assert order_of(carol).state == "fulfilled"
    assert "Then €45 a month for 3 seats." in carol.read("/account")
    assert "Your trial of Club with 3 seats has begun" in mail_to(carol, "order_confirmed")
    deliver_to(carol.app, event_of("customer.subscription.trial_will_end", at_stripe.subscriptions()[0]))
    assert "€45 a month for 3 seats" in mail_to(carol, "trial_will_end")


@pytest.mark.parametrize("seats", ["1", "8"])
def test_change_of_plan_carries_the_seats_that_are_asked_for(team: Person, seats: str) -> None:
    assert quantity_on(buy(team, "team", seats, "year").location) == seats


def test_other_seats_of_the_same_plan_are_a_change_to_confirm(team: Person) -> None:
    own_card = team.get("/pricing").text.partition('id="plan-team"')[2].partition("</article>")[0]
    assert re.search(r'id="seats-team"[^>]*value="5"', own_card)
    assert "Change seats" in own_card
    assert quantity_on(buy(team, "team", "8").location) == "8"


def test_same_seats_of_the_same_plan_lead_to_the_portals_front_page(team: Person) -> None:
    for address in (buy(team, "team", "5").location, buy(team, "team").location):
        with urlopen(address) as answer:
            assert 'name="quantity"' not in answer.read().decode()


def test_change_of_plan_keeps_the_seats_that_are_paid_for(team: Person) -> None:
    assert quantity_on(buy(team, "team", interval="year").location) == "5"


def test_change_of_plan_leaves_the_seats_behind_for_a_plan_without(team: Person) -> None:
    assert quantity_on(buy(team, "solo", "5").location) == "1"


def test_several_of_what_is_no_plan_are_not_called_seats(team: Person, at_stripe: Stripe) -> None:
    """Somebody at Stripe plans something else than a plan for the next period."""
    product = at_stripe.v1.products.create({"name": "Storage"})
    monthly_price = {"product": product.id, "currency": "eur", "unit_amount": 100, "recurring": {"interval": "month"}}
    storage = at_stripe.v1.prices.create(monthly_price)
    [subscription] = at_stripe.subscriptions()
    schedule = at_stripe.v1.subscription_schedules.create({"from_subscription": subscription["id"]})
    [now] = schedule.phases
    items = [{"price": one.price, "quantity": one.quantity} for one in now["items"]]
    today = {"items": items, "start_date": now.start_date, "end_date": now.end_date}
    phases = [today, {"items": [{"price": storage.id, "quantity": 3}]}]
    at_stripe.v1.subscription_schedules.update(schedule.id, {"phases": phases, "end_behavior": "release"})
    deliver_to(team.app, event_of("customer.subscription.updated", at_stripe.subscriptions()[0]))

    said = team.read("/account")

    assert "You're on Team, 5 seats" in said
    assert "3 seats" not in said


def test_seats_changed_at_checkout_are_fulfilled_and_mirrored(carol: Person, emulator: Emulator) -> None:
    session_id = session_id_in(buy(carol, "team", "5").location)
    emulator.pay_session(session_id, quantity=8)

    page = carol.get(f"/checkout/success?session_id={session_id}")

    order, subscription = order_of(carol), subscription_of(carol)
    assert 'data-state="fulfilled"' in page.text
    assert (order.state, order.seats, order.amount) == ("fulfilled", 8, 9600)
    assert (subscription.quantity, subscription.amount, carol.role) == (8, 9600, "patron")
    assert "Team is on with 8 seats, for €96 a month." in mail_to(carol, "order_confirmed")


def test_seats_of_a_trial_changed_at_checkout_are_noted_too(carol: Person, emulator: Emulator) -> None:
    session_id = session_id_in(buy(carol, "club", "2").location)
    emulator.pay_session(session_id, quantity=4)

    carol.get(f"/checkout/success?session_id={session_id}")

    order = order_of(carol)
    assert (order.state, order.seats, order.amount) == ("fulfilled", 4, 6000)
    assert "Your trial of Club with 4 seats has begun" in mail_to(carol, "order_confirmed")


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"amount_subtotal": 6000}, "fulfilled"),
        ({"amount_subtotal": 12_000_000}, "fulfilled"),
        ({"amount_subtotal": 6001}, "mismatched"),
        ({"amount_subtotal": 1}, "mismatched"),
        ({"amount_subtotal": 12_001_200}, "mismatched"),
        ({"currency": "jpy"}, "mismatched"),
    ],
)
def test_amount_is_right_for_a_whole_number_of_seats_alone(
    carol: Person, at_stripe: Stripe, change: dict[str, object], state: str
) -> None:
    at_stripe.mute()
    session = at_stripe.pay(session_id_in(buy(carol, "team", "5").location))

    deliver_to(carol.app, event_of("checkout.session.completed", session | change))

    assert order_of(carol).state == state


def test_more_seats_than_stripe_can_charge_for_are_refused(carol: Person) -> None:
    assert buy(carol, "team", "8334", "year").status_code == 400
    assert buy(carol, "team", "8333", "year").status_code == 303
    assert order_of(carol).amount == 99_996_000


def test_seats_changed_at_stripe_are_mirrored_and_told(team: Person, at_stripe: Stripe) -> None:
    [subscription] = at_stripe.subscriptions()
    item = subscription["items"]["data"][0]["id"]
    at_stripe.v1.subscriptions.update(
        subscription["id"], {"items": [{"id": item, "quantity": 9}], "proration_behavior": "none"}
    )

    team.get("/account?from=portal")

    assert "You're on Team, 9 seats, €108 a month." in team.read("/account")


def quantity_on(confirm_page: str) -> str:
    """The number of seats that the portal's page at this address asks to confirm."""
    with urlopen(confirm_page) as answer:
        found = re.search(r'name="quantity" value="([^"]*)"', answer.read().decode())
    assert found, confirm_page
    return found[1]
