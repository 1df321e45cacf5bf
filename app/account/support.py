"""What an operator does to an account, from the pages and from the command line; each act is a row of the audit."""

import sqlalchemy as sa

from app.account.deletion import LastAdmin, delete_account
from app.audit import Act, ActKind, recorded
from app.auth import security_log, suspension
from app.auth.email_addresses import InvalidAddress, normalize_address
from app.auth.email_undo import is_reserved
from app.auth.email_verification import send_verification
from app.auth.models import User
from app.auth.sessions import end_sessions
from app.billing.customers import update_customer_email
from app.billing.errors import CannotBeDone
from app.database import db, utcnow
from app.mail.alerts import tell_admins
from app.mail.outbox import queue_mail
from app.urls import link_to


def set_admin(user: User, is_admin: bool, *, actor: str, reason: str = "") -> None:
    """Let somebody use the operator's pages, or not any more; they are logged out. Commits.

    Raises `CannotBeDone` for the last admin, without whom nobody could look after the site.
    """
    act = Act(ActKind.PROMOTE if is_admin else ActKind.DEMOTE, actor, user.id, reason=reason)
    with recorded(act):
        admins = set(db.session.scalars(sa.select(User.id).where(User.is_admin).with_for_update()))
        if not is_admin and admins == {user.id}:
            raise CannotBeDone("This is the only admin: make another one first.")
        if is_admin and user.suspended_at:
            raise CannotBeDone("They are suspended: lift that first.")
        act.changes = {"is_admin": {"before": user.is_admin, "after": is_admin}}
        user.is_admin = is_admin
        end_sessions(user.id)
        if is_admin:
            tell_admins(f"{actor} made {user.email} an admin.", cause=f"admin:{user.id}:{utcnow().isoformat()}")


def set_email(user: User, typed: str, *, actor: str, reason: str = "") -> None:
    """Give an account another address, log it out, and send the link that confirms the address; the old one is told.

    Commits. Raises `CannotBeDone` for what is no address, or is somebody else's.
    """
    with recorded(Act(ActKind.SET_EMAIL, actor, user.id, reason=reason)):
        email = _free_address(typed, user)
        old_email, user.email, user.pending_email, user.email_verified_at = user.email, email, None, None
        send_verification(user)
        queue_mail(
            "email_changed",
            to=old_email,
            cause=f"email_changed:{user.id}:{utcnow().isoformat()}",
            user_id=user.id,
            context={"new_email": email, "url": link_to("auth.forgot_password")},
        )
        end_sessions(user.id)
        security_log.record_from_site(user.id, security_log.Kind.EMAIL_CHANGED)
    update_customer_email(user)


def send_verification_again(user: User, *, actor: str, reason: str = "") -> str:
    """Send a new link that confirms the address, which is returned; older links stop working. Commits."""
    with recorded(Act(ActKind.SEND_VERIFICATION, actor, user.id, reason=reason)):
        send_verification(user)
    return user.pending_email or user.email


def sign_out(user: User, *, actor: str, reason: str = "") -> None:
    """Log somebody out of every browser. Commits."""
    with recorded(Act(ActKind.SIGN_OUT, actor, user.id, reason=reason)):
        end_sessions(user.id)
        security_log.record_from_site(user.id, security_log.Kind.SESSIONS_ENDED)


def suspend(user: User, *, actor: str, reason: str) -> None:
    """Shut somebody out until it is lifted; what they pay for goes on. Commits.

    Raises `CannotBeDone` for an admin, and for who is suspended already.
    """
    with recorded(Act(ActKind.SUSPEND, actor, user.id, reason=reason)) as act:
        locked = db.session.get_one(User, user.id, with_for_update=True, populate_existing=True)
        if locked.is_admin:
            raise CannotBeDone("An admin is not suspended: take these pages from them first.")
        if locked.suspended_at:
            raise CannotBeDone(f"{locked.email} is suspended already.")
        suspension.suspend(locked, reason)
        act.changes = {"suspended": {"before": False, "after": True}}


def lift_suspension(user: User, *, actor: str, reason: str = "") -> None:
    """Let somebody in again who was suspended. Commits; raises `CannotBeDone` for who is not."""
    with recorded(Act(ActKind.LIFT, actor, user.id, reason=reason)) as act:
        locked = db.session.get_one(User, user.id, with_for_update=True, populate_existing=True)
        if not locked.suspended_at:
            raise CannotBeDone(f"{locked.email} is not suspended.")
        act.changes = {"suspended": {"before": True, "after": False}, "reason": locked.suspension_reason}
        suspension.lift(locked)


def delete_user(user: User, *, actor: str, reason: str = "") -> None:
    """Cancel at Stripe, then delete the account. Commits; raises `CannotBeDone` for the last admin.

    When Stripe cannot be asked, `StripeUnavailable`, and nothing is deleted.
    """
    with recorded(Act(ActKind.DELETE_USER, actor, user.id, reason=reason)):
        try:
            delete_account(user)
        except LastAdmin as error:
            raise CannotBeDone("This is the only admin: make another one first.") from error


def _free_address(typed: str, user: User) -> str:
    try:
        email = normalize_address(typed)
    except InvalidAddress as error:
        raise CannotBeDone(f"{typed} is not an e-mail address.") from error
    if db.session.scalar(sa.select(User.id).where(User.email == email)):
        raise CannotBeDone(f"{email} already has an account.")
    if is_reserved(email, but_for=user.id):
        raise CannotBeDone(f"{email} belonged to another account lately, whose owner can still take it back.")
    return email
