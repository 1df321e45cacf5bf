"""Connecting a Stripe account from the command line, against the emulator's own pages."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from app.audit import OperatorAct
from app.billing.models.stripe import StripeConnection
from app.database import db
from app.mail.outbox import OutboxMail
from tests.admin.test_connect import agree_at_stripe, connecting
from tests.commands.conftest import Run
from tests.people import Person

pytestmark = pytest.mark.needs("app/admin/connect_routes.py")
__all__ = ["connecting"]


def accounts(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(StripeConnection.stripe_account)))


def code_for(run: Run) -> tuple[str, str]:
    """The address that the command names, and where Stripe sends a browser that agreed."""
    asked = run("billing", "connect", piped="")
    [address] = re.findall(r"^ +(http\S+)$", asked.output, re.MULTILINE)
    return address, agree_at_stripe(address)


def test_an_account_is_connected_by_its_code_and_disconnected(connecting: Flask, alice: Person, run: Run) -> None:
    alice.become_admin()
    _, back = code_for(run)
    code = parse_qs(urlsplit(back).query)["code"][0]

    connected = run("billing", "connect", "--code", code)

    [account] = accounts(connecting)
    assert f"Connected to {account}." in connected.output
    kept = run("billing", "disconnect", piped="n\n")
    assert (kept.exit_code, accounts(connecting)) == (1, [account])
    assert "The account is disconnected." in run("billing", "disconnect", "--yes").output
    assert accounts(connecting) == []
    with connecting.app_context():
        acts = [(row.kind, row.actor, row.subject) for row in db.session.scalars(db.select(OperatorAct))]
        told = list(db.session.scalars(db.select(OutboxMail.to_email).where(OutboxMail.template == "operator_notice")))
    assert acts == [("connect", "command line", account), ("disconnect", "command line", account)]
    assert told == [alice.email] * 2


def test_a_pasted_address_counts_for_its_own_question_alone(connecting: Flask, run: Run) -> None:
    _, back = code_for(run)

    result = run("billing", "connect", piped=f"{back}\n")

    assert (result.exit_code, accounts(connecting)) == (1, [])
    assert "That address answers another question." in result.output


def test_a_code_that_stripe_does_not_know_is_one_line(connecting: Flask, run: Run) -> None:
    result = run("billing", "connect", "--code", "ac_nothing")

    assert result.exit_code == 1
    assert "Stripe no longer knows this authorization." in result.output


@pytest.mark.parametrize("command", ["connect", "disconnect"])
def test_without_a_client_id_it_says_what_to_set(run: Run, command: str) -> None:
    result = run("billing", command)

    assert (result.exit_code, result.output) == (
        1,
        "Error: Set STRIPE_CONNECT_CLIENT_ID to connect accounts by OAuth.\n",
    )


def test_connecting_and_disconnecting_can_be_told_as_json(connecting: Flask, alice: Person, run: Run) -> None:
    code = parse_qs(urlsplit(code_for(run)[1]).query)["code"][0]

    connected = json.loads(run("billing", "connect", "--code", code, "--json").stdout)
    disconnected = json.loads(run("billing", "disconnect", "--yes", "--json").stdout)

    assert connected["account"] == disconnected["account"]
