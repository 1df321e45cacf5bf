"""What the owner of an account is told at once, because somebody else might have done it."""

import uuid

from app.auth import security_log
from app.auth.models import User
from app.mail.outbox import queue_mail
from app.urls import link_to


def record_and_tell(user: User, kind: security_log.Kind) -> None:
    """Write down a change of the ways into an account, and mail it to its owner, in the caller's transaction."""
    security_log.record(user.id, kind)
    queue_mail(
        "sign_in_changed",
        to=user.email,
        cause=f"{kind}:{uuid.uuid4()}",
        user_id=user.id,
        context={"what": kind.text, "url": link_to("account.security")},
    )
