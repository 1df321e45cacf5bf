"""Write the compact description the emulator runs on: `python -m stripe_emulator.spec.generate openapi.json`.

Parameters become small type expressions ("s" string, "i" integer, "n" number, "b" boolean, "d" decimal,
["e", values] enum, ["a", type] array, ["m", type] map, ["o", name] object, ["u", types] union,
["c", type] clearable with an empty string). Objects keep what completing and expanding need.
"""

import json
import sys
from pathlib import Path
from typing import Any

Schema = dict[str, Any]
_LETTERS = {"string": "s", "integer": "i", "number": "n", "boolean": "b", "object": "m"}
_HERE = Path(__file__).parent


class Generator:
    """Turns the OpenAPI description into the two compact files."""

    def __init__(self, openapi: Schema) -> None:
        self.paths = openapi["paths"]
        self.schemas = openapi["components"]["schemas"]
        self.version = openapi["info"]["version"]
        self.structs: dict[str, Any] = {}

    def parameters(self) -> Schema:
        """Return every operation's parameters and the structures they refer to."""
        operations = {
            f"{method.upper()} {path}": self._operation(method, path, operation)
            for path, methods in self.paths.items()
            for method, operation in methods.items()
        }
        return {"version": self.version, "operations": operations, "structs": self.structs}

    def objects(self) -> Schema:
        """Return, for each response object, its required keys, nested objects and expandable fields."""
        return {
            name: self._object(schema)
            for name, schema in self.schemas.items()
            if "Params" not in name and schema.get("type") == "object"
        }

    def _operation(self, method: str, path: str, operation: Schema) -> str:
        body = operation.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded")
        if body and "$ref" in body["schema"]:
            return self._struct(body["schema"]["$ref"])
        name = f"{method} {path}"
        in_query = [one for one in operation["parameters"] if one["in"] == "query"]
        self.structs[name] = [
            {one["name"]: self._type(one["schema"]) for one in in_query},
            [one["name"] for one in in_query if one.get("required")],
        ]
        return name

    def _struct(self, ref: str) -> str:
        name = ref.rpartition("/")[2]
        if name not in self.structs:
            schema = self.schemas[name]
            self.structs[name] = None
            properties = schema.get("properties", {})
            self.structs[name] = [
                {key: self._type(value) for key, value in properties.items()},
                schema.get("required", []),
            ]
        return name

    def _type(self, schema: Schema) -> Any:
        if "$ref" in schema:
            return ["o", self._struct(schema["$ref"])]
        if "anyOf" in schema:
            return self._union(schema["anyOf"])
        if "enum" in schema:
            return ["e", schema["enum"]]
        if schema["type"] == "array":
            return ["a", self._type(schema["items"])]
        if schema["type"] == "object":
            return ["m", self._type(schema["additionalProperties"])]
        return "d" if schema.get("format") == "decimal" else _LETTERS[schema["type"]]

    def _union(self, alternatives: list[Schema]) -> Any:
        clearable = [one for one in alternatives if one.get("enum") == [""]]
        types = [self._type(one) for one in alternatives if one not in clearable]
        kept: Any = types[0] if len(types) == 1 else ["u", types]
        return ["c", kept] if clearable else kept

    def _object(self, schema: Schema) -> Schema:
        properties = schema.get("properties", {})
        nested = {name: self._refs(value) for name, value in properties.items()}
        described = {
            "required": schema.get("required", []),
            "nested": {name: refs for name, refs in nested.items() if refs},
            "expandable": [name for name, value in properties.items() if self._is_expandable(value)],
            "optional": [name for name in properties if name not in schema.get("required", [])],
        }
        return {key: value for key, value in described.items() if value}

    def _refs(self, schema: Schema) -> list[str]:
        """The objects a value may be or hold, seen through arrays, lists and alternatives."""
        if "$ref" in schema:
            return [schema["$ref"].rpartition("/")[2]]
        inner = [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
        if "data" in schema.get("properties", {}):
            inner.append(schema["properties"]["data"])
        return [ref for one in inner for ref in self._refs(one)]

    def _is_expandable(self, schema: Schema) -> bool:
        return bool(schema.get("x-expandable") or schema.get("items", {}).get("x-expandable"))


def main(source: str, folder: Path = _HERE) -> None:
    """Read the OpenAPI file and write the compact files, beside this module unless told otherwise."""
    generator = Generator(json.loads(Path(source).read_text()))
    for name, content in (("parameters", generator.parameters()), ("objects", generator.objects())):
        text = json.dumps(content, separators=(",", ":"), sort_keys=True)
        (folder / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
