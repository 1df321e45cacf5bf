"""Lists: newest first, paged by cursor."""

import json
from collections.abc import Callable
from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.api.registry import Request
from stripe_emulator.state.documents import Json
from stripe_emulator.state.stored_objects import INDEXED_FIELDS

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def list_objects(
    request: Request,
    kind: str,
    filters: Json | None = None,
    where: Callable[[Json], bool] | None = None,
) -> Json:
    """Answer a list of stored objects; filters whose value is None do not count."""
    clauses, values = ["kind = ?"], [kind]
    for field, value in (filters or {}).items():
        if value is not None:
            clauses.append(f"{_column(field)} = ?")
            values.append(value)
    clauses_of_time, times = _created_clauses(request.params.get("created"))
    found = _page(request, kind, [*clauses, *clauses_of_time], [*values, *times], where)
    return _list(request, found)


def off_the_clocks(request: Request, *asked: str) -> Callable[[Json], bool]:
    """Return a filter that leaves out what is on a test clock, as Stripe does unless one of these parameters is set."""
    wants_all = any(request.params.get(name) for name in asked)
    return lambda one: wants_all or one["test_clock"] is None


def in_range(moment: int | None, bounds: Json | int | None) -> bool:
    """Tell whether a time fits a filter: a time itself, or `gt`, `gte`, `lt` and `lte`."""
    if bounds is None:
        return True
    if moment is None or isinstance(bounds, int):
        return moment == bounds
    lower, upper = (
        bounds.get("gt", bounds.get("gte", moment) - 1),
        bounds.get("lt", bounds.get("lte", moment) + 1),
    )
    return bool(lower < moment < upper)


def list_of(request: Request, objects: list[Json]) -> Json:
    """Answer a page of a list that is already in memory, in the order given."""
    ids = [obj["id"] for obj in objects]
    after, before = request.params.get("starting_after"), request.params.get("ending_before")
    limit = limit_of(request)
    if after:
        objects = objects[_position(ids, after, "starting_after") + 1 :]
    if before:
        kept = objects[: _position(ids, before, "ending_before")]
        page, has_more = kept[-limit:], len(kept) > limit
    else:
        page, has_more = objects[:limit], len(objects) > limit
    return {"object": "list", "data": page, "has_more": has_more, "url": request.url_path}


def limit_of(request: Request) -> int:
    """Return the page's size, checked as Stripe checks it."""
    limit = request.params.get("limit", DEFAULT_LIMIT)
    if limit > MAX_LIMIT:
        raise errors.invalid_request(
            f"Invalid integer: {limit}. This value must be less than or equal to {MAX_LIMIT}.",
            "limit",
            "parameter_invalid_integer",
        )
    if limit < 1:
        raise errors.invalid_request(
            f"This value must be greater than or equal to 1 (it currently is '{limit}').",
            "limit",
            "parameter_invalid_integer",
        )
    return int(limit)


def _page(
    request: Request, kind: str, clauses: list[str], values: list[Any], where: Callable[[Json], bool] | None
) -> tuple[list[Json], bool]:
    after, before = request.params.get("starting_after"), request.params.get("ending_before")
    limit, order = limit_of(request), "DESC"
    if after:
        clauses, values = [*clauses, "seq < ?"], [*values, _sequence(request, kind, after, "starting_after")]
    if before:
        clauses, values = [*clauses, "seq > ?"], [*values, _sequence(request, kind, before, "ending_before")]
        order = "DESC" if after else "ASC"
    rows = request.tx.connection.execute(
        f"SELECT body FROM objects WHERE {' AND '.join(clauses)} ORDER BY seq {order}"
        + ("" if where else f" LIMIT {limit + 1}"),
        values,
    )
    found: list[Json] = []
    for (body,) in rows:
        obj = json.loads(body)
        if where is None or where(obj):
            found.append(obj)
        if len(found) > limit:
            break
    page = found[:limit]
    return (page if order == "DESC" else page[::-1]), len(found) > limit


def _list(request: Request, found: tuple[list[Json], bool]) -> Json:
    return {"object": "list", "data": found[0], "has_more": found[1], "url": request.url_path}


def _column(field: str) -> str:
    return f'"{field}"' if field in INDEXED_FIELDS else f"json_extract(body, '$.{field}')"


def _created_clauses(created: Any) -> tuple[list[str], list[int]]:
    if isinstance(created, int):
        created = {"gte": created, "lte": created}
    bounds = created or {}
    return [f"created {_OPERATORS[name]} ?" for name in bounds], list(bounds.values())


def _sequence(request: Request, kind: str, id: str, param: str) -> int:
    row = request.tx.connection.execute("SELECT seq FROM objects WHERE kind = ? AND id = ?", (kind, id)).fetchone()
    if row is None:
        raise errors.resource_missing(kind, id, param)
    return int(row[0])


def _position(ids: list[str], id: str, param: str) -> int:
    if id not in ids:
        raise errors.invalid_request(f"No such object: '{id}'", param, "resource_missing")
    return ids.index(id)
