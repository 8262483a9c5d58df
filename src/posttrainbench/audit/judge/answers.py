"""What a judge answers: found in its words, taken strictly or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...records.judgements import Vote
from ..files.quoting import quote

LONGEST = 262_144
"""Characters of an answer that are looked at, from its end."""
_TRIES = 1000
_OBJECT = re.compile(r"^[ \t]*(?=\{)", re.MULTILINE)
_FENCE = re.compile(r"```(?:json)?[ \t]*\n?(?=\{)")
_MODEL = ConfigDict(extra="forbid", frozen=True, strict=True)


class MalformedError(ValueError):
    """An answer that cannot be used; says what is wrong, for the judge to read."""


class SaidQuote(BaseModel):
    """A passage, as the judge gives it."""

    model_config = _MODEL

    file: Annotated[str, Field(min_length=1, max_length=1000)]
    text: Annotated[str, Field(min_length=1, max_length=4000)]


class Said(BaseModel):
    """The answer on one rule."""

    model_config = _MODEL

    verdict: Vote
    confidence: Annotated[float, Field(ge=0, le=1)]
    justification: Annotated[str, Field(min_length=1, max_length=8000)]
    quotes: Annotated[list[SaidQuote], Field(max_length=20)]


def read_answer(text: str, categories: Sequence[str]) -> dict[str, Said]:
    """The last JSON object of a text, as an answer on exactly these rules.

    Raises:
        MalformedError: there is none, or it is not what was asked for.
    """
    found = last_object(text)
    if found is None:
        raise MalformedError("there is no JSON object in it")
    missing = [name for name in categories if name not in found]
    foreign = [name for name in found if name not in categories]
    if missing:
        raise MalformedError(f"the key {missing[0]!r} is missing")
    if foreign:
        raise MalformedError(f"the key {quote(str(foreign[0]), 80)!r} was not asked for")
    return {name: _said(name, found[name]) for name in categories}


def last_object(text: str) -> dict[str, Any] | None:
    """The last JSON object that begins a line or a code block; else the first of the text."""
    text = text[-LONGEST:]
    found, end = None, 0
    starts = sorted({m.end() for pattern in (_OBJECT, _FENCE) for m in pattern.finditer(text)})
    for start in starts[-_TRIES:]:
        if start < end:
            continue  # within an object that was read
        value, stop = _decoded(text, start)
        if value is not None:
            found, end = value, stop
    if found is None and "{" in text:
        found, _ = _decoded(text, text.index("{"))
    return found


def schema(categories: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an answer."""
    one = Said.model_json_schema()
    definitions = one.pop("$defs", {})
    for definition in (one, *definitions.values()):
        definition.pop("description", None)
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(categories),
        "properties": {name: {"$ref": "#/$defs/Answer"} for name in categories},
        "$defs": {**definitions, "Answer": one},
    }


def _said(name: str, value: Any) -> Said:
    try:
        return Said.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([name, *(str(part) for part in first["loc"])])
        raise MalformedError(f"{quote(key, 120)}: {quote(first['msg'], 200)}") from None


def _decoded(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start
    return (value, end) if isinstance(value, dict) else (None, start)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are its own: of two answers under one key none counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)
