"""Python's garbage collector, kept from what lasts as long as the process."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def made_to_last() -> Iterator[None]:
    """Collect no garbage while this runs, and never look again at what the first run has made.

    Starting makes 170,000 objects, nearly all for good: modules, tables, rules. Looking through them again and again
    is a third of the start, and later each full round would stop a worker's threads for about a tenth of a second.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        # Only the first application: in a test process each has its own, and those come and go.
        if not gc.get_freeze_count():
            gc.freeze()
    finally:
        if was_enabled:
            gc.enable()
