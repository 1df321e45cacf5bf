"""Counting tries: each before it is made, so that many at once pass no limit; given back when it was none."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

from flask import Response, g, make_response
from limits import parse_many
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from app.extensions import limiter

logger = logging.getLogger(__name__)
P = ParamSpec("P")


def give_back_when(is_free: Callable[[Response], bool], view: Callable[P, Any]) -> Callable[P, Response]:
    """The view with its limits, which get back what a refusal, an incomplete form or a free answer took."""

    @wraps(view)
    def count_first(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            response = make_response(view(*args, **kwargs))
        except (TooManyRequests, ServiceUnavailable):
            _give_back()
            raise
        if is_free(response) or g.get("nothing_was_tried", False):
            _give_back()
        return response

    return count_first


def nothing_was_tried() -> None:
    """Say that a form was not even complete, so that this request has cost nothing of a limit."""
    g.nothing_was_tried = True


def has_room(limits: str, key: str, scope: str) -> bool:
    """Count one more in each of these limits, and say whether all of them still bear it."""
    bears_it = True
    with _store_may_be_away():
        bears_it = all(limiter.limiter.hit(limit, key, scope) for limit in parse_many(limits))
    return bears_it


def forget(limits: str, key: str, scope: str) -> None:
    """Begin to count anew."""
    with _store_may_be_away():
        for limit in parse_many(limits):
            limiter.limiter.clear(limit, key, scope)


def _give_back() -> None:
    with _store_may_be_away():
        for counted in limiter.current_limits:
            limiter.limiter.hit(counted.limit, *counted.request_args, cost=-1)


@contextmanager
def _store_may_be_away() -> Iterator[None]:
    """Go on without the store of limits: nobody is kept from signing in because it does not answer."""
    try:
        yield
    except limiter.storage.base_exceptions:
        logger.warning("The store of limits does not answer.")
