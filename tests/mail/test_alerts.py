"""What the operator is told by mail: each trouble once, until it is over."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app.database import db
from app.mail.alerts import COUNTED_ONE_BY_ONE, end_alert, open_alerts, raise_alert, raise_alert_apart
from tests.mail.mailbox import mails


@pytest.fixture
def context(app_with) -> Iterator[Flask]:
    app = app_with(operator_email="olga@example.com, oscar@example.com")
    with app.app_context():
        yield app


def told(app: Flask) -> list[tuple[str, str]]:
    """The mails, read with no transaction of the test's own open."""
    db.session.commit()
    return sorted(mails(app))


def kept() -> list[tuple[int, str]]:
    """The troubles that last: how often each was met, and what it is. Ends the transaction."""
    found = [(alert.count, alert.message) for alert in open_alerts()]
    db.session.commit()
    return found


def test_a_trouble_is_mailed_once_to_each_operator_while_it_lasts(context: Flask) -> None:
    for _ in range(3):
        raise_alert("test", "Something is wrong.")
        db.session.commit()

    assert kept() == [(3, "Something is wrong.")]
    assert told(context) == [("operator_alert", "olga@example.com"), ("operator_alert", "oscar@example.com")]


def test_a_trouble_that_comes_again_the_same_day_is_kept_and_not_mailed_again(context: Flask) -> None:
    raise_alert_apart("test", "Something is wrong.")
    end_alert("test")
    db.session.commit()
    assert kept() == []

    raise_alert_apart("test", "Something is wrong.")

    assert kept() == [(1, "Something is wrong.")]
    assert len(told(context)) == 2


def test_a_trouble_that_may_pass_is_mailed_when_it_goes_on(context: Flask) -> None:
    raise_alert("test", "Something is wrong.", mail_after=2)
    assert told(context) == []

    raise_alert("test", "Something is wrong.", mail_after=2)
    db.session.commit()

    assert len(told(context)) == 2


def test_what_is_rolled_back_was_no_trouble(context: Flask) -> None:
    raise_alert("test", "Something is wrong.")
    db.session.rollback()

    assert kept() == []
    assert told(context) == []


def test_nonsense_without_end_is_not_written_without_end(context: Flask) -> None:
    for _ in range(COUNTED_ONE_BY_ONE + 5):
        raise_alert("test", "Something is wrong.")
    db.session.commit()

    assert kept() == [(COUNTED_ONE_BY_ONE, "Something is wrong.")]
