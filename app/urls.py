"""Links that are ours: canonical addresses, links in mails, and static files by content."""

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from time import time
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.security import safe_join

KEPT_SECONDS = 365 * 24 * 3600


def init_addresses(app: Flask) -> None:
    """Give templates a `url_for` that remembers, and files an address that browsers may keep for good."""
    app.jinja_env.globals["url_for"] = remembering_url_for(app)

    @app.url_defaults
    def add_static_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "v" not in values and (version := _version(app, values.get("filename", ""))):
            values["v"] = version

    @app.after_request
    def keep_own_versions(response: Response) -> Response:
        # While a deployment is under way the other version is asked for too: its address must not stand for our file.
        if request.endpoint == "static" and response.status_code < 400:
            asked_for = request.args.get("v")
            if asked_for and asked_for == _version(app, (request.view_args or {})["filename"]):
                response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}, immutable"
        return response


def remembering_url_for(app: Flask) -> Callable[..., str]:
    """Flask's `url_for`, which builds an address of the site anew only when one of its parts is new.

    Without it a page takes a quarter to a third longer (`benchmarks/`).
    """

    @lru_cache(maxsize=2048)
    def kept(version: str, endpoint: str, values: tuple[tuple[str, str | None], ...]) -> str:
        return app.url_for(endpoint, **dict(values))  # type: ignore[arg-type]

    @lru_cache(maxsize=256)
    def last_seen(filename: str, second: int) -> str:
        return _version(app, filename)

    def url_for(endpoint: str, **values: Any) -> str:
        if endpoint.startswith(".") or not all(map(_is_plain, values, values.values())):
            return app.url_for(endpoint, **values)
        version = last_seen(values["filename"], int(time())) if endpoint == "static" else ""
        return kept(version, endpoint, tuple(values.items()))

    return url_for


def _is_plain(name: str, value: object) -> bool:
    """Whether the address depends on nothing but this: `_external`, say, also asks for the host."""
    return not name.startswith("_") and (value is None or isinstance(value, str))


def _version(app: Flask, filename: str) -> str:
    """What stands in the file, in short, the same on every machine; "" when there is no such file."""
    path = safe_join(app.static_folder or "", filename)
    try:
        found = os.stat(path or "")
        return _digest(str(path), found.st_mtime_ns, found.st_size)
    except (OSError, ValueError):
        return ""


@lru_cache(maxsize=256)
def _digest(path: str, changed_at: int, size: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


def link_to(endpoint: str, **values: str) -> str:
    """The absolute address of a page; works inside and outside a request."""
    path = current_app.url_map.bind("").build(endpoint, values)
    return f"{current_app.extensions['settings'].site_url}{path}"
