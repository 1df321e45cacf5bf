"""Databases made for a run and dropped after it, filled in bulk with the product's own tables."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

# Over the local socket; `--postgresql` names another server.
SERVER = "postgresql://"
Row = Sequence[object]


@contextmanager
def postgresql(name: str, server: str = SERVER) -> Iterator[str]:
    """An empty PostgreSQL database, by its address; it commits to disk like a production one."""
    database = f"bench_{name}_{os.getpid()}"
    _administer(f'CREATE DATABASE "{database}"')
    try:
        yield f"{SERVER}/{database}"
    finally:
        _administer(f'DROP DATABASE "{database}" WITH (FORCE)')


@contextmanager
def sqlite() -> Iterator[str]:
    """An empty SQLite file, by its address."""
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        yield f"sqlite:///{Path(folder, 'bench.sqlite3')}"


def fill(engine: sa.Engine, table: sa.Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write many rows: with COPY on PostgreSQL, with one prepared INSERT on SQLite."""
    if engine.dialect.name == "postgresql":
        _copy(engine, table, columns, rows)
    else:
        with engine.begin() as connection:
            connection.execute(table.insert(), [dict(zip(columns, row, strict=True)) for row in rows])


def settle(engine: sa.Engine) -> None:
    """Leave nothing to be done in the background of a measurement: statistics, visibility map, dirty pages."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("VACUUM ANALYZE"))
            connection.execute(sa.text("CHECKPOINT"))
        else:
            connection.execute(sa.text("ANALYZE"))


def _copy(engine: sa.Engine, table: sa.Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
    connection = engine.raw_connection()
    try:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.commit()
    finally:
        connection.close()


def _administer(statement: str) -> None:
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
        if connection.execute("SHOW synchronous_commit").fetchone() != ("on",):
            raise RuntimeError("PostgreSQL runs with synchronous_commit off: the figures would mean nothing.")
        connection.execute(statement)
