"""The first run: what is configured, what is missing, and the exact command for each."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import current_app

from app.auth.models import User
from app.billing.catalog.plans import current_catalog
from app.billing.gateway.account import known_scope
from app.billing.gateway.prices import noted_problems
from app.commands.deployment_checks import LATEST_HEARTBEAT
from app.config.settings import Settings
from app.database import db, utcnow
from app.jobs import last_heartbeat

# Not in one piece, so that `make rename` leaves it.
TEMPLATE = "".join(("Peren", "nial"))
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True)
class Step:
    """Something to set up: whether it is, what that means, and what to type where it is not."""

    name: str
    is_done: bool
    words: str
    command: str = ""


def steps() -> list[Step]:
    """Everything between a fresh clone and a first customer, in the order in which it is done."""
    settings: Settings = current_app.extensions["settings"]
    has_admin = db.session.scalar(sa.select(sa.exists().where(User.is_admin)))
    return [
        Step("Database", True, f"{DATABASES.get(db.engine.dialect.name, db.engine.dialect.name)}, and it answers."),
        _prices(),
        Step("Webhooks", bool(settings.webhook_secrets), "Stripe tells us of payments.", "flask billing push"),
        _jobs(),
        Step("An admin", bool(has_admin), "Who may see /admin/.", "flask users create you@example.com --admin"),
        Step("Your name", settings.app_name != TEMPLATE, "What the site is called.", 'make rename NAME="Leaf"'),
        Step(
            "A Stripe key",
            not settings.uses_emulator,
            "Until there is one, the emulator stands in.",
            'echo "STRIPE_SECRET_KEY=sk_test_…" >> .env',
        ),
        Step(
            "Mail",
            bool(settings.mail_url.get_secret_value()),
            "Until it is set, mails stand under /dev/mail.",
            'echo "MAIL_URL=smtp://user:password@smtp.example.com" >> .env',
        ),
    ]


def _prices() -> Step:
    """Whether what Stripe has is what the catalogue says, as far as it was noticed."""
    scope, count = known_scope(), len(current_catalog().sold_prices)
    is_pushed = scope is not None and not list(noted_problems(scope))
    words = f"{count} prices on sale, as app/catalog.py has them."
    return Step("Prices", is_pushed, words, "flask billing push")


def _jobs() -> Step:
    """Whether somebody works on mails and the night's reconciliation; `make run` does it itself."""
    beat = last_heartbeat()
    is_alive = beat is not None and beat > utcnow() - LATEST_HEARTBEAT
    return Step("Jobs", is_alive, "Mails go out, and the night's work is done.", "flask jobs run")
