"""No secret of a factor stands in an export, on an operator's page, or in a log."""

import logging

import pytest
import sqlalchemy as sa

from app.auth.factors.models import Authenticator, RecoveryCode
from app.database import db
from tests.auth.factors.phones import Phone, logging_in, recovery_codes_of, second_step
from tests.people import Person


def secrets_of(alice: Person) -> list[str]:
    """Everything about alice's factors that nobody is to read: as she has it, and as we keep it."""
    phone, codes = Phone.of(alice), recovery_codes_of(alice)
    with alice.app.app_context():
        kept = [*db.session.scalars(sa.union_all(sa.select(Authenticator.secret), sa.select(RecoveryCode.digest)))]
    return [phone.secret, phone.code(), *codes, *(code.replace("-", "") for code in codes), *kept]


def test_export_says_which_factors_there_are_and_no_secret(alice: Person) -> None:
    secrets = secrets_of(alice)

    export = alice.get("/account/export")

    assert len(export.json["recovery_codes"]) == 8
    assert len(export.json["authenticators"]) == 1
    assert not [secret for secret in secrets if secret in export.text]


@pytest.mark.needs("app/admin")
def test_operators_pages_show_no_secret(alice: Person) -> None:
    secrets = secrets_of(alice)
    alice.become_admin()

    pages = alice.get(f"/admin/users/{alice.id}").text + alice.get("/admin/audit").text

    assert not [secret for secret in secrets if secret in pages]


def test_logs_hold_no_secret_whatever_comes_of_a_code(alice: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = secrets_of(alice)

    second_step(logging_in(alice), secrets[2])
    second_step(logging_in(alice), secrets[2])
    second_step(logging_in(alice), secrets[1])

    assert not [secret for secret in secrets if secret in caplog.text]
