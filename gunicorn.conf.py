"""What gunicorn reads by itself; how many workers and threads there are is said where it is started."""

import gc
from typing import Any

# Longer than load balancers keep a connection (a minute, most of them): who closes it first must be they.
keepalive = 75
# No header says at which path the site stands: by default SCRIPT_NAME and PATH_INFO are taken from a proxy beside us.
forwarder_headers = ""


def post_worker_init(worker: Any) -> None:
    """Never look again for garbage in what the start has made: it lasts, and a look stops all threads of the worker."""
    gc.freeze()
