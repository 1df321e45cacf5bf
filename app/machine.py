"""What the machine, or the container, gives this process."""

import math
import os
import socket
from pathlib import Path

# https://docs.kernel.org/admin-guide/cgroup-v2.html: "$MAX $PERIOD" in microseconds, or "max".
CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


class PortTaken(Exception):
    """A port that is needed is in use; the message says which, and what to do."""


def available_cores(quota_file: Path = CPU_QUOTA) -> int:
    """How many cores this process may use, a container's limit counted in; at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _quota(quota_file) or cores))


def _quota(quota_file: Path) -> int | None:
    try:
        limit, period = quota_file.read_text().split()
        return math.ceil(int(limit) / int(period))
    except (OSError, ValueError):
        return None


def is_free(host: str, port: int) -> bool:
    """Whether somebody could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
