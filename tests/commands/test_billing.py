"""`flask billing …`, as the operator sees it."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from flask import Flask

from app.billing.errors import StripeUnavailable
from app.billing.gateway import connection
from app.billing.gateway.account import current_scope
from app.billing.gateway.client import StripeGateway, get_gateway
from app.billing.gateway.connection import ConnectionState
from app.billing.models.payments import Payment
from app.billing.models.roles import Grant, RoleChange
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.webhooks import process as events
from app.billing.webhooks.event import Event
from app.config.settings import Settings
from app.database import db, utcnow
from tests.commands.conftest import Run
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

ROOT = Path(__file__).parents[2]


class Refuse(BaseHTTPRequestHandler):
    """A Stripe that accepts no key."""

    status = 401

    def do_GET(self) -> None:
        body = json.dumps({"error": {"type": "invalid_request_error", "message": "No."}}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


class Forbid(Refuse):
    """A Stripe that lets this key do nothing."""

    status = 403


@pytest.fixture
def refusing_stripe(app: Flask, settings: Settings) -> Iterator[None]:
    """Every key is refused with a 401."""
    yield from serve(app, settings, Refuse)


@pytest.fixture
def forbidding_stripe(app: Flask, settings: Settings) -> Iterator[None]:
    """The key is known, and may do nothing: 403."""
    yield from serve(app, settings, Forbid)


def serve(app: Flask, settings: Settings, handler: type[Refuse]) -> Iterator[None]:
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield from use_stripe_at(app, settings, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def absent_stripe(app: Flask, settings: Settings) -> Iterator[None]:
    """Nothing listens where Stripe should be."""
    yield from use_stripe_at(app, settings, "http://127.0.0.1:9")


def use_stripe_at(app: Flask, settings: Settings, base: str) -> Iterator[None]:
    kept = app.extensions["stripe_gateway"]
    app.extensions["stripe_gateway"] = StripeGateway(settings.model_copy(update={"stripe_api_base": base}))
    yield
    app.extensions["stripe_gateway"] = kept


def event_body(event_id: str, **changes: object) -> str:
    event = {
        "id": event_id,
        "object": "event",
        "type": "product.created",
        "created": 1_790_000_000,
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "prod_1", "object": "product"}},
    }
    return json.dumps(event | changes)


def record_failed(event_id: str, body: str) -> None:
    db.session.add(
        StripeEvent(
            id=event_id, type="product.created", payload=body, outcome="failed", error="StripeUnavailable: down",
            created_at=utcnow(), tries=3,
        )
    )  # fmt: skip
    db.session.commit()


def subscribe(person: Person, at_stripe: Stripe) -> None:
    """Pay for Pro and come back."""
    at_stripe.mute()
    session_id = session_id_in(person.buy("pro").location)
    at_stripe.pay(session_id)
    person.get(f"/checkout/success?session_id={session_id}")


def test_push_prints_what_it_did_and_names_the_prices(run: Run) -> None:
    result = run("billing", "push")

    assert result.exit_code == 0, result.output
    assert "created    price shop_pro_month  price_" in result.output
    assert "# STRIPE_PRICE_LIFETIME=price_" in result.output


def test_push_into_the_emulator_tells_the_kept_secret_and_asks_for_nothing_in_env(settings: Settings, run: Run) -> None:
    first, second = run("billing", "push").output, run("billing", "push").output

    kept = settings.emulator_secret_file.read_text()
    assert kept in first
    assert kept in second
    assert "STRIPE_WEBHOOK_SECRET=" not in first


def test_second_push_reports_nothing_new(run: Run) -> None:
    run("billing", "push")

    result = run("billing", "push")

    assert "created" not in result.output
    assert "updated" not in result.output


def test_push_with_a_key_of_ones_own_prints_the_secret_for_env_once(app_with: Callable[..., Flask]) -> None:
    runner = app_with(stripe_secret_key="sk_test_of_ones_own_000000").test_cli_runner()

    first, second = (runner.invoke(args=["billing", "push"]).output for _ in range(2))

    assert re.search(r"^STRIPE_WEBHOOK_SECRET=whsec_\w+$", first, re.MULTILINE)
    assert "STRIPE_WEBHOOK_SECRET" not in second


def test_push_in_production_stops_a_deployment_that_does_not_know_the_new_endpoints_secret(
    app_with: Callable[..., Flask],
) -> None:
    site = app_with(
        app_env="production", stripe_secret_key="sk_test_of_ones_own_000000", stripe_webhook_secret="whsec_x"
    )

    first, second = (site.test_cli_runner().invoke(args=["billing", "push"]) for _ in range(2))

    assert (first.exit_code, second.exit_code) == (1, 0)
    assert "STRIPE_WEBHOOK_SECRET=whsec_" in first.output
    assert first.output.splitlines()[-1].startswith("Error: the webhook endpoint is new: put its secret into")


def test_push_warns_of_a_price_that_a_setting_pins_at_another_amount(
    app: Flask, app_with: Callable[..., Flask]
) -> None:
    with app.app_context():
        product = get_gateway().v1.products.create({"name": "Lifetime, dearer"})
        params = {"product": product.id, "currency": "usd", "unit_amount": 29900}
        price = get_gateway().v1.prices.create(params)
    runner = app_with(stripe_price_ids={"STRIPE_PRICE_LIFETIME": price.id}).test_cli_runner()

    result = runner.invoke(args=["billing", "push"])

    warning = (
        "Warning: Nothing is sold at the price shop_lifetime, which charges 29900 usd once in Stripe; the catalogue"
    )
    assert warning in result.output
    assert "STRIPE_PRICE_LIFETIME names it: change that setting" in result.output


def test_status_tells_the_connection_the_mode_and_the_drift(catalogue: None, app: Flask, run: Run) -> None:
    with app.app_context():
        price = get_gateway().v1.prices.list({"lookup_keys": ["shop_pro_month"]}).data[0]
        get_gateway().v1.prices.update(price.id, {"active": False})

    result = run("billing", "status")

    assert result.exit_code == 0, result.output
    assert "connection     connected" in result.output
    assert "mode           test" in result.output
    assert "last webhook   none yet" in result.output
    assert "shop_pro_month is archived in Stripe" in result.output


def test_status_says_needs_reconnect_when_stripe_answers_401(refusing_stripe: None, run: Run) -> None:
    result = run("billing", "status")

    assert "connection     needs_reconnect" in result.output


def test_restricted_key_that_may_not_read_prices_is_connected(forbidding_stripe: None, app: Flask) -> None:
    with app.app_context():
        assert connection.ask_state(get_gateway()) == ConnectionState.CONNECTED


def test_sync_does_not_start_with_a_key_that_stripe_refuses(refusing_stripe: None, run: Run) -> None:
    result = run("billing", "sync")

    assert result.exit_code == 1
    assert result.output == "Error: Stripe does not let us in; see `flask billing status`.\n"


@pytest.mark.parametrize("command", [["push"], ["status"], ["sync"], ["sync", "--dry-run"]])
def test_stripe_out_of_reach_is_one_line_and_exit_1(absent_stripe: None, run: Run, command: list[str]) -> None:
    result = run("billing", *command)

    assert result.exit_code == 1
    assert result.output.startswith("Error: Stripe could not be asked")
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("database", "problem"),
    [
        ("postgresql://127.0.0.1:9/nowhere", "the database does not answer: nobody listens at its address"),
        ("sqlite:///:memory:", "the database is not at the newest migration"),
    ],
)
@pytest.mark.parametrize("command", [["why", "alice@example.com"], ["status"], ["check"]])
def test_database_that_cannot_be_used_is_one_line_and_exit_1(
    app_with, catalogue: None, command: list[str], database: str, problem: str
) -> None:
    runner = app_with(database_url=database).test_cli_runner()

    result = runner.invoke(args=["billing", *command])

    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith(f"Error: {problem}")
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_check_lists_each_point_and_fails_before_the_push(run: Run) -> None:
    result = run("billing", "check")

    assert result.exit_code == 1
    lines = [re.split(r"  +", line) for line in result.output.splitlines()]
    assert ["FAIL", "price shop_basic_month", "is not in Stripe; run `flask billing push`"] in lines
    assert [line[:2] for line in lines if line[-1].startswith("none at")] == [["FAIL", "webhook endpoint"]]
    assert ["later", "live keys"] in [line[:2] for line in lines]


def test_check_passes_stripes_points_after_the_push(catalogue: None, run: Run) -> None:
    result = run("billing", "check")

    points = ("Stripe accepts the key", "the account can take payments", "price shop_lifetime", "customer portal")
    for point in (*points, "webhook endpoint", "webhook secret"):
        assert f"ok     {point}\n" in result.output, point


def test_check_tells_of_a_wrong_amount(catalogue: None, app: Flask, run: Run) -> None:
    with app.app_context():
        prices = get_gateway().v1.prices
        stored = prices.list({"lookup_keys": ["shop_lifetime"]}).data[0]
        params = {"product": stored.product, "currency": "usd", "unit_amount": 100, "lookup_key": "shop_lifetime"}
        prices.create(params | {"transfer_lookup_key": True})

    result = run("billing", "check")

    [line] = [line for line in result.output.splitlines() if "price shop_lifetime" in line]
    assert line.startswith("FAIL")
    assert "  charges 100 usd once in Stripe; the catalogue says 19900 usd once" in line


def test_events_are_listed_and_failed_ones_apart(app: Flask, run: Run) -> None:
    with app.app_context():
        events.process(Event.parse(event_body("evt_fine").encode()))
        record_failed("evt_broken", event_body("evt_broken"))

    everything, failed = run("billing", "events").output, run("billing", "events", "--failed").output

    assert re.search(r"evt_fine +product\.created +ignored +1$", everything, re.MULTILINE)
    assert re.search(r"evt_broken +product\.created +failed +3  StripeUnavailable: down$", everything, re.MULTILINE)
    assert "StripeUnavailable: down" in failed
    assert "evt_fine" not in failed


def test_replay_of_a_failed_event_settles_it(app: Flask, run: Run) -> None:
    with app.app_context():
        record_failed("evt_broken", event_body("evt_broken"))

    result = run("billing", "replay", "evt_broken")

    assert result.exit_code == 0, result.output
    assert "evt_broken  ignored" in result.output
    assert run("billing", "events", "--failed").output == "No failed events.\n"


def test_replay_that_fails_again_is_one_line_and_exit_1(
    app: Flask, absent_stripe: None, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    with app.app_context():
        record_failed("evt_broken", event_body("evt_broken", type="customer.deleted"))

    result = run("billing", "replay", "evt_broken")

    assert result.exit_code == 1
    assert (
        result.output == "Error: evt_broken fails again: StripeUnavailable: Stripe could not be asked "
        "(APIConnectionError).\n"
    )
    assert "Traceback" not in capfd.readouterr().err


def test_replay_of_all_failed_goes_on_past_one_that_fails_again(app: Flask, run: Run) -> None:
    with app.app_context():
        record_failed("evt_broken", "no longer an event")
        record_failed("evt_mended", event_body("evt_mended"))

    result = run("billing", "replay", "--failed")

    assert result.exit_code == 1
    assert "evt_mended  ignored" in result.output
    assert "evt_broken  fails again: MalformedEvent" in result.output
    assert "Error: Still failing: evt_broken." in result.output


@pytest.mark.parametrize("arguments", [[], ["evt_1", "--failed"]])
def test_replay_wants_an_id_or_failed(run: Run, arguments: list[str]) -> None:
    assert run("billing", "replay", *arguments).exit_code == 2


def test_prune_empties_old_payloads_and_keeps_what_failed(app: Flask, run: Run) -> None:
    with app.app_context():
        events.process(Event.parse(event_body("evt_old").encode()))
        record_failed("evt_broken", event_body("evt_broken"))
        long_ago = utcnow().replace(year=2020)
        db.session.execute(db.update(StripeEvent).values(received_at=long_ago))
        db.session.commit()
        events.process(Event.parse(event_body("evt_new").encode()))

    result = run("billing", "prune", "--older-than", "30")

    assert result.output == "1 payload emptied.\n"
    with app.app_context():
        kept = dict(db.session.execute(db.select(StripeEvent.id, StripeEvent.payload)).all())
    assert kept["evt_old"] is None
    assert kept["evt_new"]
    assert kept["evt_broken"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["why", "nobody@example.com"],
        ["grant", "nobody@example.com", "pro"],
        ["revoke", "nobody@example.com"],
        ["sync", "--email", "nobody@example.com"],
    ],
)
def test_unknown_user_is_one_line_and_exit_1(run: Run, arguments: list[str]) -> None:
    result = run("billing", *arguments)

    assert result.exit_code == 1
    assert result.output == "Error: No user has the address nobody@example.com.\n"


def test_unknown_event_is_one_line_and_exit_1(run: Run) -> None:
    result = run("billing", "replay", "evt_unknown")

    assert result.exit_code == 1
    assert result.output.startswith("Error: No event evt_unknown")


def test_grant_gives_a_role_until_a_date_and_why_explains_it(alice: Person, run: Run) -> None:
    run("billing", "grant", "alice@example.com", "pro", "--until", "2099-01-31")

    result = run("billing", "why", "alice@example.com")

    assert alice.role == "pro"
    assert "role    pro" in result.output
    assert "rule    grant by the operator" in result.output
    assert "until   31 January 2099, 23:59 UTC" in result.output
    assert "by flask billing grant" in result.output


def test_why_names_the_subscription_after_a_grant_that_did_not_raise_the_role(
    alice: Person, catalogue: None, at_stripe: Stripe, run: Run
) -> None:
    subscribe(alice, at_stripe)
    [created] = at_stripe.events("customer.subscription.created")
    run("billing", "grant", "alice@example.com", "basic")

    result = run("billing", "why", "alice@example.com").output

    assert "rule    subscription active" in result
    assert re.search(r"event   (evt_|return from )", result)
    assert created["data"]["object"]["id"] in result


def test_why_names_the_grant_that_gives_the_role_the_user_had_anyway(alice: Person, run: Run) -> None:
    run("billing", "grant", "alice@example.com", "pro", "--until", "2098-01-31")
    run("billing", "grant", "alice@example.com", "pro", "--until", "2099-01-31")

    result = run("billing", "why", "alice@example.com").output

    number = re.search(r"object  grant (\d+)", result)
    assert number
    assert f"event   grant {number[1]} by flask billing grant" in result


def test_every_grant_and_revoke_is_in_the_audit(alice: Person, run: Run) -> None:
    for role in ("pro", "basic"):
        run("billing", "grant", "alice@example.com", role)
    run("billing", "revoke", "alice@example.com")
    run("billing", "revoke", "alice@example.com")

    with alice.app.app_context():
        rows = db.session.scalars(db.select(RoleChange).order_by(RoleChange.id)).all()
        audit = [(row.role_before, row.role_after, row.rule) for row in rows]
    assert audit == [
        ("free", "pro", "grant by the operator"),
        ("pro", "pro", "granted basic"),
        ("pro", "free", "nothing paid or granted"),
    ]
    assert "Plan stays Pro: you were given Basic" in alice.read("/account/activity")


def test_why_promises_nothing_to_somebody_who_has_nothing(alice: Person, run: Run) -> None:
    result = run("billing", "why", "alice@example.com").output

    assert "until   a plan is paid for or given" in result
    assert "no end" not in result


def test_why_tells_of_an_end_that_is_past(alice: Person, catalogue: None, at_stripe: Stripe, run: Run) -> None:
    subscribe(alice, at_stripe)
    with alice.app.app_context():
        db.session.execute(db.update(Subscription).values(current_period_end=utcnow().replace(year=2020)))
        db.session.commit()

    assert "which is past: the next visit asks Stripe" in run("billing", "why", "alice@example.com").output


def test_grant_of_a_role_that_nobody_can_be_given_names_those_that_can(alice: Person, run: Run) -> None:
    for role in ("gold", "free", ""):
        result = run("billing", "grant", "alice@example.com", role)

        assert (result.exit_code, alice.role) == (1, "free")
        assert "the roles are basic, pro." in result.output


def test_why_explains_a_role_that_has_left_the_catalogue(alice: Person, run: Run) -> None:
    with alice.app.app_context():
        db.session.add(Grant(user_id=alice.id, role="patron", role_rank=15, granted_by="olga@example.com"))
        db.session.commit()

    why, revoked = (run("billing", command, "alice@example.com") for command in ("why", "revoke"))

    assert (why.exit_code, revoked.exit_code) == (0, 0)
    assert "role    patron" in why.output
    assert alice.role == "free"


def test_revoke_takes_the_grants_back(alice: Person, run: Run) -> None:
    run("billing", "grant", "alice@example.com", "pro")

    result = run("billing", "revoke", "alice@example.com")

    assert result.output == "1 grant taken back; role of alice@example.com: free\n"
    assert alice.role == "free"


@pytest.mark.parametrize("until", ["2020-01-01", "tomorrow", "31.01.2099"])
def test_grant_refuses_a_date_that_is_past_or_none(alice: Person, run: Run, until: str) -> None:
    result = run("billing", "grant", "alice@example.com", "pro", "--until", until)

    assert result.exit_code in (1, 2)
    assert alice.role == "free"


def test_sync_takes_access_away_that_nothing_pays_for(alice: Person, catalogue: None, run: Run) -> None:
    with alice.app.app_context():
        db.session.execute(db.text("UPDATE users SET role = 'pro'"))
        db.session.commit()

    dry, real = run("billing", "sync", "--dry-run"), run("billing", "sync")

    assert "alice@example.com has access without paying" in dry.output
    assert "1 checked, 1 would be repaired." in dry.output
    assert "1 checked, 1 repaired." in real.output
    assert alice.role == "free"
    with alice.app.app_context():
        change = db.session.scalar(db.select(RoleChange))
        assert change is not None
        assert change.cause == "sync"


def test_payments_show_amount_status_and_refund(alice: Person, run: Run) -> None:
    alice_id = alice.id
    with alice.app.app_context():
        account = current_scope().stripe_account
        db.session.add(
            Payment(
                user_id=alice_id, stripe_account=account, livemode=False, stripe_invoice_id="in_1", status="paid",
                amount=2900, currency="usd", amount_refunded=900, number="A-0001", created_at=utcnow(),
            )
        )  # fmt: skip
        db.session.commit()

    result = run("billing", "payments")

    assert re.search(r" \$29  paid +\$9  alice@example\.com  A-0001$", result.output, re.MULTILINE)


@pytest.mark.slow
def test_commands_are_found_with_plain_flask_from_the_root(tmp_path: Path) -> None:
    environment = {**os.environ, "INSTANCE_PATH": str(tmp_path), "APP_ENV": "testing"}
    flask = Path(sys.executable).with_name("flask")

    result = subprocess.run([flask, "billing", "--help"], cwd=ROOT, env=environment, capture_output=True, text=True)

    assert result.returncode == 0, result.stderr
    for command in ("push", "status", "check", "sync", "events", "replay", "payments", "why", "grant", "revoke"):
        assert f"  {command} " in result.stdout


@pytest.mark.slow
def test_unusable_settings_are_told_without_a_traceback() -> None:
    environment = {**os.environ, "APP_ENV": "production", "SECRET_KEY": "hunter2"}
    flask = Path(sys.executable).with_name("flask")

    result = subprocess.run([flask, "billing", "status"], cwd=ROOT, env=environment, capture_output=True, text=True)

    assert result.returncode == 1
    assert result.stderr.startswith("Error: The settings have problems:\n")
    assert "Traceback" not in result.stderr
    assert "hunter2" not in result.stderr


def test_stripes_absence_is_our_own_error(absent_stripe: None, app: Flask) -> None:
    with app.app_context(), pytest.raises(StripeUnavailable), get_gateway().errors():
        get_gateway().v1.prices.list({})
