"""The phones in the tests: an authenticator app, and recovery codes on a slip of paper."""

import time
from dataclasses import dataclass

import pyotp
from werkzeug.test import TestResponse

from app.auth.factors.authenticator import SECONDS
from app.auth.factors.encryption import encrypt
from app.auth.factors.models import Authenticator
from app.auth.factors.recovery_codes import make_recovery_codes
from app.database import db
from tests.people import PASSWORD, Person


@dataclass
class Phone:
    """Somebody's authenticator app."""

    secret: str

    @classmethod
    def of(cls, person: Person) -> "Phone":
        """An app that was added some time ago, as a row."""
        secret = pyotp.random_base32()
        row = Authenticator(user_id=person.id, secret="", last_step=0)
        with person.app.app_context():
            row.secret = encrypt(secret)
            db.session.add(row)
            db.session.commit()
        return cls(secret)

    def code(self, steps_away: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(int(time.time()) + SECONDS * steps_away)


def recovery_codes_of(person: Person) -> list[str]:
    with person.app.app_context():
        codes = make_recovery_codes(person.id)
        db.session.commit()
    return codes


def logging_in(person: Person, password: str = PASSWORD, **fields: str) -> Person:
    """Another browser of the same person's, after the first step of a log-in."""
    browser = Person(person.app, person.app.test_client(), person.email)
    browser.answer = browser.post("/login", page="/login", email=person.email, password=password, **fields)  # type: ignore[attr-defined]
    return browser


def second_step(browser: Person, code: str, **fields: str) -> TestResponse:
    return browser.post("/login/second-step", code=code, **fields)
