"""History is kept for its owner, and not for ever."""

from datetime import timedelta

from app import retention
from app.auth.models import SecurityEvent
from app.database import db, utcnow
from tests.people import Person


def test_history_is_forgotten_after_a_year_and_tries_at_nobody_after_a_week(alice: Person) -> None:
    rows = [(alice.id, 366), (alice.id, 364), (None, 8), (None, 6)]
    with alice.app.app_context():
        db.session.execute(db.delete(SecurityEvent))
        for user_id, days in rows:
            db.session.add(SecurityEvent(user_id=user_id, kind=f"day_{days}", at=utcnow() - timedelta(days=days)))
        db.session.commit()

        retention.clean_up()

        kinds = db.session.scalars(db.select(SecurityEvent.kind).order_by(SecurityEvent.at)).all()
    assert kinds == ["day_364", "day_6"]


def test_event_of_an_older_version_is_told_by_its_name(alice: Person) -> None:
    with alice.app.app_context():
        db.session.add(SecurityEvent(user_id=alice.id, kind="something_else"))
        db.session.commit()

    assert "something_else" in alice.get("/account/activity").text
