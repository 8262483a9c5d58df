"""What a tool schema and a call are, apart from the names that anyone may choose."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_WORD = re.compile(r"[^\W_]+")
_OBJECT = re.compile(
    r"""\{\s*["'](?:name|type|function|description|parameters|arguments|api_call)["']\s*:"""
)
_CALL = re.compile(r"\b([A-Za-z_][\w.]*)\((?=\s*[A-Za-z_]\w*\s*=)")
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_BRACES = re.compile(_QUOTED + r"|[{}]")
_BRACKETS = re.compile(_QUOTED + r"|[()]")
_LONGEST = 20_000
_CALL_LONGEST = 2_000
_MOST = 400
"""Objects and calls of one record that are looked at."""


@dataclass(frozen=True)
class Schema:
    """A function on offer."""

    name: str
    forms: frozenset[str]
    """Ways in which it can be told without its name: any of them is enough."""


@dataclass(frozen=True)
class Call:
    """A call with literal arguments."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    """(parameter, canonical value), sorted."""

    @property
    def values(self) -> tuple[str, ...]:
        """The values alone, sorted."""
        return tuple(sorted(value for _, value in self.arguments))


def words(text: Any) -> str:
    """Lower-case words, joined by one blank."""
    return " ".join(_WORD.findall(str(text).lower()))


def schema(function: Mapping[str, Any]) -> Schema | None:
    """The shape of a function as JSON schema, BFCL or an OpenAI tool tells it."""
    parameters = function.get("parameters")
    if not isinstance(parameters, Mapping):
        return None
    inner = parameters.get("properties", parameters)
    if not isinstance(inner, Mapping) or not inner or len(inner) > 100:
        return None
    told = []
    for name, property_ in inner.items():
        text = property_.get("description", "") if isinstance(property_, Mapping) else property_
        told.append((str(name).lower(), words(text)[:2000]))
    about = words(function.get("description", ""))[:4000]
    forms = set()
    described = sorted(text for _, text in told)
    if all(described) and len(" ".join(described).split()) >= 8:
        forms.add("described: " + " | ".join(described))
    if len(about.split()) >= 5 and len(told) > 1:
        forms.add("about: " + about + " | " + " ".join(sorted(name for name, _ in told)))
    elif len(about.split()) + len(" ".join(described).split()) >= 10:
        forms.add("whole: " + about + " | " + " | ".join(described))
    return Schema(str(function.get("name", ""))[:200], frozenset(forms))


def canonical(value: Any) -> str:
    """A literal as text; numbers by value, words without case."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, int | float):
        try:
            return repr(float(value))
        except OverflowError:
            return "inf"
    if isinstance(value, str):
        return words(value) or value
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, Mapping):
        pairs = sorted((str(key).lower(), canonical(inner)) for key, inner in value.items())
        return "{" + ",".join(f"{key}={inner}" for key, inner in pairs) + "}"
    return words(value)


def call_of(text: str) -> Call | None:
    """A Python call with literal keyword arguments."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            node = ast.parse(text.strip(), mode="eval").body
            if not isinstance(node, ast.Call) or node.args or not node.keywords:
                return None
            pairs = [
                ((key.arg or "").lower(), canonical(ast.literal_eval(key.value)))
                for key in node.keywords
            ]
            name = ast.unparse(node.func)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return Call(name.lower(), tuple(sorted(pairs)))


def found_in(value: Any, text: str) -> tuple[list[Schema], list[Call]]:
    """All schemas and calls in a record.

    Args:
        value: its parsed JSON, if it was some.
        text: its strings, in which JSON and Python may stand.
    """
    schemas: list[Schema] = []
    calls: list[Call] = []
    pending = [value] if isinstance(value, dict | list) else []
    pending += _objects(text)
    seen = 0
    while pending and seen < 50 * _MOST:
        node = pending.pop()
        seen += 1
        if isinstance(node, dict):
            if len(schemas) < _MOST and (made := schema(node)):
                schemas.append(made)
            if len(calls) < _MOST and (call := _json_call(node)):
                calls.append(call)
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    calls += _python_calls(text)
    return schemas, calls


def _json_call(node: dict[str, Any]) -> Call | None:
    arguments = node.get("arguments", node.get("parameters", node.get("args")))
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments[:_LONGEST])
        except (ValueError, RecursionError):
            return None
    if not isinstance(arguments, dict) or not arguments or len(arguments) > 50:
        return None
    name = node.get("name", node.get("function", ""))
    if isinstance(name, dict) or "properties" in arguments:
        return None
    try:
        pairs = sorted((str(key).lower(), canonical(value)) for key, value in arguments.items())
    except RecursionError:
        return None
    return Call(str(name).lower()[:200], tuple(pairs))


def _objects(text: str) -> Iterator[Any]:
    """JSON, or Python's way to write it, inside of strings."""
    position, count = 0, 0
    decoder = json.JSONDecoder()
    while (found := _OBJECT.search(text, position)) and count < _MOST:
        count += 1
        position = found.start() + 1
        part = text[found.start() : found.start() + _LONGEST]
        try:
            value, end = decoder.raw_decode(part)
        except (ValueError, RecursionError):
            if part[1:].lstrip()[:1] != "'":
                continue
            inner, end = _python_object(part)
            if inner is None:
                continue
            value = inner
        position = found.start() + end
        yield value


def _python_object(part: str) -> tuple[Any, int]:
    depth = 0
    for mark in _BRACES.finditer(part):
        if mark[0] == "{":
            depth += 1
        elif mark[0] == "}":
            depth -= 1
            if not depth:
                try:
                    return ast.literal_eval(part[: mark.end()]), mark.end()
                except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                    return None, 1
    return None, 1


def _python_calls(text: str) -> Iterator[Call]:
    for count, found in enumerate(_CALL.finditer(text)):
        if count >= _MOST:
            return
        end = _closing(text, found.end())
        if end and (call := call_of(text[found.start() : end])):
            yield call


def _closing(text: str, start: int) -> int:
    depth = 1
    for mark in _BRACKETS.finditer(text, start, min(len(text), start + _CALL_LONGEST)):
        if mark[0] == "(":
            depth += 1
        elif mark[0] == ")":
            depth -= 1
            if not depth:
                return mark.end()
    return 0
