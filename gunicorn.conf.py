"""What gunicorn reads by itself: `gunicorn` alone starts the site, and options of the command line go before these."""

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.logs import Line

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  # Only as a parent folder.

wsgi_app = "app:create_app()"
worker_class = "gthread"
# WEB_CONCURRENCY says how many workers there are.
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 8
# Longer than the minute for which load balancers keep a connection: if they close first, no request is lost.
keepalive = 75
timeout = 60
# Stripe may take its time; what stops the site must wait longer than this (`stop_grace_period`, `TimeoutStopSec`).
graceful_timeout = 30
# A worker's heartbeat belongs in memory: on a slow disk it would look dead.
worker_tmp_dir = MEMORY
control_socket_disable = True
# No header says at which path the site stands: by default SCRIPT_NAME and PATH_INFO are taken from a proxy beside us.
forwarder_headers = ""
if os.environ.get("METRICS_TOKEN"):
    # Here the workers' counts meet; it has to be known before prometheus-client is imported.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-", dir=MEMORY)


class Lines(Logger):
    """gunicorn's own lines, written as the site's are. The line of each request is the site's, without its address."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        chosen = os.environ.get("LOG_FORMAT") or ("json" if os.environ.get("APP_ENV") == "production" else "text")
        for handler in self.error_log.handlers:
            handler.setFormatter(Line(as_json=chosen == "json"))


logger_class = Lines


def on_starting(server: Any) -> None:
    """Check the settings once, before there are workers: whatever is wrong with them is one message."""
    from app.config.load import StartRefused, load_catalog, load_settings

    if server.app.app_uri != wsgi_app:
        return
    try:
        load_settings(load_catalog())
    except StartRefused as error:
        server.log.critical("%s", error)
        sys.exit(1)


def post_worker_init(worker: Any) -> None:
    """Never look again for garbage in what the start has made: it lasts, and a look stops all threads of the worker."""
    gc.freeze()


def child_exit(server: Any, worker: Any) -> None:
    """Let a dead worker's counts stand; what it measured of itself goes."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Take the counts along: the next start begins anew, as Prometheus expects."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
