"""Links in mails that anybody may ask for: sent to whoever has an account, with the same work for whoever has not."""

import uuid

import sqlalchemy as sa

from app.auth import security_log
from app.auth.email_tokens import Purpose, make_token
from app.auth.models import User
from app.database import db
from app.mail.outbox import OutboxMail, queue_mail
from app.urls import link_to


def mail_link(email: str, purpose: Purpose, kind: security_log.Kind, *, template: str, endpoint: str) -> None:
    """Queue the mail with a link, if the (normalized) address has an account that is not suspended.

    In the caller's transaction. Every statement is also made for an unknown address, so that the time tells nothing.
    """
    cause = f"{template}:{uuid.uuid4()}"
    security_log.record_for_address(email, kind)
    user = db.session.scalar(sa.select(User).where(User.email == email, User.suspended_at.is_(None)))
    known = user or User(id=uuid.uuid4(), email=email, password_hash="")
    link = link_to(endpoint, token=make_token(known, purpose))
    queue_mail(template, to=email, cause=cause, user_id=user.id if user else None, context={"url": link})
    db.session.execute(sa.delete(OutboxMail).where(OutboxMail.cause == cause, OutboxMail.user_id.is_(None)))
