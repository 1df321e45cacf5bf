"""Absolute addresses for mails, made from BASE_URL and never from a request's Host header."""

from flask import current_app


def link_to(endpoint: str, **values: str) -> str:
    """The absolute address of a page; works inside and outside a request."""
    path = current_app.url_map.bind("").build(endpoint, values)
    return f"{current_app.extensions['settings'].site_url}{path}"
