"""Damage for lines of JSON: what a reader of an agent's output must live through."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from posttrainbench.traces.events import EventReader, Line, TraceEvent

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([10**400, -1, "\ud800", "\0", 2**63]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)


@st.composite
def garbled(draw: st.DrawFn, real: Sequence[str]) -> list[Line]:
    """Some real lines in any order, each whole, cut, with a value replaced, or nested deeply."""
    chosen = draw(st.lists(st.sampled_from(list(real)), min_size=1, max_size=5))
    damaged = [_damage(draw, text) for text in chosen]
    return [
        Line("2026-11-27T00:00:00.000Z", 0.0, draw(st.sampled_from(["stdout", "stderr"])), text,
             number, cut=draw(st.sampled_from([0, 0, 5])))
        for number, text in enumerate(damaged, 1)
    ]  # fmt: skip


def _damage(draw: st.DrawFn, text: str) -> str:
    kind = draw(st.sampled_from(["value", "value", "cut", "deep", "none", "words"]))
    if kind == "cut":
        return text[: draw(st.integers(0, len(text)))]
    if kind == "deep":
        return text.rstrip("}") + ',"x":' + "[" * 20_000
    if kind == "words":
        return draw(st.text(max_size=30))
    if kind == "none":
        return text
    data = json.loads(text)
    spots = list(_spots(data))
    parent, key = draw(st.sampled_from(spots))
    parent[key] = draw(_VALUES)
    return json.dumps(data)


def _spots(data: Any) -> list[tuple[Any, Any]]:
    keys = list(data) if isinstance(data, dict) else range(len(data))
    found = [(data, key) for key in keys]
    for key in keys:
        if isinstance(data[key], dict | list):
            found += _spots(data[key])
    return found


def read_all(reader: EventReader, lines: Sequence[Line]) -> list[TraceEvent]:
    """Every event; each can be written down."""
    events = [event for line in lines for event in reader.read(line)] + list(reader.close())
    for event in events:
        fields = {name: getattr(event, name) for name in event.__dataclass_fields__}
        json.dumps(fields, ensure_ascii=False, default=lambda use: use.model_dump()).encode()
    return events
