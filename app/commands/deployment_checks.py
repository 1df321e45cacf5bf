"""The part of `flask billing check` that is about the deployment: address, mail, keys, database, jobs."""

from datetime import timedelta
from email.utils import parseaddr

from app import health, jobs
from app.billing.setup.checks import Check, Checks, Mark, passes_if
from app.config.settings import Settings
from app.database import db, utcnow
from app.mail import compose as mail
from app.mail import delivery

# The heartbeat comes every minute.
LATEST_HEARTBEAT = timedelta(minutes=3)


def deployment_checks(settings: Settings) -> Checks:
    """What surrounds billing and has to work for it."""
    yield passes_if(settings, settings.is_production, "APP_ENV is production", f"it is {settings.app_env}")
    is_https = settings.site_url.startswith("https://")
    yield passes_if(settings, is_https, "BASE_URL is https", f"it is {settings.site_url}")
    has_key = bool(settings.secret_key.get_secret_value())
    yield passes_if(settings, has_key, "SECRET_KEY is set", "the one in use was generated on this machine")
    is_postgresql = settings.sqlalchemy_url.startswith("postgresql")
    yield passes_if(settings, is_postgresql, "the database is PostgreSQL", "it is SQLite")
    yield _database()
    yield from _mail(settings)
    yield _jobs(settings)


def _database() -> Check:
    # SQLite lets one transaction write at a time; this command's own must not be the one that is waited for.
    db.session.rollback()
    answer, status = health.readyz()
    if status == 200:
        return Check(Mark.OK, "the database is at the newest migration")
    else:
        return Check(Mark.FAIL, "the database is at the newest migration", answer["reason"])


def _mail(settings: Settings) -> Checks:
    address = parseaddr(settings.mail_from)[1]
    is_own = bool(address) and not address.endswith("@example.com")
    yield passes_if(settings, is_own, "MAIL_FROM is your own address", f"it is {settings.mail_from}")
    if not settings.mail_url.get_secret_value():
        yield passes_if(settings, False, "mail goes out", "MAIL_URL is empty")
    else:
        yield _mail_server()
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


def _jobs(settings: Settings) -> Check:
    name = "jobs are worked on"
    try:
        beat = jobs.last_heartbeat()
    except Exception as error:
        return Check(Mark.FAIL, name, f"the queue cannot be reached ({type(error).__name__})")
    is_alive = beat is not None and beat > utcnow() - LATEST_HEARTBEAT
    return passes_if(settings, is_alive, name, "no sign of `flask jobs run` in the last minutes")
