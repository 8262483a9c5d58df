"""Tool calls under other names: the schema of an item's function, and the values of its call.

Schema and values together in one record are the item, whatever its function is called and however
the question is put.  The right call alone is an answer.  A schema alone resembles: functions for
common things are described alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...benchmarks import TestItem
from .calls_shapes import Call, call_of, found_in, has_call, schema
from .records import Record
from .sightings import Sighting

TELLING = 24
"""Characters of parameters and values that make a call known under another name."""
_QUOTE = 200
_HINTS = ("parameters", "arguments")


class CallMatcher:
    """Looks for tool calls."""

    def __init__(self, items: Sequence[TestItem]) -> None:
        self._schemas: dict[str, list[int]] = {}
        self._calls: dict[tuple[tuple[str, str], ...], list[int]] = {}
        self._truth: dict[int, Call] = {}
        for number, item in enumerate(items):
            shape = schema(item.function) if item.function else None
            for form in shape.forms if shape else ():
                self._schemas.setdefault(form, []).append(number)
            call = call_of(item.call) if item.call else None
            if call:
                self._truth[number] = call
                self._calls.setdefault(call.arguments, []).append(number)
        self._parameters = frozenset(
            name for call in self._truth.values() for name, _ in call.arguments
        )

    def __bool__(self) -> bool:
        return bool(self._schemas or self._calls)

    def wants(self, text: str) -> bool:
        return bool(self) and (any(hint in text for hint in _HINTS) or has_call(text))

    def look(self, record: Record) -> Iterator[Sighting]:
        text = record.text
        if (
            "description" not in record.keys
            and record.keys.isdisjoint(self._parameters)
            and not any(name in text for name in ("description", *self._parameters))
        ):
            return
        schemas, calls = found_in(record.value, text)
        offered = {
            number
            for shape in schemas
            for form in shape.forms
            for number in self._schemas.get(form, ())
        }
        answered = {number: how for call in calls for number, how in self._answers(call)}
        values = {call.values for call in calls}
        certain = {
            number
            for number in offered
            if (truth := self._truth.get(number)) and (number in answered or truth.values in values)
        }
        for number in sorted(certain):
            how = "its function and the values of its call"
            yield Sighting(number, how, "disguise", record.line, text[:_QUOTE])
        for number in sorted(answered.keys() - certain):
            yield Sighting(number, answered[number], "answer", record.line, text[:_QUOTE])
        if not certain:  # else it is only the function of a sibling
            for number in sorted(offered - answered.keys()):
                how = "its function, with another call"
                yield Sighting(number, how, "resemblance", record.line, text[:_QUOTE])

    def finish(self) -> Iterator[Sighting]:
        return iter(())

    def _answers(self, call: Call) -> Iterator[tuple[int, str]]:
        for number in self._calls.get(call.arguments, ()):
            if call.name.rpartition(".")[2] == self._truth[number].name.rpartition(".")[2]:
                yield number, "its right call"
            elif sum(len(name) + len(value) for name, value in call.arguments) >= TELLING:
                yield number, "its right call, the function renamed"
