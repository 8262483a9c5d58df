"""What a call gives that nothing here knows: content goes in, and may come out."""

from __future__ import annotations

import ast

from . import Level, Sources, manners
from .choosing import Chooser, picked, queried
from .expressions import Expressions
from .machine import Call, Machine
from .splits import part_named, splits_named
from .values import (
    Function,
    Value,
    absorb,
    deep,
    doubtful,
    element_of,
    lowered,
    merged,
    variants,
)

_MOST_PARTS = 2000
_SHORT = 30
_MOST_USED = 100


class UnknownCalls:
    """The part of the calls that is about functions which nobody described."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions = expressions
        self.machine: Machine = expressions.machine
        self._used: set[int] = set()
        self._opened: set[int] = set()

    def _method(self, value: Value, name: str) -> Function | None:
        found = self.expressions.method(value, name)
        return found.function if found is not None else None

    def _methods_of(self, call: Call) -> None:
        """Objects of the program's classes that are handed to a library: it will use them."""
        for value in call.everything():
            for one in variants(value):
                if one.klass is None or not one.is_object or id(one) in self._used:
                    continue
                if len(self._used) > _MOST_USED:
                    return
                self._used.add(id(one))
                for name in ("__call__", "forward", "training_step"):
                    method = self._method(one, name)
                    if method is not None and id(method.node) not in self.machine.called:
                        one.sources = merged(
                            (one.sources, deep(self.machine.invoke(method, [], {})))
                        )
                self.look_into(one)

    def look_into(self, value: Value) -> None:
        """Learn what objects of the program's classes give when they are gone through."""
        for one in variants(value):
            new = id(one) not in self._opened and len(self._opened) < _MOST_USED
            if one.klass is not None and one.is_object and new:
                self._opened.add(id(one))
                self._elements(one)

    def _elements(self, one: Value) -> None:
        """What an object of a data set's kind gives is its content, and not all that it holds."""
        given: Sources = {}
        for name in ("__iter__", "__getitem__"):
            method = self._method(one, name)
            if method is not None:
                given = merged((given, deep(self.machine.invoke(method, [], {}))))
        if given:
            one.content = given

    def _unknown(self, target: Value, call: Call) -> Value:
        """A call that nothing here knows: content goes in, and may come out."""
        last = call.last
        made = self._callbacks(call)
        everything = call.everything()
        if last in manners.PUTS or (last.endswith("_") and not last.endswith("__")):
            return self._put(call, everything)
        if last in manners.DROPS or call.name.startswith(manners.DROPPING):
            origins = [*([call.receiver] if call.receiver else []), *everything]
            return Value(sources=lowered(merged(deep(o) for o in origins), Level.CHOOSES))
        receiver = call.receiver if call.receiver is not None else target
        origins = list(everything)
        if self._only_chooses(call):
            chosen = lowered(merged(deep(o) for o in origins), Level.CHOOSES)
            return Value(sources=merged((deep(receiver), chosen)), parents=(receiver,))
        if not receiver.name or receiver.name.endswith("()"):
            origins.insert(0, receiver)
        level = Level.SURE if self._carries(call, origins) else Level.MAYBE
        sources = merged([*(lowered(deep(origin), level) for origin in origins), made])
        if self._filters(call, receiver):
            sources = lowered(sources, Level.MAYBE)
        result = Value(sources=sources, optional=any(o.optional for o in origins))
        if call.receiver is not None and call.receiver.entries and not call.receiver.name:
            result = self._each_entry(call.receiver, sources, level)
        if call.name and not call.name.startswith(".") and last[:1].isupper():
            result.name = f"{call.name}()"
            result.attributes = dict(list(call.named.items())[:200])
        parents = [value for value in everything if _writes(value)]
        if call.receiver is not None and not call.receiver.name:
            parents.append(call.receiver)
            result.splits = call.receiver.splits
        result.parents = tuple(parents)
        result.container = call.name in manners.WHOLE
        if last in manners.PARTS and not result.entries and call.receiver is not None:
            self._pick(result, call)
        return result

    def _pick(self, result: Value, call: Call) -> None:
        """Of several splits in one file, those that a filter takes by their names."""
        asked = Chooser(self.machine, lambda _: Value(), deep(call.receiver))
        for value in call.everything():
            part = queried(value.text or "") if call.last != "get_group" else ""
            if call.last == "get_group" and len(value.text or "") < _SHORT:
                part = part_named(splits_named(value.text or ""))
            for one in variants(value):
                test = _answer(one.function) if one.function is not None else None
                part = part or (asked.part(test)[0] if test is not None else "")
            if part:
                result.sources = self.machine.parts_of(result.sources, part)

    @staticmethod
    def _only_chooses(call: Call) -> bool:
        """Whether a join takes no rows of the other table, which tells which own ones stay."""
        how = call.named.get("how")
        if how is None or call.last not in ("join", "merge"):
            return False
        return how.text in manners.JOINS or (how.text == "left" and "indicator" in call.named)

    def _each_entry(self, receiver: Value, sources: Sources, level: Level) -> Value:
        """A dictionary of data sets: what is done is done to each of them."""
        own = deep(receiver)
        added = {n: sure for n, sure in sources.items() if n not in own}
        entries = {
            key: Value(sources=merged((lowered(deep(value), level), added)), parents=(value,))
            for key, value in (receiver.entries or {}).items()
        }
        return Value(entries=entries)

    def _filters(self, call: Call, receiver: Value) -> bool:
        """Whether a part is taken of what several sources went into: which, is not known."""
        # Nothing stays of what stands in it twice: how pandas takes one table from another.
        keep = call.named.get("keep")
        none_twice = call.last == "drop_duplicates" and keep is not None and keep.text == "False"
        taken = none_twice or call.last in manners.PARTS
        return taken and len(self.machine.data_in(deep(receiver))) > 1

    def _carries(self, call: Call, origins: list[Value]) -> bool:
        """Whether the content of all that goes in comes out for sure."""
        if call.last in manners.CARRYING or call.name.split(".")[0] in manners.CARRIES:
            return True
        if call.receiver is not None and call.receiver.name.split(".")[0] in manners.CARRIES:
            return True
        if call.name == "" and self._of_model(deep(origins[0]) if origins else {}):
            return True
        giving = {self.machine.data_in(deep(origin)) for origin in origins}
        return len(giving - {frozenset()}) <= 1

    def _of_model(self, sources: Sources) -> bool:
        """Whether what is called is a model: it hands on what it is asked."""
        kinds = {self.machine.facts[number].kind for number in sources}
        return kinds == {"model"}

    def _put(self, call: Call, everything: list[Value]) -> Value:
        receiver = call.receiver
        if receiver is None:
            return Value(sources=merged(deep(value) for value in everything))
        sources = self.machine.content(*everything)
        for one in variants(receiver):
            if one.elements is not None and len(one.elements) < _MOST_PARTS:
                one.elements += self._added(call)
            if one.entries is not None and call.last == "update":
                for value in call.args:
                    one.entries |= value.entries or {}
                one.entries |= call.named
        absorb(receiver, sources)
        return receiver if call.last.endswith("_") else Value(sources=deep(receiver))

    def _added(self, call: Call) -> list[Value]:
        if not call.args:
            return []
        if call.last in ("append", "add", "insert", "appendleft"):
            more = [call.args[-1]]
        elif call.last in ("extend", "update"):
            more = call.args[0].elements or [element_of(call.args[0])]
        else:
            return []
        more = [picked(self.machine, value) for value in more]
        return [doubtful(value) for value in more] if self.machine.doubt else more

    def _callbacks(self, call: Call) -> Sources:
        """Functions of the program that are handed over are called with what else there is."""
        functions: list[Function] = []
        for value in call.everything():
            for one in (*variants(value), *(value.elements or ())):
                if one.function is not None:
                    functions.append(one.function)
        if not functions:
            return {}
        others = [value for value in call.everything() if value.function is None]
        if call.receiver is not None and not call.receiver.name:
            others.append(call.receiver)
        if call.last in manners.STARTS:
            listed = [v for value in call.named.values() for v in (value.elements or ())]
            args = [value for value in call.args if value.function is None] or listed
        else:
            inputs = [element_of(value) for value in others]
            joined = Value(sources=merged(deep(v) for v in inputs), parents=tuple(inputs))
            args = [inputs[0] if len(inputs) == 1 else joined] if inputs else []
        made: Sources = {}
        for function in functions[:20]:
            result = deep(self.machine.invoke(function, args, {}))
            if call.last in manners.CHOOSERS:
                result = lowered(result, Level.CHOOSES)
            elif call.last not in manners.MAPS:
                result = lowered(result, Level.MAYBE)
            made = merged((made, result))
        return made


def _answer(function: Function) -> ast.expr | None:
    """What a short function gives."""
    body = function.node.body
    if isinstance(body, ast.expr):
        return body
    last = body[-1] if body else None
    return last.value if isinstance(last, ast.Return) else None


def _writes(value: Value) -> bool:
    """Whether a value is a file that is written, or something around one."""
    return value.handle is not None or any(parent.handle is not None for parent in value.parents)
