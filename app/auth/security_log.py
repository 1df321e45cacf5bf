"""What happened to an account: written as it happens, shown to its owner."""

import uuid
from enum import StrEnum

import sqlalchemy as sa
from flask import has_request_context, request

from app.auth.devices import describe_device, describe_network
from app.auth.models import SecurityEvent, User
from app.database import db, utcnow
from app.languages import noted
from app.mail.outbox import queue_mail
from app.urls import link_to


class Kind(StrEnum):
    """The events worth telling, and how they are told."""

    text: str

    def __new__(cls, value: str, text: str) -> "Kind":
        member = str.__new__(cls, value)
        member._value_ = value
        member.text = text
        return member

    SIGNED_UP = "signed_up", noted("Account created")
    SIGNED_IN = "signed_in", noted("Logged in")
    SIGN_IN_FAILED = "sign_in_failed", noted("Log-in failed: wrong password")
    SIGN_IN_REFUSED = "sign_in_refused", noted("Log-in refused: the account is suspended")
    SIGNED_OUT = "signed_out", noted("Logged out")
    SESSIONS_ENDED = "sessions_ended", noted("Logged out elsewhere")
    PASSWORD_CHANGED = "password_changed", noted("Password changed")
    RESET_REQUESTED = "reset_requested", noted("Link to set a new password sent")
    PASSWORD_RESET = "password_reset", noted("New password set with a link from your mail")
    EMAIL_CHANGE_REQUESTED = "email_change_requested", noted("Change of address asked for")
    EMAIL_CHANGED = "email_changed", noted("Address changed")
    EMAIL_CHANGE_UNDONE = "email_change_undone", noted("Change of address undone from the old address")
    EMAIL_VERIFIED = "email_verified", noted("Address confirmed")
    CONFIRMATION_CODE_SENT = "confirmation_code_sent", noted("Code by mail asked for, to confirm who it is")
    EXPORTED = "exported", noted("Data downloaded")
    SECOND_STEP_ASKED = "second_step_asked", noted("Log-in begun; the second step was asked for")
    SECOND_STEP_FAILED = "second_step_failed", noted("Log-in failed: wrong code in the second step")
    AUTHENTICATOR_ADDED = "authenticator_added", noted("Authenticator app added")
    AUTHENTICATOR_REMOVED = "authenticator_removed", noted("Authenticator app removed")
    SIGN_IN_LINK_SENT = "sign_in_link_sent", noted("Link to log in sent")
    PASSKEY_ADDED = "passkey_added", noted("Passkey added")
    PASSKEY_REMOVED = "passkey_removed", noted("Passkey removed")
    PASSKEY_REFUSED = "passkey_refused", noted("Passkey refused: it seems to have been copied")
    RECOVERY_CODES_MADE = "recovery_codes_made", noted("New recovery codes made")
    RECOVERY_CODE_USED = "recovery_code_used", noted("Recovery code used")
    FACTOR_RESET_ASKED = "factor_reset_asked", noted("Removal of all second factors asked for")
    FACTOR_RESET_STOPPED = "factor_reset_stopped", noted("Removal of all second factors stopped")
    FACTORS_RESET = "factors_reset", noted("All second factors removed")
    PROVIDER_LINKED = "provider_linked", noted("Way to log in connected")
    PROVIDER_UNLINKED = "provider_unlinked", noted("Way to log in disconnected")
    API_TOKEN_MADE = "api_token_made", noted("API token made")
    API_TOKEN_REVOKED = "api_token_revoked", noted("API token revoked")
    VIEWED = "viewed", noted("Support looked at your pages, and could change nothing")
    SUSPENDED = "suspended", noted("Account suspended")
    SUSPENSION_LIFTED = "suspension_lifted", noted("Suspension lifted")


# Written once: every sign-in runs one of them.
_EVENTS = SecurityEvent.__table__
_COLUMNS = ("kind", "device", "network", "at")
_BOUND = [sa.bindparam(name, type_=_EVENTS.c[name].type) for name in _COLUMNS]
_RECORD = sa.insert(_EVENTS)
# An account that is being deleted is waited for: then it is gone, and the row names nobody.
_OWNER = sa.select(User.id).with_for_update(read=True, key_share=True)
_RECORD_FOR_ADDRESS = sa.insert(_EVENTS).values(
    user_id=_OWNER.where(User.email == sa.bindparam("email")).scalar_subquery()
)
_RECORD_IF_UNCHANGED = (
    sa.insert(_EVENTS)
    .from_select(
        ("user_id", *_COLUMNS),
        _OWNER.add_columns(*_BOUND).where(
            User.id == sa.bindparam("owner_id"), User.password_hash == sa.bindparam("password_hash")
        ),
    )
    .returning(_EVENTS.c.id)
)


def describe(kind: str) -> str:
    """How an event is told; one of an older version by its name."""
    return next((member.text for member in Kind if member.value == kind), kind)


def record(user_id: uuid.UUID, kind: Kind) -> None:
    """Write an event of this user's, in the caller's transaction."""
    db.session.execute(_RECORD, {"user_id": user_id} | _values(kind))


def record_from_site(user_id: uuid.UUID, kind: Kind) -> None:
    """Write what somebody of the site did to this account, in the caller's transaction: where they sat is their own."""
    row = {"kind": kind.value, "at": utcnow(), "device": noted("Support"), "network": ""}
    db.session.execute(_RECORD, {"user_id": user_id} | row)


def record_for_address(email: str, kind: Kind) -> None:
    """Write an event for whoever has this address; the work is the same when nobody has."""
    db.session.execute(_RECORD_FOR_ADDRESS, {"email": email} | _values(kind))


def record_if_unchanged(user_id: uuid.UUID, password_hash: str, kind: Kind) -> bool:
    """Write an event of this user's if they still have this password; say whether they had."""
    row = {"owner_id": user_id, "password_hash": password_hash} | _values(kind)
    return db.session.execute(_RECORD_IF_UNCHANGED, row).first() is not None


def _values(kind: Kind) -> dict[str, object]:
    return {"kind": kind.value, "at": utcnow()} | origin()


def origin() -> dict[str, object]:
    """Where this comes from: the device and the network, in words."""
    if has_request_context():
        device = describe_device(request.user_agent.string)
        return {"device": device, "network": describe_network(request.remote_addr)}
    else:
        return {"device": noted("Command line"), "network": ""}


def record_and_tell(user: User, kind: Kind) -> None:
    """Write down a change of the ways into an account, and mail it to its owner, in the caller's transaction."""
    record(user.id, kind)
    queue_mail(
        "sign_in_changed",
        to=user.email,
        cause=f"{kind}:{uuid.uuid4()}",
        user_id=user.id,
        context={"what": kind.text, "url": link_to("account.security")},
    )
