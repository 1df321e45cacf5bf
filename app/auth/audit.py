"""What happened to an account: written as it happens, shown to its owner."""

import uuid
from enum import StrEnum

import sqlalchemy as sa
from flask import has_request_context, request

from app.auth.devices import describe_device, describe_network
from app.auth.models import SecurityEvent, User
from app.database import db


class Kind(StrEnum):
    """The events worth telling, and how they are told."""

    text: str

    def __new__(cls, value: str, text: str) -> "Kind":
        member = str.__new__(cls, value)
        member._value_ = value
        member.text = text
        return member

    SIGNED_UP = "signed_up", "Account created"
    SIGNED_IN = "signed_in", "Logged in"
    SIGN_IN_FAILED = "sign_in_failed", "Log-in failed: wrong password"
    SIGNED_OUT = "signed_out", "Logged out"
    SESSIONS_ENDED = "sessions_ended", "Logged out elsewhere"
    PASSWORD_CHANGED = "password_changed", "Password changed"
    RESET_REQUESTED = "reset_requested", "Link to set a new password sent"
    PASSWORD_RESET = "password_reset", "New password set with a link from your mail"
    EMAIL_CHANGE_REQUESTED = "email_change_requested", "Change of address asked for"
    EMAIL_CHANGED = "email_changed", "Address changed"
    EMAIL_VERIFIED = "email_verified", "Address confirmed"
    EXPORTED = "exported", "Data downloaded"


def describe(kind: str) -> str:
    """How an event is told; one of an older version by its name."""
    return next((member.text for member in Kind if member.value == kind), kind)


def record(user_id: uuid.UUID, kind: Kind) -> None:
    """Write an event of this user's, in the caller's transaction."""
    db.session.add(SecurityEvent(user_id=user_id, kind=kind.value, **_origin()))


def record_for_address(email: str, kind: Kind) -> None:
    """Write an event for whoever has this address; the work is the same when nobody has."""
    owner = sa.select(User.id).where(User.email == email).scalar_subquery()
    db.session.execute(sa.insert(SecurityEvent).values(user_id=owner, kind=kind.value, **_origin()))


def _origin() -> dict[str, str]:
    if has_request_context():
        device = describe_device(request.user_agent.string)
        return {"device": device, "network": describe_network(request.remote_addr)}
    else:
        return {"device": "Command line", "network": ""}
