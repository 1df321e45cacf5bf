"""Mail to all admins: what none of them should find out by chance."""

import sqlalchemy as sa

from app.auth.models import User
from app.database import db
from app.mail.outbox import queue_mail


def tell_admins(message: str, *, cause: str) -> None:
    """Queue a mail to every admin, in the caller's transaction."""
    for email in db.session.scalars(sa.select(User.email).where(User.is_admin)):
        queue_mail("operator_notice", to=email, cause=f"{cause}:{email}", context={"message": message})
