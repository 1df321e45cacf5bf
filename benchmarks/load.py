"""Load from one process: keep-alive connections that are reopened now and then, and every answer timed."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

REQUESTS_PER_CONNECTION = 20
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

LONGEST_WAIT = 30


@dataclass
class Stream:
    """Requests to send one after another on a number of connections, and what came back."""

    requests: Iterator[bytes]
    connections: int = 16
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, percent: float) -> float:
        """The latency, in seconds, that this share of the answers stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]

    def expect(self, *statuses: int) -> None:
        """Fail unless every answer had one of these statuses: a wrong answer is not a fast one."""
        if not self.latencies or set(self.statuses) - set(statuses):
            raise RuntimeError(f"expected {statuses}, got {dict(self.statuses)}")


class _Connection:
    def __init__(self, stream: Stream, port: int, selector: selectors.BaseSelector) -> None:
        self.stream, self.port, self.selector = stream, port, selector
        self.socket: socket.socket | None = None
        self.sent = 0
        self.send_next()

    def send_next(self) -> None:
        request = next(self.stream.requests, None)
        if request is None:
            self.close()
            return
        if self.socket is None or self.sent >= REQUESTS_PER_CONNECTION:
            self._reopen()
        assert self.socket is not None
        self.buffer = b""
        self.sent += 1
        self.started = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> None:
        assert self.socket is not None
        chunk = self.socket.recv(65536)
        self.buffer += chunk
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not chunk:
            raise ConnectionError("the server closed the connection before it answered")
        if separator and len(body) >= (int(length[1]) if length else 0):
            self.stream.latencies.append(time.perf_counter() - self.started)
            self.stream.statuses[int(head[9:12])] += 1
            if b"\r\nConnection: close" in head:
                self.sent = REQUESTS_PER_CONNECTION
            self.send_next()

    def close(self) -> None:
        if self.socket is not None:
            self.selector.unregister(self.socket)
            self.socket.close()
            self.socket = None

    def _reopen(self) -> None:
        self.close()
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(self.socket, selectors.EVENT_READ, self)
        self.sent = 0


def send(port: int, streams: Iterable[Stream], seconds: float) -> None:
    """Send the streams' requests at the same time, for so many seconds or until they are used up."""
    streams = list(streams)
    with selectors.DefaultSelector() as selector:
        started = time.perf_counter()
        connections = [_Connection(stream, port, selector) for stream in streams for _ in range(stream.connections)]
        # On a busy machine the first answer alone can take longer than that.
        while (time.perf_counter() - started < seconds or not _have_answers(streams, started)) and selector.get_map():
            for key, _ in selector.select(timeout=0.1):
                key.data.receive()
        elapsed = time.perf_counter() - started
        for connection in connections:
            connection.close()
    for stream in streams:
        stream.seconds = elapsed


def _have_answers(streams: list[Stream], started: float) -> bool:
    return all(stream.statuses for stream in streams) or time.perf_counter() - started > LONGEST_WAIT


def measure(port: int, requests: Iterator[bytes], seconds: float, *statuses: int, connections: int = 16) -> Stream:
    """Send one stream of requests and check its answers."""
    stream = Stream(requests, connections)
    send(port, [stream], seconds)
    stream.expect(*statuses)
    return stream
