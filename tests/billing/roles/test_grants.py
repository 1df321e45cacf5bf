"""The operator's grants as rows: what they give and until when, and what is written down about them."""

from datetime import timedelta

import pytest
from flask import Flask

from app.audit import OperatorAct
from app.auth.models import User
from app.billing.models.roles import RoleChange
from app.billing.roles.grants import given_role, grant_role, revoke_grants
from app.database import db, utcnow
from tests.catalogue import BASIC, PRO
from tests.people import Person

pytestmark = pytest.mark.usefixtures("catalogue")
TOMORROW, NEXT_WEEK = utcnow() + timedelta(days=1), utcnow() + timedelta(days=7)


def test_grant_and_its_end_are_written_down(app: Flask, alice: Person) -> None:
    alice_id = alice.id
    with app.app_context():
        user = db.session.get_one(User, alice_id)

        grant = grant_role(user, PRO, TOMORROW, "olga", "a bad week")
        subject = f"grant {grant.id}"
        count, none = revoke_grants(user, "oscar", "over"), revoke_grants(user, "oscar")

        given, taken = db.session.scalars(db.select(RoleChange).order_by(RoleChange.id))
        acts = db.session.scalars(db.select(OperatorAct).order_by(OperatorAct.id)).all()
    assert (count, none) == (1, 0)
    assert (given.role_before, given.role_after, given.rule) == ("free", "pro", "grant by the operator")
    assert (given.object_id, given.expires_at) == (subject, TOMORROW)
    assert given.cause == f"{subject} by olga"
    assert (taken.role_before, taken.role_after, taken.cause) == ("pro", "free", "grants revoked by oscar")
    assert [(act.kind, act.actor, act.user_id, act.subject, act.reason, act.changes) for act in acts] == [
        *[("grant", "olga", alice_id, subject, "a bad week", acts[0].changes)],
        *[("revoke", "oscar", alice_id, "", "over", {"grants": {"before": 1, "after": 0}})],
    ]
    assert acts[0].changes == {"grant": {"after": {"role": "pro", "until": TOMORROW.isoformat()}}}


def test_highest_grant_that_stands_counts_and_a_lower_one_is_written_down_too(app: Flask, alice: Person) -> None:
    with app.app_context():
        user = db.session.get_one(User, alice.id)
        before = given_role(user)

        grant_role(user, PRO, TOMORROW, "olga")
        lower = grant_role(user, BASIC, NEXT_WEEK, "olga")

        assert before is None
        assert given_role(user) == (PRO, TOMORROW)
        assert (user.role, user.role_expires_at) == ("pro", TOMORROW)
        row = db.session.scalars(db.select(RoleChange).order_by(RoleChange.id.desc())).first()
        assert (row.role_before, row.role_after, row.rule) == ("pro", "pro", "granted basic")
        assert (row.object_id, row.expires_at) == (f"grant {lower.id}", NEXT_WEEK)
