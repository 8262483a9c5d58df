"""Tool calls under other names: the schema of an item's function, and the values of its call.

Schema and values together in one record are the item, whatever its function is called and however
the question is put.  The right call alone is an answer.  A schema alone resembles: functions for
common things are described alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...benchmarks import TestItem
from .blocks import Block
from .calls_shapes import Call, call_of, found_in, schema
from .match_words import Places
from .records import Record
from .sightings import Sighting
from .spotting import Spotter, Thing, sequences

TELLING = 24
"""Characters of parameters and values that make a call known under another name."""
_QUOTE = 200
_FIRST = 5
"""Words at the beginning of a description, or of an argument, by which a place is spotted."""
_CALL_SPAN = 600
"""Words within which the arguments of a call stand."""


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
        self._spotter = Spotter(
            [*map(_form_thing, self._schemas), *map(_call_thing, self._calls)], exact=True
        )
        self._parameters = frozenset(
            name for call in self._truth.values() for name, _ in call.arguments
        )

    def __bool__(self) -> bool:
        return bool(self._schemas or self._calls)

    def spots(self, block: Block) -> Places:
        return self._spotter.spots(block)

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


def _form_thing(form: str) -> Thing:
    """The longest description in one way to tell a schema."""
    longest = max(form.partition(": ")[2].split(" | "), key=lambda text: len(text.split()))
    return Thing(tuple(sequences(longest, _FIRST, exact=True)[:1]), 1, 0)


def _call_thing(arguments: tuple[tuple[str, str], ...]) -> Thing:
    """The beginning of every argument."""
    told = {
        gram
        for name, value in arguments
        for form in _forms(value)
        for gram in sequences(f"{name} {form}", _FIRST, exact=True)[:1]
    }
    return Thing(tuple(sorted(told)), len(arguments), _CALL_SPAN)


def _forms(value: str) -> list[str]:
    """How a canonical value may begin in a text; the parts of an object stand in any order."""
    first = value.partition("{")[0].lstrip("[").partition(",")[0]
    try:
        number = abs(float(first))
    except ValueError:
        return [first]
    if not number.is_integer() or number >= 1e15:
        return [repr(number)]
    whole = str(int(number))
    zeros = len(whole) - len(whole.rstrip("0")) if number else 0
    grouped = f"{int(number):_}".partition("_")[0]
    return [first, whole, grouped, f"{whole[: len(whole) - zeros]}e{zeros}"]
