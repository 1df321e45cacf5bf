"""The part of `flask billing check` that is about the deployment: address, mail, keys, database, jobs."""

import uuid
from datetime import timedelta
from email.utils import parseaddr

from app import health, jobs
from app.billing.errors import BillingError
from app.billing.gateway.client import get_gateway
from app.billing.gateway.clock import clock_difference
from app.billing.setup.checks import Check, Checks, Mark, passes_if
from app.config.settings import Settings
from app.database import db, utcnow
from app.mail import compose as mail
from app.mail import delivery
from app.mail.outbox import OutboxMail

SECONDS = 3
LARGEST_DIFFERENCE = timedelta(seconds=5)
LATEST_NIGHT = timedelta(hours=26)
# The heartbeat comes every minute.
LATEST_HEARTBEAT = timedelta(minutes=3)


def deployment_checks(settings: Settings, *, mail_to: str | None = None) -> Checks:
    """What surrounds billing and has to work for it."""
    yield passes_if(settings, settings.is_production, "APP_ENV is production", f"it is {settings.app_env}")
    is_https = settings.site_url.startswith("https://")
    yield passes_if(settings, is_https, "BASE_URL is https", f"it is {settings.site_url}")
    has_key = bool(settings.secret_key.get_secret_value())
    yield passes_if(settings, has_key, "SECRET_KEY is set", "the one in use was generated on this machine")
    is_postgresql = settings.sqlalchemy_url.startswith("postgresql")
    yield passes_if(settings, is_postgresql, "the database is PostgreSQL", "it is SQLite")
    yield _database()
    yield _clock()
    yield from _mail(settings, mail_to)
    yield _redis(settings)
    yield _jobs(settings)
    yield _night(settings)


def _database() -> Check:
    # SQLite lets one transaction write at a time; this command's own must not be the one that is waited for.
    db.session.rollback()
    answer, status = health.readyz()
    if status == 200:
        return Check(Mark.OK, "the database is at the newest migration")
    else:
        return Check(Mark.FAIL, "the database is at the newest migration", answer["reason"])


def _clock() -> Check:
    name = "this clock is right"
    try:
        ahead = clock_difference(get_gateway())
    except BillingError as error:
        return Check(Mark.FAIL, name, str(error))
    if ahead is not None and abs(ahead) > LARGEST_DIFFERENCE:
        return Check(Mark.FAIL, name, f"Stripe's differs by {abs(ahead).total_seconds():.0f} seconds")
    return Check(Mark.OK, name)


def _mail(settings: Settings, to: str | None) -> Checks:
    address = parseaddr(settings.mail_from)[1]
    is_own = bool(address) and not address.endswith("@example.com")
    yield passes_if(settings, is_own, "MAIL_FROM is your own address", f"it is {settings.mail_from}")
    if not settings.mail_url.get_secret_value():
        yield passes_if(settings, False, "mail goes out", "MAIL_URL is empty")
    else:
        yield _mail_server()
    yield _composed_mail(to or address, is_sent=to is not None)
    stuck = delivery.count_stuck()
    if stuck:
        yield Check(Mark.FAIL, "no mail is stuck", f"{stuck} wait for more than an hour")
    else:
        yield Check(Mark.OK, "no mail is stuck")


def _mail_server() -> Check:
    try:
        mail.probe()
    except OSError as error:
        return Check(Mark.FAIL, "mail goes out", f"the server of MAIL_URL: {type(error).__name__}")
    return Check(Mark.OK, "mail goes out")


def _composed_mail(to: str, *, is_sent: bool) -> Check:
    """Make a mail as they all are made, and send it if asked to."""
    name = f"a mail to {to} is sent" if is_sent else "a mail can be written"
    context = {"message": "This is what an alert looks like. Nothing is wrong."}
    row = OutboxMail(id=uuid.uuid4(), cause="check", template="operator_alert", to_email=to, context=context)
    try:
        message = mail.compose(row)
        if is_sent:
            mail.send(message)
    except Exception as error:
        return Check(Mark.FAIL, name, f"{type(error).__name__}: {error}")
    return Check(Mark.OK, name)


def _redis(settings: Settings) -> Check:
    name, url = "Redis answers", settings.redis_url.get_secret_value()
    if not url:
        return Check(Mark.LATER, name, "REDIS_URL is empty: each worker counts limits by itself")
    from redis import Redis, RedisError

    try:
        Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS).ping()
    except (RedisError, OSError) as error:
        return Check(Mark.FAIL, name, type(error).__name__)
    return Check(Mark.OK, name)


def _night(settings: Settings) -> Check:
    name = "the night's work is done"
    last = jobs.last_reconcile()
    if last is None:
        return Check(Mark.LATER, name, "it has not been yet; it is due at 03:17 UTC")
    is_done = last["at"] > utcnow() - LATEST_NIGHT
    return Check(Mark.OK, name) if is_done else Check(Mark.FAIL, name, f"last on {last['at']:%Y-%m-%d %H:%M} UTC")


def _jobs(settings: Settings) -> Check:
    name = "jobs are worked on"
    beat = jobs.last_heartbeat()
    is_alive = beat is not None and beat > utcnow() - LATEST_HEARTBEAT
    return passes_if(settings, is_alive, name, "no sign of `flask jobs run` in the last minutes")
