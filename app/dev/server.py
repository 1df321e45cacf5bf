"""The development server: settings checked, emulator up, database migrated, catalogue pushed, addresses printed."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from app.config.load import StartRefused, load_catalog, load_settings
from app.config.settings import ROOT, Settings
from app.dev.emulator import EmulatorProcess
from app.machine import PortTaken, is_free

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
    is_reloaded = os.environ.get("WERKZEUG_RUN_MAIN") == "true"
    try:
        settings = load_settings(load_catalog())
    except StartRefused as error:
        return _show_until_changed(str(error)) if is_reloaded else _refuse(str(error))
    if settings.is_production:
        return _refuse(
            "The settings are fine, but this server is for development. In production run:\n\n"
            f'    gunicorn "app:create_app()" --bind {settings.host}:{settings.port} '
            "--worker-class gthread --workers 2 --threads 8\n"
        )
    # Also when started in the background, where a shell switches Ctrl-C off; and everything started here ends here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            if not is_reloaded:
                _prepare(settings, stack)
            _serve(settings, stack, is_reloaded)
    except StartRefused as error:
        return _show_until_changed(str(error)) if is_reloaded else _refuse(str(error))
    except PortTaken as error:
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
    _print_addresses(settings)


def _migrate() -> None:
    from flask_migrate import upgrade

    upgrade()


def _serve(settings: Settings, stack: ExitStack, is_reloaded: bool) -> None:
    from werkzeug.serving import run_simple

    from app import create_app

    from_terminal = sys.stdin is not None and sys.stdin.isatty()
    app = create_app(settings)
    if not from_terminal or is_reloaded:
        _push_catalogue(app, settings)
        _start_jobs(app, stack)
    _quiet_werkzeug()
    # For `_show_until_changed`, which cannot read the settings.
    os.environ |= {"HOST": settings.host, "PORT": str(settings.port)}
    run_simple(settings.host, settings.port, app, threaded=True, use_reloader=from_terminal)


def _push_catalogue(app: Flask, settings: Settings) -> None:
    """Bring the catalogue to the emulator, at the start and after each change; what stands in the way is one line."""
    from app.billing.errors import BillingError
    from app.billing.gateway.client import get_gateway
    from app.billing.setup.push import push_catalogue
    from app.billing.setup.removed import removed_in_use

    if not settings.uses_emulator:
        return
    with app.app_context():
        try:
            # Nobody else has products there; those of an older version of this code are taken over.
            run = push_catalogue(get_gateway(), settings, adopt=True)
        except BillingError as error:
            print(f"The catalogue is not in the emulator: {error}", file=sys.stderr)
        else:
            for problem in [*run.warnings, *removed_in_use(run.scope)]:
                print(problem, file=sys.stderr)


def _show_until_changed(problem: str) -> int:
    """Answer every request with what is wrong, until a file is changed and the reloader starts this anew."""
    from werkzeug.serving import run_simple
    from werkzeug.wrappers import Response

    print(problem, file=sys.stderr, flush=True)
    _quiet_werkzeug()
    answer = Response(f"{problem}\n", status=503, mimetype="text/plain")
    catalog = str(ROOT / "app" / "catalog.py")
    run_simple(os.environ["HOST"], int(os.environ["PORT"]), answer, use_reloader=True, extra_files=[catalog])
    return 0


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
