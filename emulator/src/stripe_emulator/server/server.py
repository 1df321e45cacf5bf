"""The running emulator: HTTP, deliveries, timers and the CLI's websocket, started and stopped together."""

import logging
import socket
import threading

from cheroot.wsgi import Server as HttpServer

from stripe_emulator.api.dispatch import Api
from stripe_emulator.delivery.courier import Courier
from stripe_emulator.delivery.listen import Listeners
from stripe_emulator.hosted import create_hosted_app
from stripe_emulator.server import seed
from stripe_emulator.server.control import Control
from stripe_emulator.server.due import Timer
from stripe_emulator.server.wsgi import Application
from stripe_emulator.state.store import Store

logger = logging.getLogger("stripe_emulator")

_THREADS = 16
_BACKLOG = 128
_EXPIRATION_SECONDS = 0.1


class Server:
    """Everything that runs; it listens once `start` has returned."""

    def __init__(self, store: Store, host: str, port: int) -> None:
        self.store = store
        with store.write() as tx:
            seed.plant(tx)
        self._courier = Courier(store)
        self.control = Control(store, self._courier)
        self._timer = Timer(store)
        self._api = Api(store)
        application = Application(self._api, self.control, create_hosted_app(store))
        self._http = HttpServer(
            (host, port), application, numthreads=_THREADS, request_queue_size=_BACKLOG, shutdown_timeout=1
        )
        # How often idle connections are looked over, and so how long stopping takes.
        self._http.expiration_interval = _EXPIRATION_SECONDS
        self._thread = threading.Thread(target=self._http.serve, name="stripe-http", daemon=True)

    def start(self) -> None:
        """Listen and begin to work; a port in use raises OSError."""
        _check_free(*self._http.bind_addr)
        self._http.prepare()
        host, port = self._http.bind_addr[:2]
        self.store.base_url = f"http://{_in_url(host)}:{port}"
        try:
            self._listeners = Listeners(self.store, host)
        except OSError:
            self._http.stop()
            raise
        self._api.watchers.append(self._listeners.log)
        self._thread.start()
        for worker in (self._listeners, self._courier, self._timer):
            worker.start()

    def stop(self) -> None:
        """Finish what is being answered and delivered, and close everything."""
        self._http.stop()
        self._thread.join()
        for worker in (self._timer, self._courier, self._listeners):
            worker.stop()
        self.store.close()


def _check_free(host: str, port: int) -> None:
    """Raise OSError if the port is taken: the HTTP server would leave its socket open."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _in_url(host: str) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
    return reachable.get(host, f"[{host}]" if ":" in host else host)
