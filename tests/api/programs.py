"""What a subscriber's program does: it has a token, and no browser."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app.api.tokens import SCOPES, make_token
from app.auth.models import User
from app.database import db
from tests.people import Person


@dataclass
class Program:
    """Somebody's program, with a token of theirs."""

    app: Flask
    token: str

    @classmethod
    def of(cls, person: Person, *scopes: str, role: str = "pro", expires_at: datetime | None = None) -> "Program":
        """A program of this person's, who has this role; it may do everything unless scopes are named."""
        with person.app.app_context():
            user = db.session.scalars(db.select(User).where(User.email == person.email)).one()
            catalog = person.app.extensions["catalog"]
            user.role, user.role_rank = role, catalog.role(role).rank
            user.plan_key = role
            token = make_token(user, "Books", scopes or SCOPES, expires_at)
            db.session.commit()
        return cls(person.app, token)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **sent: Any) -> TestResponse:
        """Send a request with the token, and no cookie."""
        carried = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.app.test_client(use_cookies=False).open(f"/api/v1{path}", method=method, headers=carried, **sent)

    def get(self, path: str, **sent: Any) -> TestResponse:
        return self.ask("GET", path, **sent)
