"""What the owner of an account is shown of it: where they are signed in, and what happened."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.auth.models import SecurityEvent, User, UserSession
from app.auth.security_log import describe
from app.auth.sessions import OF_ADMINS
from app.billing.models.roles import RoleChange
from app.billing.roles.grants import GRANTED
from app.database import db, utcnow
from app.languages import gettext as _
from app.languages import lazy_gettext as _l
from app.templating import plan_name, role_name
from app.words import device

# The rules of `billing.entitlement` and `billing.roles`, for whom they are about.
REASONS = {
    "subscription active": _l("your subscription is active"),
    "subscription trialing": _l("your trial is on"),
    "subscription past_due, in grace": _l("a payment is late, and access goes on for now"),
    "subscription past_due, grace over": _l("a payment is late"),
    "subscription past_due, paid before": _l("a payment is late, and what was paid for before goes on"),
    "nothing paid or granted": _l("nothing is paid for any more"),
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
        OpenSession(row.id, device(row.device), row.created_at, row.last_used_at, row.id == user.session_id)
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
    return Entry(row.at, _(describe(row.kind)), device(row.device), row.network)


def _role_entry(row: RoleChange) -> Entry:
    if row.rule.startswith(BOUGHT):
        reason = _("you bought %(plan_name)s", plan_name=plan_name(row.rule.removeprefix(BOUGHT)))
    elif row.rule.startswith(GRANTED):
        reason = _("you were given %(plan_name)s", plan_name=role_name(row.rule.removeprefix(GRANTED)))
    else:
        reason = str(REASONS.get(row.rule, row.rule))
    before, after = role_name(row.role_before), role_name(row.role_after)
    if before == after:
        text = _("Plan stays %(plan_name)s: %(reason)s", plan_name=after, reason=reason)
    else:
        text = _("Plan changed from %(before)s to %(after)s: %(reason)s", before=before, after=after, reason=reason)
    return Entry(row.changed_at, text, "", "")
