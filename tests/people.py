"""The people in the tests: they have a browser, and do what people do."""

import re
import secrets
import uuid
from dataclasses import dataclass
from functools import cache
from html import unescape

from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from app.auth import security_log
from app.auth.email_verification import send_verification
from app.auth.models import User
from app.auth.passwords import hash_password
from app.auth.sessions import start_session
from app.database import db

PASSWORD = "a horse that staples batteries"


@dataclass
class Person:
    """Somebody with a browser of their own."""

    app: Flask
    client: FlaskClient
    email: str

    @classmethod
    def sign_up(cls, app: Flask, email: str) -> "Person":
        """A new person, signed up with PASSWORD and signed in: what `/signup` leaves behind, without going there."""
        person = cls(app, app.test_client(), email)
        with app.test_request_context("/signup", method="POST"):
            user = User(email=email, password_hash=_password_hash())
            db.session.add(user)
            db.session.flush()
            security_log.record(user.id, security_log.Kind.SIGNED_UP)
            send_verification(user)
            start_session(user.id, remember=False)
            db.session.commit()
            signed_in = dict(session)
        with person.client.session_transaction() as cookie:
            cookie.update(signed_in)
        return person

    def on(self, app: Flask) -> "Person":
        """The same person, still signed in, on the site as another application of the same database serves it."""
        there = Person(app, app.test_client(), self.email)
        with self.client.session_transaction() as here, there.client.session_transaction() as cookie:
            cookie.update(here)
        return there

    @property
    def id(self) -> uuid.UUID:
        with self.app.app_context():
            return db.session.scalar(db.select(User.id).where(User.email == self.email))

    @property
    def role(self) -> str:
        """The role on the user's row."""
        with self.app.app_context():
            return str(db.session.scalar(db.select(User.role).where(User.email == self.email)))

    @property
    def is_signed_in(self) -> bool:
        return self.client.get("/account/security").status_code == 200

    def become_admin(self) -> None:
        """As `flask users promote` does it."""
        with self.app.app_context():
            db.session.execute(db.update(User).where(User.email == self.email).values(is_admin=True))
            db.session.commit()

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def read(self, path: str) -> str:
        """A page's words, as its reader has them: without markup."""
        return " ".join(unescape(re.sub(r"<[^>]*>", "", self.get(path).text)).split())

    def post(self, path: str, *, page: str | None = None, **fields: str) -> TestResponse:
        """Send a form to `path`: the one on `page`, or one that this browser was shown before."""
        return self.client.post(path, data={"csrf_token": self.csrf_token(page), **fields})

    def csrf_token(self, page: str | None = None) -> str:
        """The token in the form on `page`; without one, the token as any page would show it to this browser."""
        if page is None:
            with self.client.session_transaction() as cookie, self.app.test_request_context():
                session["csrf_token"] = cookie.setdefault("csrf_token", secrets.token_hex(20))
                return str(generate_csrf())
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.client.get(page).text)
        assert found, f"{page} has no form"
        return found[1]

    def buy(self, plan: str, interval: str = "month", **fields: str) -> TestResponse:
        """Press the button of a plan."""
        return self.post(f"/checkout/{plan}", interval=interval, **fields)


@cache
def _password_hash() -> str:
    """PASSWORD as every account has it: hashing is slow on purpose, so once is enough."""
    return hash_password(PASSWORD)
