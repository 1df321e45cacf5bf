"""Requests of somebody who is signed in, or who signs in, built once and sent often."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator
from itertools import cycle
from urllib.parse import urlencode

from benchmarks.site import PASSWORD

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def get(path: str, cookie: str = "") -> Iterator[bytes]:
    """The same page again and again."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n"
    request = f"{head}Cookie: {cookie}\r\n\r\n" if cookie else f"{head}\r\n"
    return cycle([request.encode()])


def sign_ins(port: int, people: int) -> Iterator[bytes]:
    """The log-in form, filled in for one user after the other with the right password."""
    cookie, token = _form(port)
    return cycle([_sign_in(cookie, token, number) for number in range(people)])


def session_cookie(port: int, number: int = 0) -> str:
    """The cookie of a user who has signed in and seen a page."""
    head, _, body = _sign_in(*_form(port), number).partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(10):
        connection.request("POST", "/login", body, headers)
        cookie = _cookie_of(connection, 303, 503)
        if cookie is not None:
            break
        # The line for hashing is full of those who signed in before; it says to come back.
        time.sleep(2)
    # The page's form may bring a token that the session keeps.
    connection.request("GET", "/dashboard", headers={"Cookie": cookie})
    newer = _cookie_of(connection, 200)
    assert cookie is not None
    connection.close()
    return newer or cookie


def _cookie_of(connection: http.client.HTTPConnection, status: int, later: int = 0) -> str | None:
    """The cookies of the answer; None when it is the one that says to come back later."""
    answer = connection.getresponse()
    answer.read()
    if answer.status == later:
        return None
    if answer.status != status:
        raise RuntimeError(f"Signing in was answered {answer.status}.")
    return "; ".join(cookie.partition(";")[0] for cookie in answer.headers.get_all("Set-Cookie", []))


def _form(port: int) -> tuple[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/login")
    answer = connection.getresponse()
    token = _TOKEN.search(answer.read().decode())
    connection.close()
    assert token is not None
    return answer.headers["Set-Cookie"].partition(";")[0], token[1]


def _sign_in(cookie: str, token: str, number: int) -> bytes:
    body = urlencode({"csrf_token": token, "email": f"user{number}@example.com", "password": PASSWORD}).encode()
    head = (
        f"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
