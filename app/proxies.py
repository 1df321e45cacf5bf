"""What stands between the site and who reads it: their address as a proxy tells it, and where they belong."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import redirect
from werkzeug.wrappers import Request

from app.config.settings import Settings, is_loopback

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# Somebody's own network in IPv6: one household has 2^64 addresses of it to call from.
IPV6_NETWORK_BITS = 64


def init_doorway(app: Flask, settings: Settings) -> None:
    """Let requests in by the site's own address alone, from plain network addresses."""
    app.wsgi_app = Doorway(app.wsgi_app, settings)  # type: ignore[method-assign]


def trust_proxies(app: Flask, settings: Settings) -> None:
    """Believe as many proxies as the settings say; call it last, so that all else comes after it."""
    if count := settings.trusted_proxies:
        # The Host header is not taken from the proxy either: links are made from BASE_URL.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]


def client_network() -> str:
    """Who is counted together by network: an IPv4 address, or the /64 that an IPv6 address lies in."""
    return _network_of(request.remote_addr or "")


@lru_cache(maxsize=1024)
def plain_address(text: str) -> str:
    """The network address in what a proxy wrote, without port, brackets and zone; "" when there is none."""
    text = text.strip().strip('"')
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address)
    return str(address)


@lru_cache(maxsize=1024)
def _network_of(address: str) -> str:
    try:
        number = ip_address(address)
    except ValueError:
        return address or "unknown"
    if number.version == 4:
        return address
    host_bits = number.max_prefixlen - IPV6_NETWORK_BITS
    return f"{IPv6Address(int(number) >> host_bits << host_bits)}/{IPV6_NETWORK_BITS}"


class Doorway:
    """A WSGI application at the root of its host; who comes by another door is shown the right one."""

    def __init__(self, application: WSGIApplication, settings: Settings) -> None:
        self._application = application
        self._settings = settings
        self._site = urlsplit(settings.site_url)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # gunicorn takes it from a header of that name, and Werkzeug would begin every redirect with it.
        environ["SCRIPT_NAME"] = ""
        environ["REMOTE_ADDR"] = plain_address(environ.get("REMOTE_ADDR", ""))
        if self._came_unencrypted(environ):
            return redirect(self._right_address(environ), 308)(environ, start_response)
        elif self._came_by_a_nickname(environ):
            return redirect(self._right_address(environ), 307)(environ, start_response)
        else:
            return self._application(environ, start_response)

    def _came_unencrypted(self, environ: WSGIEnvironment) -> bool:
        """Whether a proxy says so; where none says anything, sending people on could go round for ever."""
        if self._site.scheme != "https" or not self._settings.trusted_proxies:
            return False
        return "https" not in environ.get("HTTP_X_FORWARDED_PROTO", "https")

    def _came_by_a_nickname(self, environ: WSGIEnvironment) -> bool:
        """Whether this is `localhost` for 127.0.0.1 or the other way round: who comes back would not be signed in."""
        host = environ.get("HTTP_HOST", "")
        if self._settings.app_env != "development" or host == self._site.netloc:
            return False
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not is_loopback(self._site.hostname or ""):
            return False
        name, _, port = host.rpartition(":")
        return is_loopback(name.strip("[]")) and port == str(self._site.port)

    def _right_address(self, environ: WSGIEnvironment) -> str:
        here = urlsplit(Request(environ).url)
        return urlunsplit((self._site.scheme, self._site.netloc, here.path, here.query, ""))
