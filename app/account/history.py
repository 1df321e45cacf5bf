"""What the owner of an account is shown of it: where they are signed in, and what happened."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.auth.models import SecurityEvent, User, UserSession
from app.auth.security_log import describe
from app.auth.sessions import OF_ADMINS
from app.billing.catalog.plans import current_catalog
from app.billing.models.roles import RoleChange
from app.billing.roles.grants import GRANTED
from app.database import db, utcnow

# The rules of `billing.entitlement` and `billing.roles`, for whom they are about.
REASONS = {
    "subscription active": "your subscription is active",
    "subscription trialing": "your trial is on",
    "subscription past_due, in grace": "a payment is late, and access goes on for now",
    "subscription past_due, grace over": "a payment is late",
    "subscription past_due, paid before": "a payment is late, and what was paid for before goes on",
    "nothing paid or granted": "nothing is paid for any more",
}
BOUGHT = "order of "


@dataclass(frozen=True)
class OpenSession:
    """A browser that is signed in."""

    id: uuid.UUID
    device: str
    created_at: datetime
    last_used_at: datetime
    is_current: bool


@dataclass(frozen=True)
class Entry:
    """Something that happened to the account."""

    at: datetime
    text: str
    device: str
    network: str


def open_sessions(user: User) -> list[OpenSession]:
    """The browsers that are signed in, this one first, then by last use."""
    query = (
        sa.select(UserSession)
        .where(UserSession.user_id == user.id, UserSession.expires_at > utcnow())
        .order_by(UserSession.last_used_at.desc())
    )
    sessions = [
        OpenSession(row.id, row.device, row.created_at, row.last_used_at, row.id == user.session_id)
        for row in db.session.scalars(query)
        if not (user.is_admin and OF_ADMINS.end(row.created_at, row.last_used_at) <= utcnow())
    ]
    return sorted(sessions, key=lambda session: not session.is_current)


def history_of(user: User, count: int) -> list[Entry]:
    """The last things that happened, newest first: signing in, changes of the account, and of the plan."""
    roles = sa.select(RoleChange).where(RoleChange.user_id == user.id).order_by(RoleChange.changed_at.desc())
    entries = security_history(user, count)
    entries += [_role_entry(row) for row in db.session.scalars(roles.limit(count))]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:count]


def security_history(user: User, count: int) -> list[Entry]:
    """The last things that concern who gets into the account, newest first."""
    events = sa.select(SecurityEvent).where(SecurityEvent.user_id == user.id).order_by(SecurityEvent.at.desc())
    return [_security_entry(row) for row in db.session.scalars(events.limit(count))]


def _security_entry(row: SecurityEvent) -> Entry:
    return Entry(row.at, describe(row.kind), row.device, row.network)


def _role_entry(row: RoleChange) -> Entry:
    catalog = current_catalog()
    if row.rule.startswith(BOUGHT):
        reason = f"you bought {catalog.plan_name(row.rule.removeprefix(BOUGHT))}"
    elif row.rule.startswith(GRANTED):
        reason = f"you were given {catalog.role(row.rule.removeprefix(GRANTED)).name}"
    else:
        reason = REASONS.get(row.rule, row.rule)
    before, after = catalog.role(row.role_before).name, catalog.role(row.role_after).name
    change = f"Plan stays {after}" if before == after else f"Plan changed from {before} to {after}"
    text = f"{change}: {reason}"
    return Entry(row.changed_at, text, "", "")
