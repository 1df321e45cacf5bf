"""Logging: plain lines in development, one JSON object a line in production."""

import json
import logging
import sys
from datetime import UTC, datetime

from flask import Flask, has_request_context, request

from app.config.settings import Settings


class JsonFormatter(logging.Formatter):
    """A log record as one JSON object: time (UTC), level, logger, message, and the request's path."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_request_context():
            # The path alone: a query can hold a token.
            entry |= {"method": request.method, "path": _path_without_token()}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def configure_logging(app: Flask, settings: Settings) -> None:
    """Send what the application logs to standard error, in the settings' format."""
    handler = logging.StreamHandler(sys.stderr)
    if settings.logs_json:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("app")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    # Stripe's own logger writes request parameters at INFO; ours never shows them.
    logging.getLogger("stripe").setLevel(logging.WARNING)


def _path_without_token() -> str:
    """The path, with a secret part such as a reset token replaced by its name."""
    path = request.path
    for name, value in (request.view_args or {}).items():
        if name == "token":
            path = path.replace(str(value), "<token>")
    return path
