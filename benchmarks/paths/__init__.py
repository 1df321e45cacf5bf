"""What is measured, by the name to ask for it."""

from collections.abc import Callable, Iterator

from benchmarks.paths import emulator, figures, flatness, lists, outages, pages, round_trips, sign_in, startup, webhook
from benchmarks.report import Line
from benchmarks.rounds import Pace

PATHS: dict[str, Callable[[Pace], Iterator[Line]]] = {
    "webhook": webhook.on_postgresql,
    "sqlite": webhook.on_sqlite,
    "round-trips": round_trips.measure,
    "flatness": flatness.measure,
    "lists": lists.measure,
    "figures": figures.measure,
    "pages": pages.measure,
    "sign-in": sign_in.measure,
    "startup": startup.measure,
    "emulator": emulator.measure,
    "outages": outages.measure,
}
