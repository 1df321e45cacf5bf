"""Form decoding: `items[0][price]=p` becomes a tree of dicts, `a[]` an index of its own."""

import re
from typing import Any
from urllib.parse import unquote_to_bytes

from stripe_emulator.api import errors
from stripe_emulator.state.documents import Json

MAX_BODY_BYTES = 1024 * 1024
_MAX_DEPTH = 12
_MAX_FIELDS = 5000
_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")
_PART = re.compile(r"\[([^\[\]]*)\]")
_WRONG_CONTENT_TYPE = (
    "Invalid request (check that your POST content type is application/x-www-form-urlencoded). "
    "If you have any questions, we can help at https://support.stripe.com/."
)


def decode(query: str, body: bytes, content_type: str) -> Json:
    """Return the parameters of the query string and of the form as one tree whose leaves are strings."""
    if len(body) > MAX_BODY_BYTES:
        raise errors.invalid_request("Request entity too large.", status=413)
    if body and content_type.partition(";")[0].strip().lower() not in (
        "application/x-www-form-urlencoded",
        "",
    ):
        raise errors.invalid_request(_WRONG_CONTENT_TYPE)
    tree: Json = {}
    for source in (query.encode("latin-1", "replace"), body):
        _decode_into(tree, source)
    return tree


def _decode_into(tree: Json, source: bytes) -> None:
    fields = [field for field in source.split(b"&") if field]
    if len(fields) > _MAX_FIELDS:
        raise errors.invalid_request("Too many parameters in the request.")
    for field in fields:
        name, _, value = field.partition(b"=")
        _put(tree, _keys(_text(name)), _text(value))


def _text(encoded: bytes) -> str:
    try:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise errors.invalid_request("Invalid request: the parameters are not valid UTF-8.") from None


def _keys(name: str) -> list[str]:
    match = _KEY.match(name)
    keys = [match[1], *_PART.findall(match[2])] if match else [name]
    if len(keys) > _MAX_DEPTH:
        raise errors.invalid_request(f"Invalid request: the parameter {keys[0]} is nested too deeply.")
    return keys


def _put(tree: Json, keys: list[str], value: str) -> None:
    node = tree
    for position, key in enumerate(keys[:-1]):
        if key == "":
            key = _current_index(node, keys[position + 1 :])
        node = _child(node, key, keys)
    last = keys[-1] if keys[-1] != "" or len(keys) == 1 else str(len(node))
    if isinstance(node.get(last), dict):
        raise _clash(keys)
    node[last] = value


def _current_index(node: Json, rest: list[str]) -> str:
    """`a[][x]=1&a[][y]=2` is one element; a key that it already has starts the next one."""
    index = max(len(node) - 1, 0)
    current: Any = node.get(str(index))
    taken = isinstance(current, dict) and rest[0] in current and len(rest) == 1
    return str(index + 1) if taken else str(index)


def _child(node: Json, key: str, keys: list[str]) -> Json:
    child = node.setdefault(key, {})
    if not isinstance(child, dict):
        raise _clash(keys)
    return child


def _clash(keys: list[str]) -> errors.InvalidRequest:
    return errors.invalid_request(f"Invalid request: {keys[0]} is given both as a value and as a hash.", keys[0])
