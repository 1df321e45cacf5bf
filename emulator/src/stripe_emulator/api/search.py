"""Stripe's search language: `email:'a@b.c' AND metadata['k']:'v' AND created>1700000000`."""

import re
from collections.abc import Callable
from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import limit_of
from stripe_emulator.api.registry import Request
from stripe_emulator.state.documents import Json

Test = Callable[[Json], bool]

_CLAUSE = re.compile(
    r"""\s*(?P<not>-)?(?P<field>[a-z_.]+)(?:\[(?P<quote>['"])(?P<key>.*?)(?P=quote)\])?\s*"""
    r"""(?P<operator>:|~|>=|<=|>|<)\s*(?P<value>null|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|-?\d+(?:\.\d+)?)\s*"""
)
_JOIN = re.compile(r"(AND|OR)\b", re.IGNORECASE)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda actual, wanted: actual > wanted,
    ">=": lambda actual, wanted: actual >= wanted,
    "<": lambda actual, wanted: actual < wanted,
    "<=": lambda actual, wanted: actual <= wanted,
}


def search_objects(request: Request, kind: str, fields: tuple[str, ...]) -> Json:
    """Answer a search over objects of one kind, newest first, a page at a time."""
    test = parse(request.params["query"], fields)
    found = [obj for obj in request.tx.find(kind) if test(obj)]
    limit, start = limit_of(request), _start(request.params.get("page"))
    more = len(found) > start + limit
    counted = {"total_count": len(found)} if "total_count" in request.params.get("expand", []) else {}
    return {
        "object": "search_result",
        "data": found[start : start + limit],
        "has_more": more,
        "next_page": str(start + limit) if more else None,
        "url": request.url_path,
        **counted,
    }


def parse(query: str, fields: tuple[str, ...]) -> Test:
    """Return the test that a query stands for."""
    tests, joins, position = [], set(), 0
    while True:
        clause = _CLAUSE.match(query, position)
        if clause is None:
            raise _malformed(query)
        tests.append(_test(clause, fields))
        join = _JOIN.match(query, clause.end())
        if join is None:
            break
        joins.add(join[1].upper())
        position = join.end()
    if clause.end() != len(query):
        raise _malformed(query)
    if len(joins) > 1:
        raise errors.invalid_request("You cannot combine AND and OR in one search query.", "query")
    combine = any if joins == {"OR"} else all
    return lambda obj: combine(test(obj) for test in tests)


def _test(clause: re.Match[str], fields: tuple[str, ...]) -> Test:
    field, key, operator = clause["field"], clause["key"], clause["operator"]
    if field not in fields or (key is not None) != (field == "metadata"):
        listed = ", ".join(f"`{name}`" for name in fields)
        raise errors.invalid_request(f"Field `{field}` is an unsupported search field. Use one of: {listed}.", "query")
    wanted = _value(clause["value"])

    def test(obj: Json) -> bool:
        actual = _actual(obj, field, key)
        return _matches(actual, operator, wanted) != bool(clause["not"])

    return test


def _actual(obj: Json, field: str, key: str | None) -> Any:
    value: Any = obj
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return (value or {}).get(key) if key is not None else value


def _matches(actual: Any, operator: str, wanted: Any) -> bool:
    if wanted is None:
        found = actual is None
    elif operator == ":":
        found = _text(actual) == _text(wanted)
    elif operator == "~":
        found = isinstance(wanted, str) and wanted.lower() in _text(actual)
    else:
        comparable = isinstance(actual, int | float) and isinstance(wanted, int | float)
        found = comparable and _COMPARE[operator](actual, wanted)
    return found


def _value(text: str) -> Any:
    if text == "null":
        value: Any = None
    elif text[0] in "\"'":
        value = re.sub(r"\\(.)", r"\1", text[1:-1])
    else:
        value = float(text) if "." in text else int(text[:19])
    return value


def _text(value: Any) -> str:
    return str(value).lower() if value is not None else ""


def _start(page: str | None) -> int:
    if page is not None and not re.fullmatch(r"\d{1,9}", page, re.ASCII):
        raise errors.invalid_request("Invalid page token.", "page")
    return int(page or 0)


def _malformed(query: str) -> errors.InvalidRequest:
    return errors.invalid_request(
        f"We were unable to parse your search query: {query[:200]}. "
        "See https://docs.stripe.com/search#search-query-language.",
        "query",
    )
