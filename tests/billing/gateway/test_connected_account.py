"""With an account connected by OAuth, every request is made for that account, in a worker that has just started too."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.account.deletion import delete_account
from app.auth.models import User
from app.billing.gateway.account import connected_account
from app.billing.gateway.client import get_gateway
from app.billing.models.stripe import StripeConnection
from app.billing.reconcile.users import sync_all
from app.billing.setup.push import push_catalogue
from app.database import db, utcnow
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.people import PASSWORD, Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in, signed

pytestmark = [pytest.mark.usefixtures("catalogue"), pytest.mark.slow, pytest.mark.database]
# What belongs to the platform whose key this is: who it is, and where its events go.
OF_THE_PLATFORM = ("/v1/account", "/v1/webhook_endpoints")

Worker = Callable[[], Flask]


@pytest.fixture
def seen(emulator: Emulator) -> Iterator[MisbehavingStripe]:
    """Stripe, with every request noted."""
    with MisbehavingStripe(emulator.url) as stripe:
        yield stripe


@pytest.fixture
def connect(app: Flask, at_stripe: Stripe) -> Callable[[], None]:
    """Connect an account, as another worker would; the emulator has one alone, so it is the key's own."""

    def add_connection() -> None:
        account = at_stripe.v1.accounts.retrieve_current().id
        # Stripe counts whole seconds, and the events of the tests must not come from before.
        long_ago = utcnow().replace(year=2020)
        with app.app_context():
            db.session.add(StripeConnection(stripe_account=account, livemode=False, connected_at=long_ago))
            db.session.commit()

    return add_connection


@pytest.fixture
def new_worker(connect: Callable[[], None], app_with: Callable[..., Flask], seen: MisbehavingStripe) -> Worker:
    """Start another process of the site: nothing that an earlier one learned is in its memory."""
    connect()
    return lambda: app_with(stripe_connect_client_id="ca_test000000000000", stripe_api_base=seen.url)


@pytest.fixture
def alice(new_worker: Worker) -> Person:
    return Person.sign_up(new_worker(), "alice@example.com")


@pytest.fixture
def subscriber(alice: Person, new_worker: Worker, at_stripe: Stripe) -> Person:
    """Alice, who has bought Pro and come back from Checkout; Stripe's own events come to nobody."""
    at_stripe.mute()
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    return alice


def elsewhere(person: Person, worker: Flask) -> Person:
    """The same person in a worker that has just started."""
    browser = Person(worker, worker.test_client(), person.email)
    browser.post("/login", page="/login", email=person.email, password=PASSWORD)
    return browser


def for_the_platform(seen: MisbehavingStripe) -> set[str]:
    """The requests that named no connected account; there has to have been one that did."""
    assert any(seen.accounts)
    asked = {path for (_, path), account in zip(seen.requests, seen.accounts, strict=True) if account is None}
    return {path for path in asked if not path.startswith(OF_THE_PLATFORM)}


def bring(worker: Flask, event: Json) -> int:
    with worker.app_context():
        account = connected_account()
    body, headers = signed(event | {"account": account}, worker.extensions["settings"].webhook_secrets[0])
    return worker.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code


def test_success_page_of_a_fresh_worker_asks_the_connected_account(
    alice: Person, new_worker: Worker, seen: MisbehavingStripe, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    returning = elsewhere(alice, new_worker())
    seen.requests.clear()
    seen.accounts.clear()

    answer = returning.get(f"/checkout/success?session_id={session_id}")

    assert answer.status_code == 200
    assert alice.role == "pro"
    assert for_the_platform(seen) == set()


def test_checkout_asks_the_connected_account(alice: Person, seen: MisbehavingStripe) -> None:
    assert alice.buy("pro").status_code == alice.buy("lifetime").status_code == 303

    assert for_the_platform(seen) == set()


def test_portal_of_a_fresh_worker_asks_the_connected_account(
    subscriber: Person, new_worker: Worker, seen: MisbehavingStripe
) -> None:
    assert elsewhere(subscriber, new_worker()).post("/account/portal").status_code == 303
    assert elsewhere(subscriber, new_worker()).buy("basic").status_code == 303
    assert elsewhere(subscriber, new_worker()).get("/account?from=portal").status_code == 303

    assert for_the_platform(seen) == set()


def test_sync_of_a_fresh_worker_asks_the_connected_account(
    subscriber: Person, new_worker: Worker, seen: MisbehavingStripe
) -> None:
    with new_worker().app_context():
        assert sync_all().checked == 1

    assert for_the_platform(seen) == set()


@pytest.mark.parametrize("kind", ["checkout.session.completed", "customer.subscription.updated", "invoice.paid"])
def test_event_that_a_fresh_worker_reads_from_stripe_asks_the_connected_account(
    alice: Person, new_worker: Worker, seen: MisbehavingStripe, at_stripe: Stripe, kind: str
) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    of_its_kind = {
        "checkout.session.completed": lambda: at_stripe.events(kind)[0]["data"]["object"],
        "customer.subscription.updated": lambda: at_stripe.subscriptions()[0],
        "invoice.paid": lambda: at_stripe.invoices()[0],
    }

    answer = bring(new_worker(), event_of(kind, of_its_kind[kind](), api_version="2024-06-20"))

    assert answer == 200
    assert for_the_platform(seen) == set()


def test_deletion_in_a_fresh_worker_asks_the_connected_account(
    subscriber: Person, new_worker: Worker, seen: MisbehavingStripe, at_stripe: Stripe
) -> None:
    with new_worker().app_context():
        user = db.session.get(User, subscriber.id)
        assert user is not None
        delete_account(user)
        db.session.commit()

    assert [one["status"] for one in at_stripe.subscriptions()] == ["canceled"]
    assert for_the_platform(seen) == set()


def test_push_writes_into_the_connected_account(new_worker: Worker, seen: MisbehavingStripe) -> None:
    worker = new_worker()
    with worker.app_context():
        push_catalogue(get_gateway(), worker.extensions["settings"])

    assert for_the_platform(seen) == set()


def test_check_asks_the_connected_account(new_worker: Worker, seen: MisbehavingStripe) -> None:
    new_worker().test_cli_runner().invoke(args=["billing", "check"])

    assert for_the_platform(seen) == set()


def test_prices_found_before_the_connection_are_not_sold_after_it(
    connect: Callable[[], None], app_with: Callable[..., Flask], seen: MisbehavingStripe
) -> None:
    """The connection may have been made in another worker: nothing tells this one."""
    worker = app_with(stripe_connect_client_id="ca_test000000000000", stripe_api_base=seen.url)
    assert Person.sign_up(worker, "alice@example.com").buy("pro").status_code == 303
    connect()
    seen.requests.clear()
    seen.accounts.clear()

    assert Person.sign_up(worker, "bob@example.com").buy("pro").status_code == 303

    assert any(path.startswith("/v1/prices") for _, path in seen.requests)
    assert for_the_platform(seen) == set()
