"""What the site writes: one JSON object a line in production, text in development, and no secret in either."""

from __future__ import annotations

import logging
import re
import sys
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from app.config.settings import Settings

    EventDict = MutableMapping[str, Any]

# Lines name addresses by their rule, never by what was asked for. This is for those of others, such as gunicorn's about
# a request that it could not read: a token behind one of these, a key of Stripe's, a password in a URL.
TOKEN_PATHS = ("/reset-password/", "/verify-email/", "/undo-email-change/", "/login/link/")
_SECRETS = re.compile(
    "|".join(rf"(?<={re.escape(path)})[^\s\"'?<]+" for path in TOKEN_PATHS)
    + r"|\b[sr]k_(?:test|live)_\w+|\bwhsec_\w+|\b\w+_pat_[\w-]+|(?<=://)[^\s/@:\"']*:[^\s/@\"']+(?=@)"
)
_facts: ContextVar[dict[str, object]] = ContextVar("facts")


def begin_facts(**facts: object) -> dict[str, object]:
    """Begin a request or a job: what is known of it stands in every line until the next one begins."""
    _facts.set(facts)
    return facts


def add_facts(**facts: object) -> None:
    """Add what has been found out about the request or job under way."""
    _facts.get({}).update(facts)


def current_facts() -> dict[str, object]:
    """What is known of the request or job under way."""
    return _facts.get({})


def without_secrets(text: str) -> str:
    """The text, with the secrets that can be told by their form taken out."""
    return _SECRETS.sub("<secret>", text)


class Line(logging.Formatter):
    """A log record of anybody's as one line: JSON or text, by structlog, which is imported for the first line."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(self._formatter.format(record))

    @cached_property
    def _formatter(self) -> logging.Formatter:
        import structlog

        before: list[Any] = [
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", key="time", utc=True),
            _add_facts,
        ]
        shown: list[Any]
        if self.as_json:
            shown = [structlog.processors.format_exc_info, structlog.processors.EventRenamer("message")]
            shown.append(structlog.processors.JSONRenderer(default=str))
        else:
            plain = structlog.dev.plain_traceback
            shown = [structlog.dev.ConsoleRenderer(colors=False, timestamp_key="time", exception_formatter=plain)]
        processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown]
        return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=processors)


class ToStandardError(logging.Handler):
    """Writes to whatever standard error is by then."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)


def configure_logging(settings: Settings) -> None:
    """Send what anybody in this process logs to standard error, in the settings' format."""
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler.formatter, Line)]
    handler = ToStandardError()
    handler.setFormatter(Line(as_json=settings.logs_json))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # Stripe's own logger writes request parameters at INFO; ours never shows them.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.captureWarnings(settings.logs_json)


def _add_facts(logger: object, name: str, line: EventDict) -> EventDict:
    # Where another handler has formatted the record, it has left these on it.
    for left in ("message", "asctime"):
        line.pop(left, None)
    for fact, value in current_facts().items():
        line.setdefault(fact, value)
    return line
