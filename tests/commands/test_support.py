"""What support is asked for, on the command line."""

import json
import re
from collections.abc import Callable

import pytest
from flask import Flask

from app.audit import OperatorAct
from app.auth.models import User
from app.billing.models.payments import Payment
from app.database import db
from tests.billing.support.conftest import paid
from tests.commands.conftest import Run
from tests.people import Person
from tests.stripe_actions import Stripe


@pytest.fixture
def subscribed(alice: Person, catalogue: None, at_stripe: Stripe) -> Person:
    return paid(alice, at_stripe, "pro")


def acts(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        rows = db.session.scalars(db.select(OperatorAct).order_by(OperatorAct.id))
        return [(row.kind, row.actor, row.reason) for row in rows]


def test_refund_asks_first_and_says_what_it_did(subscribed: Person, app: Flask, run: Run, at_stripe: Stripe) -> None:
    with app.app_context():
        number = db.session.scalars(db.select(Payment.number)).one() or ""

    refused = run("billing", "refund", number, piped="n\n")
    done = run("billing", "refund", number, "--amount", "9.50", "--reason", "late", piped="y\n")

    assert (refused.exit_code, done.exit_code) == (1, 0), done.output
    assert "Refund $9.50 of the $29 of" in done.output
    assert "Refunded $9.50. Role of alice@example.com: pro." in done.output
    assert [charge["amount_refunded"] for charge in at_stripe.charges()] == [950]
    assert acts(app) == [("refund", "command line", "late")]


@pytest.mark.parametrize(
    ("amount", "complaint"),
    [("9.505", "is not an amount in USD"), ("nine", "is not an amount"), ("NaN", "is not an"), ("30", "no more than")],
)
def test_refund_of_a_wrong_amount_is_one_line(
    subscribed: Person, app: Flask, run: Run, amount: str, complaint: str
) -> None:
    with app.app_context():
        number = db.session.scalars(db.select(Payment.number)).one() or ""

    result = run("billing", "refund", number, "--amount", amount, "--yes")

    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert complaint in result.output


def test_cancel_and_extend_say_the_day(subscribed: Person, run: Run) -> None:
    extended = run("billing", "extend", "alice@example.com", "--days", "30", "--yes")
    canceled = run("billing", "cancel", "alice@example.com", piped="y\n")
    ended = run("billing", "cancel", "alice@example.com", "--now", "--yes")

    assert "The next charge comes on" in extended.output
    assert "Role of alice@example.com: pro." in canceled.output
    assert "The subscription has ended. Role of alice@example.com: free." in ended.output


@pytest.mark.parametrize("command", [["cancel", "bob@example.com"], ["extend", "bob@example.com", "--days", "3"]])
def test_somebody_without_a_subscription_is_one_line(
    bob: Person, catalogue: None, run: Run, command: list[str]
) -> None:
    result = run("billing", *command, "--yes")

    assert (result.exit_code, result.output) == (1, "Error: bob@example.com has no subscription.\n")


def test_an_address_is_changed_for_somebody_who_lost_their_mailbox(
    subscribed: Person, app: Flask, run: Run, at_stripe: Stripe, user_of: Callable[[str], User]
) -> None:
    result = run("users", "set-email", "alice@example.com", "Alice@New.example", "--reason", "showed her passport")

    assert result.exit_code == 0, result.output
    with app.app_context():
        alice = user_of("alice@new.example")
        assert (alice.email_verified_at, alice.role) == (None, "pro")
    assert subscribed.get("/account").status_code == 302
    assert [customer.email for customer in at_stripe.v1.customers.list({}).data] == ["alice@new.example"]
    assert acts(app) == [("set_email", "command line", "showed her passport")]


@pytest.mark.parametrize(
    ("address", "complaint"), [("bob@example.com", "already has"), ("nothing", "is not an e-mail")]
)
def test_an_address_that_cannot_be_is_refused(
    alice: Person, bob: Person, run: Run, address: str, complaint: str
) -> None:
    result = run("users", "set-email", "alice@example.com", address)

    assert result.exit_code == 1
    assert complaint in result.output
    assert alice.get("/account").status_code == 200


def test_delete_ends_what_is_paid_for_and_keeps_the_audit(
    subscribed: Person, app: Flask, run: Run, at_stripe: Stripe
) -> None:
    result = run("users", "delete", "alice@example.com", piped="y\n")

    assert result.exit_code == 0, result.output
    assert [one["status"] for one in at_stripe.subscriptions()] == ["canceled"]
    assert [kind for kind, *_ in acts(app)] == ["delete_user"]


def test_the_only_admin_is_neither_demoted_nor_deleted(alice: Person, bob: Person, app: Flask, run: Run) -> None:
    run("users", "promote", "alice@example.com")

    for command in (["demote"], ["delete", "--yes"]):
        result = run("users", *command, "alice@example.com")
        assert "This is the only admin" in result.output

    run("users", "promote", "bob@example.com")
    assert run("users", "demote", "alice@example.com").exit_code == 0
    assert [kind for kind, *_ in acts(app)] == ["promote", "demote", "delete_user", "promote", "demote"]


def test_show_tells_what_there_is_to_know(alice: Person, run: Run) -> None:
    shown = run("users", "show", "alice@example.com").output

    assert "role       free\n" in shown
    assert "signed in  on 1 device\n" in shown


def test_an_act_is_never_changed(alice: Person, app: Flask, run: Run) -> None:
    run("users", "sign-out", "alice@example.com")

    with app.app_context():
        act = db.session.scalars(db.select(OperatorAct)).one()
        act.reason = "another"
        with pytest.raises(RuntimeError, match="written once"):
            db.session.commit()
        db.session.rollback()


IN_JSON = {
    "billing cancel alice@example.com --refund --yes": {"refunded": 2900, "role": "pro", "status": "active"},
    "billing cancel alice@example.com --now --yes": {"refunded": 0, "role": "free", "status": "canceled"},
    "billing extend alice@example.com --days 3 --yes": {},
    "billing grant alice@example.com pro --reason sorry": {"granted": "pro", "until": None, "role": "pro"},
    "billing revoke alice@example.com --reason over": {"revoked": 0, "role": "pro"},
    "billing push": {"is_dry_run": False},
    "billing push --dry-run": {"is_dry_run": True, "warnings": []},
    "users promote alice@example.com --reason helps": {"message": "alice@example.com is an admin now."},
    "users demote bob@example.com": {"message": "bob@example.com is no admin any more."},
    "users set-email alice@example.com a@new.example": {},
    "users sign-out alice@example.com --reason stolen": {"message": "alice@example.com is logged out everywhere."},
    "users suspend alice@example.com --reason spam": {},
    "users delete alice@example.com --yes": {"message": "alice@example.com is deleted.", "user": None},
}


@pytest.mark.parametrize("command", IN_JSON)
def test_each_command_says_what_it_did_as_json_alone(
    subscribed: Person, bob: Person, app: Flask, run: Run, command: str
) -> None:
    bob.become_admin()
    Person.sign_up(app, "olga@example.com").become_admin()

    result = run(*command.split(), "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert {name: told[name] for name in IN_JSON[command]} == IN_JSON[command]
    reason = re.search(r"--reason (\w+)", command)
    if reason and "revoke" not in command:
        assert reason[1] in [why for *_, why in acts(app)]


def test_refund_as_json_names_the_refund(subscribed: Person, app: Flask, run: Run) -> None:
    with app.app_context():
        number = db.session.scalars(db.select(Payment.number)).one() or ""

    told = json.loads(run("billing", "refund", number, "--amount", "9", "--yes", "--json").stdout)

    assert (told["amount"], told["currency"], told["role"]) == (900, "usd", "pro")
    assert told["refund"].startswith("re_")


def test_cancel_with_the_money_asks_about_both(subscribed: Person, run: Run, at_stripe: Stripe) -> None:
    refused = run("billing", "cancel", "alice@example.com", "--now", "--refund", piped="n\n")
    done = run("billing", "cancel", "alice@example.com", "--now", "--refund", piped="y\n")
    again = run("billing", "cancel", "alice@example.com", "--now", "--refund", "--yes")

    assert "now, and give $29 back?" in refused.output
    assert done.exit_code == 0, done.output
    assert again.exit_code == 1
    assert [charge["amount_refunded"] for charge in at_stripe.charges()] == [2900]


def test_cancel_with_the_money_is_refused_where_none_is_left(subscribed: Person, app: Flask, run: Run) -> None:
    with app.app_context():
        number = db.session.scalars(db.select(Payment.number)).one() or ""
    run("billing", "refund", number, "--yes")

    result = run("billing", "cancel", "alice@example.com", "--refund", "--yes")

    assert result.output == "Error: Nothing of the last payment can be given back: leave out --refund.\n"
