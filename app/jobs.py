"""What runs beside the requests: mail goes out, and every night the mirror is compared with Stripe."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from itsdangerous import Signer
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.chores import do_if_due, look_up, note_done
from app.config.redis import redis_limits
from app.database import keep_private, utcnow
from app.keys import signing_keys
from app.logs import without_secrets
from app.mail.alerts import end_alert_apart, raise_alert_apart

if TYPE_CHECKING:
    from huey.api import Huey, TaskWrapper
    from huey.consumer import Consumer
    from huey.serializer import Serializer

logger = logging.getLogger(__name__)
HEARTBEAT, NIGHT = "heartbeat", "night"
NIGHT_AT, NIGHT_FAILED = time(3, 17), "night_failed"
LONGEST_ERROR = 300
NOT_BEFORE, SECONDS_OF_REST = "jobs_not_before", 15
# Windows has none.
_SIGHUP = [signal.SIGHUP] if hasattr(signal, "SIGHUP") else []


@dataclass(frozen=True)
class Jobs:
    """The queue of one application, and the jobs that requests put into it."""

    huey: Huey
    deliver: TaskWrapper


def deliver_soon() -> None:
    """Have the outbox delivered now; call it after the commit. What fails, the minute's job makes up for."""
    if monotonic() < current_app.extensions.get(NOT_BEFORE, 0):
        return
    try:
        get_jobs().deliver()
    except Exception as error:
        # A Redis that does not answer costs a second each time it is asked, which not every mail shall.
        current_app.extensions[NOT_BEFORE] = monotonic() + SECONDS_OF_REST
        logger.warning("The mail job could not be queued (%s); mail goes out within a minute.", type(error).__name__)


def get_jobs() -> Jobs:
    """The current application's queue, built when first needed: serving a page needs no Huey."""
    extensions = current_app.extensions
    if "jobs" not in extensions:
        extensions["jobs"] = _build_jobs(current_app._get_current_object())  # type: ignore[attr-defined]
    jobs: Jobs = extensions["jobs"]
    return jobs


def last_heartbeat() -> datetime | None:
    """When the consumer last showed that it works, or None when it never did."""
    beat = look_up(HEARTBEAT)
    return beat.done_at if beat else None


def last_reconcile() -> dict[str, Any] | None:
    """When the mirror was last compared with Stripe at night, and how much was found; no names."""
    night = look_up(NIGHT)
    return {"at": night.done_at, **night.result} if night and night.result else None


def build_consumer() -> Consumer:
    """What takes jobs from the queue, and starts the periodic ones."""
    # SIGTERM is how a job's consumer is asked to stop: what is under way is finished first.
    return get_jobs().huey.create_consumer(workers=2, max_delay=1.0, graceful_signal="TERM")


def start_consumer_thread(app: Flask) -> Consumer:
    """Work on jobs in threads of this process, for development; the answer's `stop()` ends them."""
    with app.app_context():
        consumer = build_consumer()
    # Signals belong to the process that these threads are guests in: it keeps what it does when one comes.
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, *_SIGHUP)}
    consumer.start()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    return consumer


def work_every_minute() -> None:
    """Show that jobs are worked on, and send what `deliver_soon` or the mail server missed."""
    from app.mail.delivery import deliver_due

    show_heartbeat()
    deliver_due()


def show_heartbeat() -> None:
    """Write down that the consumer is alive, for `last_heartbeat`."""
    note_done(HEARTBEAT)


def work_every_night() -> None:
    """Do the night's work if it is due and nobody is at it: late too, when nobody came to it at its time.

    Every consumer asks each minute. A failure is told, and the work is taken up again.
    """
    try:
        is_done = do_if_due(NIGHT, _last_night(), _do_the_nights_work)
    except Exception as error:
        said = without_secrets(" ".join(str(error).split()))[:LONGEST_ERROR]
        raise_alert_apart(NIGHT_FAILED, f"The night's work failed: {type(error).__name__}: {said}")
        deliver_soon()
        raise
    if is_done:
        end_alert_apart(NIGHT_FAILED)


def _last_night() -> datetime:
    """When the night's work was due last."""
    now = utcnow()
    due = now.replace(hour=NIGHT_AT.hour, minute=NIGHT_AT.minute, second=0, microsecond=0)
    return due if due <= now else due - timedelta(days=1)


def _do_the_nights_work(still_at_it: Callable[[], None]) -> dict[str, Any]:
    """Forget what is too old to keep, and compare every user with Stripe; how much was found."""
    from app.billing.gateway.account import current_scope
    from app.billing.gateway.clock import stripe_now
    from app.billing.movements import note_changes
    from app.billing.reconcile.users import sync_all
    from app.retention import clean_up

    clean_up()
    report = asdict(sync_all(on_progress=still_at_it))
    note_changes(current_scope(), stripe_now())
    counts = {name: len(found) if isinstance(found, list) else found for name, found in report.items()}
    logger.info("Nightly reconcile: %s.", ", ".join(f"{name} {count}" for name, count in counts.items()))
    return counts


def _build_jobs(app: Flask) -> Jobs:
    from huey import crontab

    from app.mail.delivery import deliver_due

    huey = _build_huey(app, results=False, serializer=_serializer())
    deliver = huey.task(name="deliver")(_in_context(app, deliver_due))
    huey.periodic_task(crontab(minute="*"), name="every_minute")(_in_context(app, work_every_minute))
    huey.periodic_task(crontab(minute="*"), name="every_night")(_in_context(app, work_every_night))
    huey.on_startup(name="show_heartbeat")(_in_context(app, show_heartbeat))
    return Jobs(huey, deliver)


def _serializer() -> Serializer:
    """Jobs are pickled: only what this application signed is taken back, with a key that is being replaced too."""
    from huey.serializer import Serializer

    signer = Signer(signing_keys("jobs"), salt="perennial-jobs")

    class Signed(Serializer):
        def serialize(self, data: object) -> bytes:
            return signer.sign(super().serialize(data))

        def deserialize(self, data: bytes) -> object:
            return super().deserialize(signer.unsign(data))

    return Signed()


def _build_huey(app: Flask, **options: Any) -> Huey:
    settings = app.extensions["settings"]
    if redis_url := settings.redis_url.get_secret_value():
        from huey import RedisHuey
        from redis import ConnectionPool

        pool = ConnectionPool.from_url(redis_url, **redis_limits())
        return RedisHuey(f"perennial{settings.site_id}", connection_pool=pool, **options)
    else:
        from huey import SqliteHuey

        settings.instance_path.mkdir(parents=True, exist_ok=True)
        file = settings.instance_path / "jobs.sqlite3"
        keep_private(file)
        return SqliteHuey("perennial", filename=str(file), **options)


def _in_context(app: Flask, work: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        with app.app_context():
            work()

    return run


@event.listens_for(Session, "after_commit")
def _deliver_soon(session: Session) -> None:
    """Wake the delivery of what this transaction queued; a mail is never sent for one that rolled back."""
    if session.info.pop("mail_was_queued", False):
        deliver_soon()


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("mail_was_queued", None)
