"""`stripe listen` and `stripe logs tail`: events and requests to the official CLI over its websocket."""

import json
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable
from functools import partial

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from stripe_emulator.api.dispatch import Answer, Call
from stripe_emulator.delivery import request_logs
from stripe_emulator.delivery.sending import payload_of
from stripe_emulator.delivery.signing import signature_header
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.store import Store
from stripe_emulator.state.transaction import Transaction

logger = logging.getLogger("stripe_emulator.listen")

SECRET_SETTING = "cli_webhook_secret"  # noqa: S105
_SUBPROTOCOL = Subprotocol("stripecli-devproxy-v1")


def cli_secret(tx: Transaction) -> str:
    """Return the secret that signs what the CLI forwards; it stays the same, as with Stripe."""
    secret = tx.get_setting(SECRET_SETTING)
    if secret is None:
        secret = ids.new_id("webhook_secret")
        tx.set_setting(SECRET_SETTING, secret)
    return str(secret)


class Listeners:
    """The CLIs that listen at this moment; each gets every event as it is committed."""

    def __init__(self, store: Store, host: str) -> None:
        self._store = store
        self._connections: set[ServerConnection] = set()
        #: Those that tail the request log, each with its filters.
        self._tails: dict[ServerConnection, Json] = {}
        self._messages: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, 0), family=family)
        self._server: Server = serve(
            self._handle, sock=listening, subprotocols=[_SUBPROTOCOL], origins=[None], max_size=None
        )
        self._threads = [
            threading.Thread(target=self._server.serve_forever, name="stripe-listen", daemon=True),
            threading.Thread(target=self._send_all, name="stripe-listen-sender", daemon=True),
        ]
        port = self._server.socket.getsockname()[1]
        reachable = store.base_url.removeprefix("http://").rpartition(":")[0]
        store.websocket_url = f"ws://{reachable}:{port}/subscribe"
        store.on_commit(self._committed)

    def start(self) -> None:
        """Begin to accept CLIs."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every CLI go."""
        self._messages.put(None)
        for connection in [*self._connections, *self._tails]:
            connection.close()
        self._server.shutdown()
        for thread in self._threads:
            thread.join()

    def _committed(self, tx: Transaction) -> None:
        if self._connections:
            for event in [*tx.events, *tx.events_for_cli]:
                self._messages.put(partial(self._send_event, event))

    def log(self, call: Call, answer: Answer) -> None:
        """Tell the CLIs that tail the log of a request and its answer."""
        if self._tails:
            self._messages.put(partial(self._send_log, request_logs.entry(call, answer)))

    def _handle(self, connection: ServerConnection) -> None:
        request = connection.request
        if request is not None and "request_logs" in request.path:
            self._tails[connection] = self._filters(request.headers.get("Websocket-Id", ""))
        else:
            self._connections.add(connection)
        try:
            for message in connection:
                logger.debug("stripe listen answered: %.200s", message)
        except ConnectionClosed:
            pass
        finally:
            self._forget(connection)

    def _filters(self, websocket_id: str) -> Json:
        with self._store.read() as tx:
            given = tx.hidden("stripecli.session", websocket_id).get("filters")
        filters = json.loads(given or "{}")
        return filters if isinstance(filters, dict) else {}

    def _send_all(self) -> None:
        while (send := self._messages.get()) is not None:
            send()

    def _send_event(self, event: Json) -> None:
        message = self._message(event)
        for connection in list(self._connections):
            self._send(connection, message)

    def _send_log(self, told: Json) -> None:
        for connection, filters in list(self._tails.items()):
            if request_logs.wants(filters, told):
                self._send(connection, request_logs.message(told))

    def _send(self, connection: ServerConnection, message: str) -> None:
        try:
            connection.send(message)
        except ConnectionClosed:
            self._forget(connection)

    def _forget(self, connection: ServerConnection) -> None:
        self._connections.discard(connection)
        self._tails.pop(connection, None)

    def _message(self, event: Json) -> str:
        with self._store.read() as tx:
            secret = str(tx.get_setting(SECRET_SETTING))
        payload = payload_of(event)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature_header(payload, [secret], int(time.time())),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        return json.dumps(
            {
                "type": "webhook_event",
                "event_payload": payload,
                "http_headers": headers,
                "endpoint": {"api_version": None},
                "webhook_conversation_id": f"wc_{ids.random_text(24)}",
                "webhook_id": f"wh_{ids.random_text(24)}",
            }
        )
