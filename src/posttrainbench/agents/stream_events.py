"""What readers of JSON streams share: hostile JSON in, plain values out, never an exception."""

from __future__ import annotations

import json
import re
from typing import Any

from ..traces.events import Line, json_object

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+("?)|[{}\[\]]', re.DOTALL)
"""A string, whole or open at the end, or a bracket; never looks at a character twice."""
_HEX = re.compile(r"u[0-9a-fA-F]{0,3}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LARGEST = 10**15


def read_json(line: Line) -> dict[str, Any] | None:
    """The JSON object of a line; of one that was cut, what its beginning still says.

    Every string in it can be encoded as UTF-8.
    """
    data = json_object(line.text)
    if data is None and line.cut:
        data = json_object(_mended(line.text))
    if data is None or not _SURROGATE.search(line.text):
        return data
    try:
        whole = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return None
    return json_object(whole.decode())


def _mended(text: str) -> str:
    """Close what is open at the end of a JSON text that was cut inside of a string."""
    brackets: list[str] = []
    is_open = False
    for token in _TOKEN.finditer(text):
        mark = token.group()
        is_open = mark.startswith('"') and not token[1]
        if mark in "{[":
            brackets.append("}" if mark == "{" else "]")
        elif mark in "}]" and brackets:
            brackets.pop()
    if not is_open:
        return ""  # cut between two values: not what an output of many megabytes looks like
    for length in range(5):  # an escape that was cut: \, \u, \u0, \u00, \u00e
        body, rest = text[: len(text) - length], text[len(text) - length :]
        slashes = len(body) - len(body.rstrip("\\"))
        if slashes % 2 and (not rest or _HEX.fullmatch(rest)):
            text = body[:-1]
            break
    return text + '"' + "".join(reversed(brackets))


def text_of(value: object) -> str:
    """A string as it is, nothing for nothing, anything else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def name_of(value: object) -> str:
    """A string, or nothing: for ids and names."""
    return value if isinstance(value, str) else ""


def object_of(value: object) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def count_of(value: object) -> int:
    """A number of tokens; 0 for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 <= value < _LARGEST else 0  # nan compares false


def dollars_of(value: object) -> float | None:
    """A price above zero, or ``None``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < _LARGEST else None


def code_of(value: object) -> int | None:
    """An exit code or an HTTP status, or ``None``."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < _LARGEST else None


def without(data: dict[str, Any], *known: str) -> dict[str, Any]:
    """What an object says beyond the keys that were read: it is kept as ``extra``."""
    return {key: value for key, value in data.items() if key not in known}
