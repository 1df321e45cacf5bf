"""Holds what the emulator says to the machine-readable description of Stripe's API."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

SPECIFICATION = Path(__file__).parents[3] / "shared" / "stripe" / "openapi.json"
_UNDOCUMENTED = ("/v1/payment_pages/", "/v1/stripecli/", "/retry")

needs_specification = pytest.mark.skipif(not SPECIFICATION.exists(), reason="../shared/stripe/openapi.json is not here")


class OpenApi:
    """The description, with a validator per schema; references are replaced, as following them takes the most time."""

    def __init__(self) -> None:
        self.content: dict[str, Any] = json.loads(SPECIFICATION.read_text())
        self._put_in_place(self.content)
        self._validators: dict[str, Draft202012Validator] = {}
        self._routes = sorted(
            ((_pattern(path), path) for path in self.content["paths"]), key=lambda route: route[1].count("{")
        )

    def problems_of_response(self, method: str, path: str, body: Any) -> list[str]:
        """Say what is wrong with a 200's body."""
        known = self._known_path(path)
        if known is None:
            assert any(part in path for part in _UNDOCUMENTED), f"{path} is not in the description"
            return []
        schema = self.content["paths"][known][method.lower()]["responses"]["200"]["content"]
        return self._problems(f"{method} {known}", schema["application/json"]["schema"], body)

    def problems_of_error(self, body: Any) -> list[str]:
        """Say what is wrong with an error's body."""
        return self._problems("error", self.content["components"]["schemas"]["error"], body)

    def problems_of_event(self, event: Any) -> list[str]:
        """Say what is wrong with an event and with the object inside it."""
        name = event["data"]["object"]["object"]
        return [
            *self._problems("event", self.content["components"]["schemas"]["event"], event),
            *self.problems_of_object(name, event["data"]["object"]),
        ]

    def problems_of_object(self, name: str, body: Any) -> list[str]:
        """Say what is wrong with an object, including keys that Stripe does not have."""
        schema = self.content["components"]["schemas"][name]
        unknown = [f"{name}: unknown key {key}" for key in body if key not in schema["properties"]]
        return [*unknown, *self._problems(name, schema, body)]

    def _put_in_place(self, part: Any) -> None:
        """Replace every reference below by the schema itself, whose own references are replaced where it stands."""
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            if isinstance(value, dict) and "$ref" in value:
                part[key] = self.content["components"]["schemas"][value["$ref"].rpartition("/")[2]]
            elif isinstance(value, (dict, list)):
                self._put_in_place(value)

    def _known_path(self, path: str) -> str | None:
        return next((known for pattern, known in self._routes if pattern.fullmatch(path)), None)

    def _problems(self, key: str, schema: Any, body: Any) -> list[str]:
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(schema)
        return [
            f"{key} {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
            for error in self._validators[key].iter_errors(body)
        ]


@cache
def openapi() -> OpenApi:
    """Load the description once."""
    return OpenApi()


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"{\w+}", "[^/]+", path))
