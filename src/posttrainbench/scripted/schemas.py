"""The smallest value that a JSON schema takes, as far as tools and side requests need it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SAID = {"next_speaker": "user"}
"""Where the first choice of the schema would send a CLI round in circles."""
_PLAIN: dict[str, Any] = {
    "string": "scripted", "integer": 1000, "number": 1000, "boolean": False, "array": [],
    "object": {}, "null": None,
}  # fmt: skip
_DEEPEST = 20


def example(schema: Any, name: str = "", depth: int = 0) -> Any:
    """A value for ``schema``, whose key in the object around it is ``name``."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return "scripted"
    choices = schema.get("enum")
    if name in _SAID:
        return _SAID[name]
    if isinstance(choices, list) and choices:
        return choices[0]
    if "const" in schema:
        return schema["const"]
    for either in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(either), list) and schema[either]:
            return example(schema[either][0], name, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = str(kind[0] if isinstance(kind, list) and kind else kind).lower()  # Gemini: "OBJECT"
    if kind == "object":
        properties = mapping(schema.get("properties"))
        needed = schema.get("required")
        return {
            key: example(properties.get(key), key, depth + 1)
            for key in (needed if isinstance(needed, list) else properties)
            if isinstance(key, str)
        }
    if kind in ("integer", "number"):
        return _number(schema)
    return _PLAIN.get(kind, "scripted")


def mapping(value: Any) -> dict[str, Any]:
    """The JSON object, or an empty one where something else stands."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The JSON objects of a list; nothing where something else stands."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(schema: Mapping[str, Any]) -> int:
    """A thousand (time limits in milliseconds stay harmless), or the nearest that is allowed."""
    low, high = schema.get("minimum"), schema.get("maximum")
    number = 1000
    if isinstance(high, int):
        number = min(number, high)
    return max(number, low) if isinstance(low, int) else number
