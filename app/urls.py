"""Links that are ours: canonical addresses, links in mails, and static files by content."""

import os
from collections.abc import Callable
from functools import lru_cache
from time import time
from typing import Any

from flask import Flask, current_app, request


def init_addresses(app: Flask) -> None:
    """Give templates a `url_for` that remembers, and files an address that browsers may keep for good."""
    app.jinja_env.globals["url_for"] = remembering_url_for(app)

    @app.url_defaults
    def add_static_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "v" not in values:
            changed_at = _changed_at(app, values)
            if changed_at:
                values["v"] = changed_at


def remembering_url_for(app: Flask) -> Callable[..., str]:
    """Flask's `url_for`, which builds an address of the site anew only when one of its parts is new.

    Without it a page takes a quarter to a third longer (`benchmarks/`).
    """

    @lru_cache(maxsize=2048)
    def kept(mounted_at: str, changed_at: int, endpoint: str, values: tuple[tuple[str, str | None], ...]) -> str:
        return app.url_for(endpoint, **dict(values))  # type: ignore[arg-type]

    @lru_cache(maxsize=256)
    def last_seen(filename: str, second: int) -> int:
        return _changed_at(app, {"filename": filename})

    def url_for(endpoint: str, **values: Any) -> str:
        if endpoint.startswith(".") or not all(map(_is_plain, values, values.values())):
            return app.url_for(endpoint, **values)
        changed_at = last_seen(values["filename"], int(time())) if endpoint == "static" else 0
        return kept(request.script_root, changed_at, endpoint, tuple(values.items()))

    return url_for


def _is_plain(name: str, value: object) -> bool:
    """Whether the address depends on nothing but this: `_external`, say, also asks for the host."""
    return not name.startswith("_") and (value is None or isinstance(value, str))


def _changed_at(app: Flask, values: dict[str, Any]) -> int:
    try:
        return int(os.stat(os.path.join(app.static_folder or "", str(values.get("filename", "")))).st_mtime)
    except (OSError, ValueError):
        return 0


def link_to(endpoint: str, **values: str) -> str:
    """The absolute address of a page; works inside and outside a request."""
    path = current_app.url_map.bind("").build(endpoint, values)
    return f"{current_app.extensions['settings'].site_url}{path}"
