"""What runs beside the requests: mail goes out, and every night the mirror is compared with Stripe."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.database import keep_private, utcnow
from app.keys import signing_keys

if TYPE_CHECKING:
    from huey.api import Huey, TaskWrapper
    from huey.consumer import Consumer

logger = logging.getLogger(__name__)
HEARTBEAT, LAST_RECONCILE = "heartbeat", "last-reconcile"
REDIS_SECONDS = 3
# Windows has none.
_SIGHUP = [signal.SIGHUP] if hasattr(signal, "SIGHUP") else []


@dataclass(frozen=True)
class Jobs:
    """The queue of one application, and the jobs that requests put into it."""

    huey: Huey
    deliver: TaskWrapper


def deliver_soon() -> None:
    """Have the outbox delivered now; call it after the commit. What fails, the minute's job makes up for."""
    try:
        get_jobs().deliver()
    except Exception:
        logger.warning("The mail job could not be queued; mail goes out within a minute.", exc_info=True)


def get_jobs() -> Jobs:
    """The current application's queue, built when first needed: serving a page needs no Huey."""
    extensions = current_app.extensions
    if "jobs" not in extensions:
        extensions["jobs"] = _build_jobs(current_app._get_current_object())  # type: ignore[attr-defined]
    jobs: Jobs = extensions["jobs"]
    return jobs


def last_heartbeat() -> datetime | None:
    """When the consumer last showed that it works, or None when it never did."""
    beat = get_jobs().huey.get(HEARTBEAT, peek=True)
    return datetime.fromisoformat(beat) if beat else None


def last_reconcile() -> dict[str, Any] | None:
    """When the mirror was last compared with Stripe at night, and how much was found; no names."""
    found: dict[str, Any] | None = get_jobs().huey.get(LAST_RECONCILE, peek=True)
    return found


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
    get_jobs().huey.put(HEARTBEAT, utcnow().isoformat())


def work_every_night() -> None:
    """Do the night's work once a night, however many consumers start it; after a failure it is taken up again."""
    huey, today = get_jobs().huey, utcnow().date()
    huey.delete(f"night-{today - timedelta(days=1)}")
    if not huey.put_if_empty(f"night-{today}", "taken"):
        return
    try:
        _do_the_nights_work()
    except Exception:
        huey.delete(f"night-{today}")
        raise


def _do_the_nights_work() -> None:
    """Forget what is too old to keep, and compare every user with Stripe."""
    from app.billing.reconcile.users import sync_all
    from app.retention import clean_up

    clean_up()
    report = asdict(sync_all())
    counts = {name: len(found) if isinstance(found, list) else found for name, found in report.items()}
    get_jobs().huey.put(LAST_RECONCILE, {"at": utcnow(), **counts})
    logger.info("Nightly reconcile: %s.", ", ".join(f"{name} {count}" for name, count in counts.items()))


def _build_jobs(app: Flask) -> Jobs:
    from huey import crontab
    from huey.serializer import SignedSerializer

    from app.mail.delivery import deliver_due

    # Jobs are pickled: only what this application signed is taken back.
    serializer = SignedSerializer(secret=signing_keys("jobs")[-1], salt="perennial-jobs")
    huey = _build_huey(app, results=False, serializer=serializer)
    deliver = huey.task(name="deliver")(_in_context(app, deliver_due))
    huey.periodic_task(crontab(minute="*"), name="every_minute")(_in_context(app, work_every_minute))
    nightly = huey.periodic_task(crontab(hour="3", minute="17"), name="every_night", retries=5, retry_delay=600)
    nightly(_in_context(app, work_every_night))
    huey.on_startup(name="show_heartbeat")(_in_context(app, show_heartbeat))
    return Jobs(huey, deliver)


def _build_huey(app: Flask, **options: Any) -> Huey:
    settings = app.extensions["settings"]
    if redis_url := settings.redis_url.get_secret_value():
        from huey import RedisHuey
        from redis import ConnectionPool

        limits = {"socket_connect_timeout": REDIS_SECONDS, "socket_timeout": REDIS_SECONDS}
        return RedisHuey("perennial", connection_pool=ConnectionPool.from_url(redis_url, **limits), **options)
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
