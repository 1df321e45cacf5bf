"""`stripe-emulator` and `python -m stripe_emulator`: run the emulator until Ctrl-C."""

import argparse
import errno
import logging
import os
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

from stripe_emulator.api.origins import is_loopback
from stripe_emulator.emulator import Emulator
from stripe_emulator.server.server import Server
from stripe_emulator.state import chaos, deliveries
from stripe_emulator.state.store import Store

_LAST_PORT = 65535
DEFAULT_DB = Path("instance") / "stripe-emulator.sqlite3"


def main(arguments: list[str] | None = None) -> int:
    """Start, say where, and stop on SIGINT or SIGTERM."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    # A put is safe inside a signal handler, whatever the main thread is doing; an event could wait for itself.
    stop: SimpleQueue[None] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.put(None))
    try:
        server = _start(options)
    except (OSError, sqlite3.Error) as error:
        _say(f"The Stripe emulator cannot {_attempted(options, error)}", sys.stderr)
        return 1
    _announce(server, options)
    if options.until_stdin_closes:
        threading.Thread(target=_read_to_the_end, args=(stop,), daemon=True).start()
    stop.get()
    server.stop()
    return 0


def _read_to_the_end(stop: SimpleQueue[None]) -> None:
    # Straight from the descriptor: a lock of `sys.stdin` would be held when the interpreter ends.
    while os.read(0, 1024):
        pass
    stop.put(None)


def _start(options: argparse.Namespace) -> Server:
    server = Server(Store(options.db), options.host, options.port)
    _apply(server, options)
    server.start()
    return server


def _attempted(options: argparse.Namespace, error: OSError | sqlite3.Error) -> str:
    """Say what failed, for a person: the port is the usual reason, the database the other one."""
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        text = f"listen on {options.host}:{options.port}: the port is already in use"
    elif isinstance(error, sqlite3.Error) or error.filename is not None:
        text = f"use the database {options.db}: {error}"
    else:
        text = f"listen on {options.host}:{options.port}: {error}"
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("stripe-emulator", description="A local, stateful stand-in for Stripe.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=_port, default=12111, help="port to listen on (default: 12111)")
    parser.add_argument("--db", type=Path, default=DEFAULT_DB, help=f"database file (default: {DEFAULT_DB})")
    parser.add_argument("--merchant", metavar="NAME", help="whose hosted pages these are (default: the account's)")
    parser.add_argument("--accent", metavar="#RRGGBB", help="that merchant's colour")
    parser.add_argument("--chaos", action="store_true", help="duplicate, delay, drop and shuffle deliveries")
    parser.add_argument("--no-chaos", action="store_true", help="switch off chaos left on in the database")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="stop as well when whoever holds standard input ends"
    )
    parser.add_argument(
        "--retry-schedule",
        type=_waits,
        metavar="SECONDS",
        help="comma-separated waits between the attempts of a delivery (default: "
        + ",".join(map(str, deliveries.RETRY_SCHEDULE))
        + ")",
    )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {_LAST_PORT}")
    return port


def _waits(text: str) -> list[float]:
    try:
        return [float(one) for one in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError("numbers of seconds are expected, such as 1,3,8") from None


def _apply(server: Server, options: argparse.Namespace) -> None:
    if options.chaos or options.no_chaos:
        server.control.set_chaos(chaos.FULL if options.chaos else chaos.CALM)
    given = {"merchant_name": options.merchant, "merchant_accent": options.accent}
    server.control.set_settings({name: value for name, value in given.items() if value is not None})
    if options.retry_schedule:
        server.control.set_settings({deliveries.RETRY_SETTING: options.retry_schedule})


def _announce(server: Server, options: argparse.Namespace) -> None:
    _say(f"Stripe emulator  {server.store.base_url}  (dashboard; the API is at /v1)")
    _say(f"Secret key       {Emulator.secret_key}  (any sk_test_ or rk_test_ key will do)")
    _say(f"Database         {options.db}")
    if not is_loopback(options.host):
        _say(
            f"WARNING: listening on {options.host}: anyone who can reach this machine can read and change "
            "everything here.",
            sys.stderr,
        )


def _say(line: str, stream: TextIO = sys.stdout) -> None:
    stream.write(f"{line}\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
