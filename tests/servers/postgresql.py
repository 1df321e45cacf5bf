"""A PostgreSQL server of the test's own, and PgBouncer before it."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.environment import held_port
from tests.servers.programs import USER, Program, own_folder, program

PASSWORD = "password-of-the-test"
POOL = """
[databases]
* = host=127.0.0.1 port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
"""


class PostgreSQL(Program):
    """It asks for a password, and has a database `site`."""

    def start(self) -> None:
        """Start it, and wait until it lets somebody in."""
        super().start()
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                continue

    def restart(self) -> None:
        """As an update of the machine does it: nobody is waited for."""
        self.stop(signal.SIGINT)
        self.start()

    def url(self, database: str = "site", *, port: int = 0, password: str = PASSWORD) -> str:
        """The address of a database."""
        return f"postgresql://site:{password}@127.0.0.1:{port or self.port}/{database}"


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A server that runs until the block ends."""
    with held_port() as port, own_folder() as folder:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        initdb = [
            program("initdb"),
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
            "--username=site",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
        ]
        subprocess.run([*initdb, f"--pgdata={folder}/data"], check=True, capture_output=True, cwd=folder, **USER)
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
        server = PostgreSQL([program("postgres"), "-D", f"{folder}/data", "-p", str(port), *options], port, folder)
        server.start()
        try:
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                connection.execute("CREATE DATABASE site")
            yield server
        finally:
            server.stop(signal.SIGQUIT)


@contextmanager
def pgbouncer(server: PostgreSQL) -> Iterator[int]:
    """The port of a PgBouncer that lends two connections to the server, a transaction at a time."""
    with held_port() as port, own_folder() as folder:
        configuration = folder / "pgbouncer.ini"
        login = f"user=site password={PASSWORD}"
        configuration.write_text(POOL.format(port=f"{server.port} {login}", listen=port))
        pooler = Program([program("pgbouncer"), str(configuration)], port, folder)
        pooler.start()
        try:
            yield port
        finally:
            pooler.stop(signal.SIGINT)
