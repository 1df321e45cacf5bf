"""What the operator has to know: each trouble is kept while it lasts, and told by mail once."""

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.auth.models import User
from app.database import UtcDateTime, db, insert, separate_transaction, utcnow
from app.mail.outbox import mail_to_queue, queue_mail

# From here on a trouble is written down once a minute: whoever sends us nonsense cannot make us write for ever.
COUNTED_ONE_BY_ONE = 100
# What has not happened again for so long is over.
FORGOTTEN_AFTER = timedelta(days=30)


class Alert(db.Model):  # type: ignore[name-defined]
    """A trouble that goes on: what it is, how often it was met (at least), and since when."""

    __tablename__ = "alerts"

    cause: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    message: Mapped[str] = mapped_column(sa.Text)
    count: Mapped[int] = mapped_column(default=1)
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


def raise_alert(cause: str, message: str, *, mail_after: int = 1) -> None:
    """Note a trouble, in the caller's transaction; OPERATOR_EMAIL hears of it once, when it has been met so often.

    It lasts until `end_alert`. The message is shown and mailed as it is: no secrets, and nothing of a customer's.
    """
    _note(db.session(), cause, message, mail_after)


def raise_alert_apart(cause: str, message: str) -> None:
    """The same in a transaction of its own, where the caller has none open."""
    with separate_transaction() as session:
        _note(session, cause, message, mail_after=1)


def end_alert(cause: str) -> None:
    """The trouble is over; when it comes again, that is another one. In the caller's transaction."""
    db.session.execute(_ending(cause))


def end_alerts(prefix: str) -> None:
    """The same for all whose cause begins so."""
    db.session.execute(sa.delete(Alert).where(Alert.cause.startswith(prefix, autoescape=True)))


def end_alert_apart(cause: str) -> None:
    """The same in a transaction of its own, where the caller has none open."""
    with separate_transaction() as session:
        session.execute(_ending(cause))


def open_alerts(prefix: str = "") -> list[Alert]:
    """The troubles whose cause begins so, the latest first."""
    query = sa.select(Alert).where(Alert.cause.startswith(prefix, autoescape=True))
    return list(db.session.scalars(query.order_by(Alert.last_at.desc(), Alert.cause)))


def forget_old_alerts() -> None:
    """Delete what has not happened again for a month. Does not commit."""
    db.session.execute(sa.delete(Alert).where(Alert.last_at < utcnow() - FORGOTTEN_AFTER))


def _note(session: Session, cause: str, message: str, mail_after: int) -> None:
    """Count the trouble once more, and write the mails about it."""
    now = utcnow()
    new = insert(Alert).values(cause=cause, message=message, count=1, since=now, last_at=now)
    again = {"message": new.excluded.message, "count": Alert.count + 1, "last_at": now}
    is_counted = sa.or_(Alert.count < COUNTED_ONE_BY_ONE, Alert.last_at < now - timedelta(minutes=1))
    upsert = new.on_conflict_do_update(index_elements=["cause"], set_=again, where=is_counted)
    noted = session.execute(upsert.returning(Alert.count.label("met"), Alert.since)).first()
    if noted is None or noted.met < mail_after:
        return
    for address in current_app.extensions["settings"].operator_addresses:
        session.execute(_mail(address, cause, message, noted.since))
        session.info["mail_was_queued"] = True


def _mail(address: str, cause: str, message: str, since: datetime) -> sa.Insert:
    # A day and a cause make one mail, so that what comes and goes fills nobody's mailbox.
    receiver = hashlib.sha256(address.encode()).hexdigest()[:8]
    once = f"alert:{cause}:{since:%Y-%m-%d}:{receiver}"
    return mail_to_queue("operator_alert", to=address, cause=once, context={"message": message})


def _ending(cause: str) -> sa.Delete:
    return sa.delete(Alert).where(Alert.cause == cause)


def tell_admins(message: str, *, cause: str) -> None:
    """Queue a mail to every admin, in the caller's transaction."""
    for email in db.session.scalars(sa.select(User.email).where(User.is_admin)):
        queue_mail("operator_notice", to=email, cause=f"{cause}:{email}", context={"message": message})
