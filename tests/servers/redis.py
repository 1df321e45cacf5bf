"""A Redis server of the test's own, at a port and at a socket."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.environment import held_port
from tests.servers.programs import Program, own_folder, program


class Redis(Program):
    """It keeps nothing."""

    socket: Path


@contextmanager
def redis() -> Iterator[Redis]:
    """A server that runs until the block ends."""
    with held_port() as port, own_folder() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--unixsocket", str(folder / "socket")]
        server = Redis([program("redis-server"), *options, "--unixsocketperm", "777"], port, folder)
        server.socket = folder / "socket"
        folder.chmod(0o755)
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGTERM)
