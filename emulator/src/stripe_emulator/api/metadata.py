"""Metadata: its limits, and how an update merges into it."""

from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.state.documents import Json

MAX_KEYS = 50
MAX_KEY = 40
MAX_VALUE = 500


def check_metadata(metadata: Json) -> None:
    """Hold the keys and values of a form to Stripe's limits."""
    if len(metadata) > MAX_KEYS:
        raise errors.invalid_request(f"You can have up to {MAX_KEYS} metadata keys.", "metadata")
    for key, value in metadata.items():
        if len(key) > MAX_KEY:
            raise errors.invalid_request(
                f"Metadata keys can have up to {MAX_KEY} characters, but you passed in a key that is "
                f"{len(key)} characters. Invalid key: {key[:100]}",
                "metadata",
            )
        if isinstance(value, str) and len(value) > MAX_VALUE:
            raise errors.invalid_request(
                f"Metadata values can have up to {MAX_VALUE} characters, but you passed in a value that is "
                f"{len(value)} characters. Invalid value: {value[:100]}",
                f"metadata[{key}]",
            )


def merged(current: Json | None, given: Any) -> Json:
    """Return metadata after an update: an empty value removes its key, `""` clears all."""
    if given == "":
        return {}
    both = {**(current or {}), **(given or {})}
    if len(both) > MAX_KEYS:
        raise errors.invalid_request(f"You can have up to {MAX_KEYS} metadata keys.", "metadata")
    return {key: value for key, value in both.items() if value != ""}
