"""What really goes to PostgreSQL: a relay that counts each message that waits for an answer."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import psycopg

from benchmarks.servers import free_port

# A simple query, and the Sync that ends an extended one.
_ROUND_TRIPS = (b"Q", b"S")


class Wire:
    """A database behind the relay, and the round trips so far."""

    def __init__(self, database: str) -> None:
        with psycopg.connect(database) as connection:
            info = connection.info
            self._host, self._port, user, name = info.host, info.port, info.user, info.dbname
        self._listener = socket.create_server(("127.0.0.1", free_port()))
        port = self._listener.getsockname()[1]
        self.database = f"postgresql://{user}@127.0.0.1:{port}/{name}?sslmode=disable&gssencmode=disable"
        self.round_trips = 0
        Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = self._connect()
            Thread(target=self._relay_requests, args=(client, server), daemon=True).start()
            Thread(target=_relay, args=(server, client), daemon=True).start()

    def _connect(self) -> socket.socket:
        if self._host.startswith("/"):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(f"{self._host}/.s.PGSQL.{self._port}")
            return connection
        else:
            return socket.create_connection((self._host, self._port))

    def _relay_requests(self, client: socket.socket, server: socket.socket) -> None:
        stream = client.makefile("rb")
        # The first message has no type.
        if length := stream.read(4):
            server.sendall(length + stream.read(struct.unpack("!i", length)[0] - 4))
        while head := stream.read(5):
            self.round_trips += head[:1] in _ROUND_TRIPS
            server.sendall(head + stream.read(struct.unpack("!i", head[1:])[0] - 4))
        server.close()


@contextmanager
def wire(database: str) -> Iterator[Wire]:
    """Relay to this database until the block ends."""
    relayed = Wire(database)
    try:
        yield relayed
    finally:
        relayed.close()


def _relay(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
    except OSError:
        pass
    target.close()
