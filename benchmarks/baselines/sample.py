"""The usual sample: Flask-Login, Flask-SQLAlchemy's ORM, Jinja and Stripe's SDK, as their documentation shows them."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, date, datetime

import stripe
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from flask import Flask, redirect, render_template, render_template_string, request
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug import Response

from app.catalog import CATALOG
from app.dashboard.product.figures import figures_of
from app.dashboard.product.forms import EntryForm, ImportForm
from benchmarks.baselines.page import bare_flask
from benchmarks.site import WEBHOOK_SECRET

db = SQLAlchemy()
# The product's own parameters: a weaker hash would be no comparison.
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class User(UserMixin, db.Model):  # type: ignore[name-defined]
    """The product's table, as far as a sample needs it."""

    __tablename__ = "users"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    email_verified_at = mapped_column(DateTime(timezone=True))
    password_hash: Mapped[str]
    role: Mapped[str]
    is_admin: Mapped[bool]

    def has_role(self, role: str) -> bool:
        return CATALOG.role(self.role).rank >= CATALOG.role(role).rank

    def can(self, feature: str) -> bool:
        return any(feature in plan.features for plan in CATALOG.plans if plan.role == self.role)


class Entry(db.Model):  # type: ignore[name-defined]
    """What the dashboard lists."""

    __tablename__ = "entries"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID]
    happened_on: Mapped[date]
    kind: Mapped[str]
    label: Mapped[str]
    amount: Mapped[int]


def create_app() -> Flask:
    """Sign in, a page for those who are, and a webhook that loads, sets and commits."""
    app = bare_flask(__name__)
    app.secret_key = os.environ["SECRET_KEY"]
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    db.init_app(app)
    csrf = CSRFProtect(app)
    manager = LoginManager(app)
    manager.user_loader(lambda id: db.session.get(User, uuid.UUID(id)))
    app.view_functions["auth.login"] = login
    app.view_functions["dashboard.index"] = dashboard
    app.add_url_rule("/webhooks/stripe", view_func=csrf.exempt(webhook), methods=["POST"])
    return app


def login() -> str | tuple[str, int] | Response:
    """Check the password, and start a session."""
    if request.method == "GET":
        return render_template_string('<input name="csrf_token" value="{{ csrf_token() }}">')
    user = db.session.scalar(db.select(User).where(User.email == request.form["email"]))
    try:
        hasher.verify(user.password_hash, request.form["password"])
    except VerifyMismatchError:
        return "wrong", 422
    login_user(user)
    return redirect("/dashboard", 303)


@login_required
def dashboard() -> str:
    """The product's own template."""
    own = Entry.user_id == current_user.id
    entries = db.session.scalars(db.select(Entry).where(own).order_by(Entry.happened_on.desc()).limit(12)).all()
    count = db.session.scalar(db.select(db.func.count()).select_from(Entry).where(own))
    return render_template(
        "dashboard/index.html",
        shown=figures_of([], [], datetime.now(UTC).date(), CATALOG.currency),
        entries=entries,
        count=count,
        limit=25,
        form=EntryForm(),
        import_form=ImportForm(),
        roles=CATALOG.granted_roles,
    )


def webhook() -> dict[str, bool]:
    """One user's role, with no record of the event."""
    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], WEBHOOK_SECRET)
    subscription = event.data.object
    user = db.session.get(User, uuid.UUID(subscription.metadata["userId"]))
    user.role = subscription["items"].data[0].price.lookup_key.partition("_")[0]
    db.session.commit()
    return {"received": True}
