"""A key that Stripe refuses: remembered wherever it happens, shown, told by mail, and over with the next success."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.gateway.account import current_scope
from app.billing.gateway.client import StripeGateway
from app.billing.gateway.connection import ConnectionState, known_state
from app.database import db
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.mail.mailbox import mails
from tests.people import Person

pytestmark = pytest.mark.usefixtures("catalogue")
OPERATOR = "ops@example.com"


@pytest.fixture
def misbehaving(emulator: Emulator) -> Iterator[MisbehavingStripe]:
    with MisbehavingStripe(emulator.url) as proxy:
        yield proxy


@pytest.fixture
def shaky(app_with: Callable[..., Flask], misbehaving: MisbehavingStripe) -> Flask:
    """The site with a Stripe that may refuse it, and an operator to tell."""
    return app_with(stripe_api_base=misbehaving.url, operator_email=OPERATOR)


@pytest.fixture
def olga(shaky: Flask, user_of) -> Person:  # type: ignore[no-untyped-def]
    """The operator, signed in."""
    person = Person.sign_up(shaky, "olga@example.com")
    with shaky.app_context():
        user_of("olga@example.com").is_admin = True
        db.session.commit()
    return person


@pytest.fixture
def carol(shaky: Flask) -> Person:
    return Person.sign_up(shaky, "carol@example.com")


def state(app: Flask) -> ConnectionState:
    with app.app_context():
        return known_state(app.extensions["stripe_gateway"])


@pytest.mark.parametrize(("status", "words"), [(401, "does not accept the secret key"), (403, "does not let this key")])
@pytest.mark.needs("app/admin")
def test_a_refused_key_is_shown_to_the_operator_and_told_by_mail_once(
    shaky: Flask, misbehaving: MisbehavingStripe, carol: Person, olga: Person, status: int, words: str
) -> None:
    misbehaving.answer(status, "/v1/checkout")

    for _ in range(2):
        carol.buy("pro")

    assert state(shaky) == ConnectionState.NEEDS_RECONNECT
    page = olga.get("/admin/connection").text
    assert "Needs reconnect" in page
    assert words in page
    assert "Stripe refuses our key" in olga.get("/admin/").text
    # One that the key is refused, and one that people are turned away.
    assert mails(shaky, to=OPERATOR) == [("operator_alert", OPERATOR)] * 2


@pytest.mark.needs("app/admin")
def test_the_next_success_clears_it(shaky: Flask, misbehaving: MisbehavingStripe, carol: Person, olga: Person) -> None:
    misbehaving.answer(401)
    carol.buy("pro")
    misbehaving.behave()

    carol.buy("pro")

    assert state(shaky) == ConnectionState.CONNECTED
    assert "Nothing. All is in order." in olga.get("/admin/").text


def test_another_worker_that_stripe_lets_in_clears_it_too(
    shaky: Flask, app_with: Callable[..., Flask], misbehaving: MisbehavingStripe, carol: Person
) -> None:
    misbehaving.answer(401)
    carol.buy("pro")
    misbehaving.behave()

    assert carol.on(app_with(stripe_api_base=misbehaving.url)).buy("pro").status_code == 303
    assert state(shaky) == ConnectionState.CONNECTED


def test_it_is_known_of_the_key_and_not_of_the_next_one(
    shaky: Flask, app_with: Callable[..., Flask], misbehaving: MisbehavingStripe, carol: Person
) -> None:
    misbehaving.answer(401)
    carol.buy("pro")

    keys = {"stripe_secret_key": "sk_test_the_next_one", "stripe_webhook_secret": "whsec_1"}
    assert state(app_with(stripe_api_base=misbehaving.url, **keys)) == ConnectionState.CONNECTED


def test_an_outage_is_no_refusal(shaky: Flask, misbehaving: MisbehavingStripe, carol: Person) -> None:
    misbehaving.answer(500)

    answer = carol.buy("pro")

    assert state(shaky) == ConnectionState.CONNECTED
    assert "usually back within a few minutes" in answer.text
    assert answer.headers["Retry-After"]
    assert mails(shaky, to=OPERATOR) == []


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_not_called_an_outage(carol: Person, misbehaving: MisbehavingStripe, status: int) -> None:
    misbehaving.answer(status, "/v1/checkout")

    answer = carol.buy("pro")

    assert answer.status_code == 503
    assert "Something on our side is set up wrong" in answer.text
    assert "within a few minutes" not in answer.text
    assert "Retry-After" not in answer.headers


@pytest.mark.needs("app/admin")
def test_who_was_turned_away_is_told_until_somebody_gets_through(
    shaky: Flask, carol: Person, misbehaving: MisbehavingStripe, olga: Person
) -> None:
    misbehaving.answer(400, "/v1/checkout")
    carol.buy("pro")
    during = olga.get("/admin/").text
    misbehaving.behave()

    carol.buy("pro")

    assert "Customers are turned away: Stripe refused the checkout" in during
    assert mails(shaky, to=OPERATOR) == [("operator_alert", OPERATOR)]
    assert "turned away" not in olga.get("/admin/").text


@pytest.mark.needs("app/admin")
def test_the_operator_is_shown_a_key_that_never_worked(
    shaky: Flask, misbehaving: MisbehavingStripe, olga: Person
) -> None:
    misbehaving.answer(401)

    assert "Stripe refuses our key" in olga.get("/admin/").text
    assert "Needs reconnect" in olga.get("/admin/connection").text


def test_what_a_restricted_key_need_not_do_is_no_refusal(
    shaky: Flask, misbehaving: MisbehavingStripe, carol: Person
) -> None:
    misbehaving.answer(403, "/v1/account")

    assert carol.buy("pro").status_code == 303
    assert state(shaky) == ConnectionState.CONNECTED
    assert mails(shaky, to=OPERATOR) == []


def test_remembering_leaves_what_the_caller_has_in_hand_alone(shaky: Flask, misbehaving: MisbehavingStripe) -> None:
    gateway: StripeGateway = shaky.extensions["stripe_gateway"]
    with shaky.app_context():
        scope = current_scope()
        misbehaving.answer(401)
        with pytest.raises(Exception, match="401"), gateway.errors():
            gateway.v1.customers.list({}, scope.options())

        assert not db.session().in_transaction()
