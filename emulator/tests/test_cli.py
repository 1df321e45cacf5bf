"""The official Stripe CLI cannot tell the emulator from Stripe."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from stripe_emulator import Emulator
from tests.conftest import RETRY_SCHEDULE, assert_events_valid, client_for
from tests.stripe_cli import StripeCli, find_cli
from tests.webhook_receiver import WebhookReceiver

CLI = find_cli()
pytestmark = pytest.mark.skipif(CLI is None, reason="the Stripe CLI is not installed: npm install")

TRIGGERS = [
    "billing_portal.configuration.created",
    "billing_portal.configuration.updated",
    "billing_portal.session.created",
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.failed",
    "charge.refunded",
    "charge.succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "coupon.created",
    "coupon.deleted",
    "customer.created",
    "customer.deleted",
    "customer.discount.created",
    "customer.discount.deleted",
    "customer.discount.updated",
    "customer.source.created",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "customer.updated",
    "invoice.created",
    "invoice.finalized",
    "invoice.marked_uncollectible",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
    "invoice.voided",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.detached",
    "price.created",
    "product.created",
    "product.deleted",
    "promotion_code.created",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
    "subscription_schedule.canceled",
    "subscription_schedule.completed",
    "subscription_schedule.created",
    "subscription_schedule.expiring",
    "subscription_schedule.released",
    "subscription_schedule.updated",
    "tax_rate.created",
    "test_helpers.test_clock.advancing",
]
# What these two are named after is not an event: they end in others.
NAMED_AFTER_OTHERS = {
    "subscription.payment_failed": "invoice.payment_failed",
    "subscription.payment_succeeded": "invoice.payment_succeeded",
}
# These come when the bank has decided, some seconds later.
LATE = {"checkout.session.async_payment_failed", "checkout.session.async_payment_succeeded"}


@pytest.fixture(scope="module")
def cli_emulator() -> Iterator[Emulator]:
    """Run an emulator for the CLI alone; in the end every event it brought about is validated."""
    with Emulator(retry_schedule=RETRY_SCHEDULE, settings={"sepa_settle_seconds": 0}) as running:
        yield running
        assert_events_valid(running)


@pytest.fixture
def cli(cli_emulator: Emulator, tmp_path: Path) -> StripeCli:
    """Return the CLI, pointed at the emulator."""
    return StripeCli(str(CLI), cli_emulator, tmp_path)


@pytest.mark.parametrize("trigger", [*TRIGGERS, *NAMED_AFTER_OTHERS])
def test_trigger_brings_its_event_about(cli_emulator: Emulator, cli: StripeCli, trigger: str) -> None:
    with cli_emulator.store.read() as tx:
        before = {event["id"] for event in tx.find("event")}

    finished = cli.run("trigger", trigger)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert NAMED_AFTER_OTHERS.get(trigger, trigger) in _types_since(cli_emulator, before, trigger)


def test_subscription_checkout_is_completed_without_a_browser(cli_emulator: Emulator, cli: StripeCli) -> None:
    finished = cli.run(
        "trigger",
        "checkout.session.completed",
        *("--override", "checkout_session:mode=subscription"),
        *("--override", "price:recurring.interval=month"),
        *("--remove", "checkout_session:payment_intent_data"),
    )

    assert finished.returncode == 0, finished.stdout + finished.stderr
    session = client_for(cli_emulator.url).v1.checkout.sessions.list({"limit": 1}).data[0]
    assert (session.mode, session.status, session.payment_status) == ("subscription", "complete", "paid")


def test_get_and_post_work_on_paths_and_ids(cli: StripeCli) -> None:
    created = cli.json("post", "/v1/customers", "-d", "name=Alice", "-d", "metadata[plan]=pro", "-i", "cli-key")

    by_id = cli.json("get", created["id"])
    listed = cli.json("get", "/v1/customers", "-d", "limit=1")

    assert by_id["metadata"] == {"plan": "pro"}
    assert listed["data"][0]["id"] == created["id"]


def test_resource_commands_work(cli: StripeCli) -> None:
    created = cli.json("customers", "create", "--email", "cli@example.com")
    updated = cli.json("customers", "update", created["id"], "--name", "From the CLI")
    deleted = cli.json("customers", "delete", created["id"], "--confirm")

    assert updated["name"] == "From the CLI"
    assert deleted["deleted"] is True


def test_subscription_is_canceled_by_its_resource_command(cli_emulator: Emulator, cli: StripeCli) -> None:
    assert cli.run("trigger", "customer.subscription.created").returncode == 0
    subscription = client_for(cli_emulator.url).v1.subscriptions.list({"limit": 1}).data[0]

    canceled = cli.json("subscriptions", "cancel", subscription.id, "--confirm")

    assert canceled["status"] == "canceled"


def test_error_is_printed_in_stripes_form(cli: StripeCli) -> None:
    answer = cli.json("get", "/v1/customers/cus_missing")

    assert answer["error"]["code"] == "resource_missing"


def test_fixtures_use_earlier_answers(cli: StripeCli, tmp_path: Path) -> None:
    fixture = {
        "_meta": {"template_version": 0},
        "fixtures": [
            {"name": "customer", "path": "/v1/customers", "method": "post", "params": {"name": "Fixture"}},
            {
                "name": "again",
                "path": "/v1/customers/${customer:id}",
                "method": "post",
                "params": {"description": "${customer:name}"},
            },
        ],
    }
    file = tmp_path / "fixture.json"
    file.write_text(json.dumps(fixture))

    finished = cli.run("fixtures", str(file))

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert cli.json("get", "/v1/customers", "-d", "limit=1")["data"][0]["description"] == "Fixture"


def test_event_is_resent_to_an_endpoint(cli_emulator: Emulator, cli: StripeCli, receiver: WebhookReceiver) -> None:
    client = client_for(cli_emulator.url)
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["tax_rate.created"]})
    client.v1.customers.create({})
    event = client.v1.events.list({"limit": 1}).data[0]

    resent = cli.json("events", "resend", event.id, "--webhook-endpoint", endpoint.id)
    cli_emulator.wait_until_idle(10)
    client.v1.webhook_endpoints.delete(endpoint.id)

    assert resent["id"] == event.id
    assert receiver.types == ["customer.created"]


def test_clock_is_advanced(cli: StripeCli) -> None:
    clock = cli.json("test_helpers", "test_clocks", "create", "--frozen-time", "1800000000")

    cli.json("test_helpers", "test_clocks", "advance", clock["id"], "--frozen-time", "1800003600")

    ready = cli.json("test_helpers", "test_clocks", "retrieve", clock["id"])
    assert (ready["status"], ready["frozen_time"]) == ("ready", 1800003600)


def test_listen_prints_a_secret_that_stays(cli: StripeCli) -> None:
    first, second = (cli.run("listen", "--print-secret").stdout.strip() for _ in range(2))

    assert first.startswith("whsec_")
    assert first == second


def test_listen_forwards_signed_events(cli_emulator: Emulator, cli: StripeCli, receiver: WebhookReceiver) -> None:
    secret = cli.run("listen", "--print-secret").stdout.strip()
    listening = cli.start("listen", "--forward-to", receiver.url, "--events", "customer.created", "--skip-update")
    client = client_for(cli_emulator.url)
    try:
        deadline = time.monotonic() + 20
        while not receiver.received and time.monotonic() < deadline:
            customer = client.v1.customers.create({"name": "Listened"})
            client.v1.products.create({"name": "Filtered out"})
            time.sleep(0.5)
    finally:
        listening.terminate()
        output, _ = listening.communicate(timeout=15)

    assert receiver.received, output
    delivery = receiver.received[0]
    event = client.construct_event(delivery.body, delivery.headers["Stripe-Signature"], secret)
    assert event.type == "customer.created"
    assert set(receiver.types) == {"customer.created"}
    assert customer.name == "Listened"


def test_logs_tail_shows_requests_and_errors_by_its_filters(cli_emulator: Emulator, cli: StripeCli) -> None:
    tailing = cli.start("logs", "tail", "--format", "JSON", "--filter-http-method", "POST")
    client = client_for(cli_emulator.url)
    try:
        time.sleep(2)
        client.v1.customers.list()
        client.v1.customers.create({"name": "Logged"})
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.customers.create({"email": "nobody"})
        time.sleep(1)
    finally:
        tailing.terminate()
        output, _ = tailing.communicate(timeout=15)

    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    # The CLI prints them side by side, in either order.
    assert sorted((line["method"], line["url"], line["status"]) for line in lines) == [
        ("POST", "/v1/customers", 200),
        ("POST", "/v1/customers", 400),
    ]
    assert lines[1]["error"]["code"] == "email_invalid"


def _types_since(emulator: Emulator, before: set[str], wanted: str) -> set[str]:
    """Return the types of the new events, waiting for one that comes late."""
    deadline = time.monotonic() + (10 if wanted in LATE else 0)
    while True:
        with emulator.store.read() as tx:
            types = {event["type"] for event in tx.find("event") if event["id"] not in before}
        if wanted in types or time.monotonic() >= deadline:
            return types
        time.sleep(0.1)
