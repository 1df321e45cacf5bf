"""The card on file is told, whatever order the news comes in; one that pays for several accounts is shown."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.billing.gateway.account import current_scope
from app.billing.models.stripe import StripeCustomer
from app.billing.models.used import UsedCard
from app.billing.payments.cards import PURPOSE
from app.billing.webhooks.handlers import HANDLERS
from app.database import db
from app.keys import digests_of
from app.mail.alerts import Alert
from tests.admin.conftest import olga  # noqa: F401
from tests.billing.elsewhere import live_elsewhere
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def tell(app: Flask, at_stripe: Stripe, deliver) -> Callable[..., None]:
    """Bring the events since the last time."""
    at_stripe.mute()
    told: list[str] = []

    def bring(*, backwards: bool = False) -> None:
        new = [event for event in at_stripe.events() if event["id"] not in told and event["type"] in HANDLERS]
        told.extend(event["id"] for event in new)
        for event in reversed(new) if backwards else new:
            assert deliver(event).status_code == 200

    return bring


def subscribe(person: Person, at_stripe: Stripe, token: str = "tok_visa") -> str:
    """Buy Pro with this card; the customer."""
    return str(at_stripe.pay(session_id_in(person.buy("pro").location), token)["customer"])


def card_of(person: Person) -> str:
    page = person.get("/account").text
    return page.partition("ending in ")[2].partition("<")[0]


@pytest.mark.parametrize("backwards", [False, True])
def test_the_page_tells_the_card_that_is_charged(alice: Person, at_stripe: Stripe, tell, backwards: bool) -> None:
    live_elsewhere(alice)
    customer = subscribe(alice, at_stripe)
    tell(backwards=backwards)
    first = card_of(alice)
    at_stripe.use_card(customer, "tok_mastercard")
    tell(backwards=backwards)
    second = card_of(alice)
    for method in at_stripe.v1.customers.payment_methods.list(customer).data:
        at_stripe.v1.payment_methods.detach(method.id)
    tell(backwards=backwards)

    assert (first, second, card_of(alice)) == ("4242", "4444", "")


def test_what_is_charged_less_is_told_with_the_code(alice: Person, at_stripe: Stripe, tell) -> None:
    coupon = at_stripe.v1.coupons.create({"percent_off": 50, "duration": "forever"}).id
    at_stripe.v1.promotion_codes.create({"code": "HALF", "promotion": {"type": "coupon", "coupon": coupon}})
    at_stripe.pay(session_id_in(alice.buy("pro").location), promotion_code="HALF")
    tell()

    assert "HALF takes $14.50 off the next payment." in alice.get("/account").text


def test_an_answer_that_an_event_has_overtaken_is_not_kept(
    app_with: Callable[..., Flask], at_stripe: Stripe, tell, emulator
) -> None:
    with MisbehavingStripe(emulator.url) as slow:
        alice = Person.sign_up(app_with(stripe_api_base=slow.url), "alice@example.com")
        customer = subscribe(alice, at_stripe)
        [method] = [one.id for one in at_stripe.v1.customers.payment_methods.list(customer).data]
        tell()

        def change(_method: str, path: str) -> None:
            if path.startswith(f"/v1/customers/{customer}"):
                slow.behave()
                at_stripe.v1.payment_methods.update(method, {"card": {"exp_month": 5, "exp_year": 2040}})
                tell()

        slow.after = change
        overtaken = alice.get("/account").text

        assert "Valid until 05/2040" not in overtaken
        assert "Valid until 05/2040" in alice.get("/account").text


def test_the_card_stays_told_while_stripe_is_away(
    app: Flask, app_with: Callable[..., Flask], alice: Person, at_stripe: Stripe, tell
) -> None:
    subscribe(alice, at_stripe)
    tell()
    known = card_of(alice)
    with app.app_context():
        db.session.execute(db.update(StripeCustomer).values(card_valid_until=None))
        db.session.commit()

    assert (known, card_of(alice.on(app_with(stripe_api_base="http://127.0.0.1:9")))) == ("4242", "4242")


@pytest.mark.needs("app/admin")
def test_a_card_that_pays_for_two_accounts_is_shown_until_it_is_accepted(
    app: Flask, alice: Person, bob: Person, at_stripe: Stripe, tell, olga: Person  # noqa: F811
) -> None:  # fmt: skip
    subscribe(alice, at_stripe)
    tell()
    alone = olga.get("/admin/").text
    subscribe(bob, at_stripe)
    tell(backwards=True)
    shared = olga.get("/admin/").text
    with app.app_context():
        digest = db.session.scalars(db.select(UsedCard.card_digest)).first()
    whose = olga.get(f"/admin/users?card={digest}").text
    olga.post(f"/admin/users/cards/{digest}/accept")

    assert "One card has paid for 2 accounts." in shared
    assert alice.email in whose and bob.email in whose and olga.email not in whose.partition("<table")[2]
    assert "One card" not in alone + olga.get("/admin/").text
    assert (alice.role, bob.role) == ("pro", "pro")


def test_a_card_of_another_scope_is_another_one_and_its_fingerprint_is_nowhere(
    app: Flask, alice: Person, bob: Person, at_stripe: Stripe, tell
) -> None:
    fingerprint = at_stripe.v1.payment_methods.retrieve(at_stripe.card()).card.fingerprint
    with app.app_context():
        digest = digests_of(PURPOSE, fingerprint)[0]
    bob_id = bob.id
    for scope in live_elsewhere(bob):
        with app.app_context():
            of_scope = {"stripe_account": scope.stripe_account, "livemode": scope.livemode}
            db.session.add(UsedCard(card_digest=digest, user_id=bob_id, **of_scope))
            db.session.commit()
    subscribe(alice, at_stripe)
    tell()

    with app.app_context():
        assert db.session.scalars(db.select(Alert)).all() == []
        rows = [*db.session.scalars(db.select(UsedCard)), *db.session.scalars(db.select(StripeCustomer))]
        assert fingerprint not in str([vars(row) for row in rows])
        assert len(db.session.scalars(db.select(UsedCard).where(current_scope().covers(UsedCard))).all()) == 1


@pytest.mark.parametrize(("trial_days", "accounts"), [(14, 2), (0, 1)])
def test_a_card_outlives_its_account_only_if_that_had_a_trial(
    app_with: Callable[..., Flask], at_stripe: Stripe, tell, trial_days: int, accounts: int
) -> None:
    app = app_with(trial_days=trial_days)
    alice = Person.sign_up(app, "alice@example.com")
    subscribe(alice, at_stripe)
    tell()
    assert alice.post("/account/delete", page="/account/delete", current_password=PASSWORD).status_code == 303
    subscribe(Person.sign_up(app, "carol@example.com"), at_stripe)
    tell()

    with app.app_context():
        rows = db.session.scalars(db.select(UsedCard).order_by(UsedCard.id)).all()
        assert [row.user_id is None for row in rows] == [True, False][-accounts:]
        assert len({row.card_digest for row in rows}) == 1
        assert db.session.scalar(db.select(db.func.count()).select_from(Alert)) == accounts - 1
