"""What gunicorn reads by itself; how many workers and threads there are is said where it is started."""

import gc
from typing import Any


def post_worker_init(worker: Any) -> None:
    """Never look again for garbage in what the start has made: it lasts, and a look stops all threads of the worker."""
    gc.freeze()
