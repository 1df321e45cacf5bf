"""The development server: settings checked, emulator up, database migrated, catalogue pushed, addresses printed."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from app.config.load import StartRefused, load_catalog, load_settings
from app.config.settings import Settings
from app.dev.emulator import EmulatorProcess
from app.dev.ports import PortTaken, is_free

if TYPE_CHECKING:
    from flask import Flask

CARDS = (
    ("4242 4242 4242 4242", "is paid"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0025 0000 3155", "asks for 3-D Secure"),
    ("4000 0000 0000 9995", "has insufficient funds"),
)


def main() -> int:
    """Run the site until Ctrl-C; the exit status is 1 when it could not start, with the reason on standard error."""
    try:
        settings = load_settings(load_catalog())
    except StartRefused as error:
        return _refuse(str(error))
    if settings.is_production:
        return _refuse(
            "The settings are fine, but this server is for development. In production run:\n\n"
            f'    gunicorn "app:create_app()" --bind {settings.host}:{settings.port} '
            "--worker-class gthread --workers 2 --threads 8\n"
        )
    # Also when started in the background, where a shell switches Ctrl-C off; and everything started here ends here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    is_reloaded = os.environ.get("WERKZEUG_RUN_MAIN") == "true"
    try:
        with ExitStack() as stack:
            if not is_reloaded:
                _prepare(settings, stack)
            _serve(settings, stack)
    except (PortTaken, StartRefused) as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        pass
    return 0


def _prepare(settings: Settings, stack: ExitStack) -> None:
    """What has to stand before the first request, done once and not at every reload."""
    from app import create_app

    _require_free(settings.host, settings.port, "PORT")
    if settings.uses_emulator and not settings.stripe_api_base:
        stack.enter_context(EmulatorProcess(settings))
    app = create_app(settings)
    with app.app_context():
        _migrate()
        if settings.uses_emulator:
            _push_catalogue(settings)
    _print_addresses(settings)


def _migrate() -> None:
    from flask_migrate import upgrade

    upgrade()


def _push_catalogue(settings: Settings) -> None:
    from app.billing.gateway.client import get_gateway
    from app.billing.setup.push import push_catalogue

    push_catalogue(get_gateway(), settings)


def _serve(settings: Settings, stack: ExitStack) -> None:
    from werkzeug.serving import run_simple

    from app import create_app

    from_terminal = sys.stdin is not None and sys.stdin.isatty()
    app = create_app(settings)
    if not from_terminal or os.environ.get("WERKZEUG_RUN_MAIN") == "true":
        _start_jobs(app, stack)
    _quiet_werkzeug()
    run_simple(settings.host, settings.port, app, threaded=True, use_reloader=from_terminal)


def _start_jobs(app: Flask, stack: ExitStack) -> None:
    from app.jobs import start_consumer_thread

    consumer = start_consumer_thread(app)
    stack.callback(consumer.stop)


def _quiet_werkzeug() -> None:
    """The addresses are printed already; the warning against production is the exit status's job."""
    import logging

    logging.getLogger("werkzeug").setLevel(logging.WARNING)


def _require_free(host: str, port: int, setting: str) -> None:
    if not is_free(host, port):
        raise PortTaken(f"Port {port} is in use: stop what listens there, or set {setting} to another one.")


def _print_addresses(settings: Settings) -> None:
    lines = ["", f"  {settings.app_name} is at  {settings.site_url}"]
    if settings.uses_emulator:
        lines += [
            f"  Stripe emulator   {settings.stripe_base}  (no money moves)",
            "",
            "  Test cards, with any date and CVC:",
        ]
        lines += [f"    {number}  {what}" for number, what in CARDS]
    lines += ["", f"  Mail is shown at  {settings.site_url}/dev/mail", "  Ctrl-C stops everything.", ""]
    print("\n".join(lines), flush=True)


def _refuse(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1
