"""How commands tell facts: on a terminal, wide or narrow, in a pipe, and as JSON."""

import json
import os
import pty
import select
import subprocess
import sys

import pytest
from click.testing import CliRunner

from app.billing.models.stripe import StripeEvent
from app.commands.console import tell_facts, tell_rows
from app.database import db, utcnow
from tests.billing.support.conftest import paid
from tests.commands.conftest import Run
from tests.people import Person
from tests.stripe_actions import Stripe

SCRIPT = """
from app.commands.console import tell_rows
tell_rows(("Event", "#Tries", "Outcome"), [("evt_" + "x" * 40, "3", "failed"), ("evt_2", "1", "processed")], nothing="")
"""
ESCAPE = "\x1b["


def on_a_terminal(columns: int, **environment: str) -> str:
    """What the script shows on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    env |= {"COLUMNS": str(columns), "TERM": "xterm-256color"} | environment
    child = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=theirs, env=env)
    os.close(theirs)
    shown = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            shown += os.read(ours, 65536)
        except OSError:
            break
    child.wait(timeout=30)
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="terminals work otherwise there")
def test_a_wide_terminal_gets_a_table_in_colour() -> None:
    shown = on_a_terminal(100)

    assert ESCAPE in shown
    assert len(shown.splitlines()) == 3
    assert ESCAPE not in on_a_terminal(100, NO_COLOR="1").replace(f"{ESCAPE}1m", "").replace(f"{ESCAPE}0m", "")


@pytest.mark.skipif(sys.platform == "win32", reason="terminals work otherwise there")
def test_a_narrow_terminal_gets_each_row_as_a_list_and_loses_nothing() -> None:
    shown = on_a_terminal(40, NO_COLOR="1").replace(f"{ESCAPE}1m", "").replace(f"{ESCAPE}0m", "")

    assert all(len(line) <= 40 for line in shown.splitlines())
    assert "".join(shown.split()).count("x" * 40) == 1
    assert "Tries    3" in shown


def test_a_pipe_gets_plain_columns_that_are_never_cut() -> None:
    with CliRunner().isolation() as (out, *_):
        tell_rows(("A", "#B"), [("[bold]x" * 60, "1")], nothing="")
        tell_rows(("A",), [], nothing="None.")
        tell_facts({"name": "y" * 300, "empty": ""})
        sys.stdout.flush()
        lines = out.getvalue().decode().splitlines()

    assert lines == [f"{'A':<420}  B", "[bold]x" * 60 + "  1", "None.", f"name  {'y' * 300}"]


def test_facts_come_as_json(alice: Person, catalogue: None, at_stripe: Stripe, run: Run) -> None:
    paid(alice, at_stripe, "pro")
    with alice.app.app_context():
        event = {"id": "evt_1", "type": "product.created", "outcome": "failed", "error": "down"}
        db.session.add(StripeEvent(**event, created_at=utcnow()))
        db.session.commit()

    [payment] = json.loads(run("billing", "payments", "--json").stdout)
    [event] = json.loads(run("billing", "events", "--failed", "--json").stdout)
    shown = json.loads(run("users", "show", alice.email, "--json").stdout)
    reason = json.loads(run("billing", "why", alice.email, "--json").stdout)
    status = json.loads(run("billing", "status", "--json").stdout)
    drift = json.loads(run("billing", "sync", "--dry-run", "--json").stdout)

    assert (payment["email"], payment["amount"], payment["currency"]) == (alice.email, 2900, "usd")
    assert (event["id"], event["error"]) == ("evt_1", "down")
    assert (shown["role"], shown["is_admin"], shown["devices"]) == ("pro", False, 1)
    assert (reason["role"], reason["rule"]) == ("pro", "subscription active")
    assert (status["connection"], status["mode"], status["failed_events"]) == ("connected", "test", 1)
    assert (status["price_drift"], drift["checked"]) == ({}, 1)
