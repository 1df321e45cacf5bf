"""A wire to a server that can be cut in the middle: what is sent goes nowhere, and nobody says so."""

import selectors
import socket
import threading
from types import TracebackType


class Wire:
    """Forwards connections to a port of the loopback; once it is cut, it takes what comes and answers nothing."""

    def __init__(self, to: int) -> None:
        self.is_cut = False
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._peers: dict[socket.socket, socket.socket | None] = {}
        self._selector = selectors.DefaultSelector()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> "Wire":
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._is_over = True
        self._thread.join()
        for one in (self._listener, *self._peers):
            one.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._is_over:
            for key, _ in self._selector.select(timeout=0.05):
                if key.fileobj is self._listener:
                    self._take()
                elif isinstance(key.fileobj, socket.socket):
                    self._forward(key.fileobj)

    def _take(self) -> None:
        here, _ = self._listener.accept()
        try:
            there = None if self.is_cut else socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            here.close()
            return
        for one, other in ((here, there), (there, here)):
            if one is not None:
                self._peers[one] = other
                self._selector.register(one, selectors.EVENT_READ)

    def _forward(self, one: socket.socket) -> None:
        try:
            chunk = one.recv(65536)
        except OSError:
            chunk = b""
        other = self._peers.get(one)
        if self.is_cut and chunk:
            return
        elif chunk and other is not None:
            other.sendall(chunk)
        else:
            self._end(one, other)

    def _end(self, one: socket.socket, other: socket.socket | None) -> None:
        for end in (one, *([other] if other is not None and not self.is_cut else [])):
            if self._peers.pop(end, end) is not end:
                self._selector.unregister(end)
                end.close()
