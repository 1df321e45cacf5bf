"""An operator with a browser."""

import pytest
from flask import Flask

from app.auth.models import User
from app.database import db
from tests.people import Person


@pytest.fixture
def olga(app: Flask) -> Person:
    """The operator: an admin who is signed in."""
    olga = Person.sign_up(app, "olga@example.com")
    with app.app_context():
        db.session.execute(db.update(User).where(User.email == olga.email).values(is_admin=True))
        db.session.commit()
    return olga
