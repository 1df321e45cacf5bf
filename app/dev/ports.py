"""Ports of this machine: taken or free."""

import socket


class PortTaken(Exception):
    """A port that is needed is in use; the message says which, and what to do."""


def is_free(host: str, port: int) -> bool:
    """Whether somebody could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
