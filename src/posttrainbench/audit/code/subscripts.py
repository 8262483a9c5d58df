"""``value[key]`` and ``value[from:to]``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from . import Level, folding
from .choosing import Chooser, taken
from .displays import Displays, Subscript
from .machine import Machine, parted
from .values import Scope, Value, deep, either, first_name, lowered, merged, variants


class Subscripts(Displays):
    """The part of the expressions that is about parts of values.

    Args:
        machine: whose facts and scopes they are.
        narrow: the value of one split of a data set, for a subscript.
        special: what a library gives for ``value[key]``; ``None``: nothing special.  The line is
            negative where it is assigned to.
    """

    def __init__(
        self,
        machine: Machine,
        narrow: Callable[[Machine, Value, Value, int], Value],
        special: Subscript,
    ) -> None:
        super().__init__(machine, special)
        self._narrow = narrow

    def _on_subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        base = self.evaluate(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            return self._slice(base, node.slice, scope)
        key = self.evaluate(node.slice, scope)
        if base.splits is not None:
            return self._narrow(self.machine, base, key, node.lineno)
        special = self._special(self.machine, base, key, node.lineno)
        if special is not None:
            return special
        chooser = Chooser(self.machine, lambda part: self.evaluate(part, scope))
        part, facts = chooser.part(node.slice)
        value = self.item(base, key)
        if not part:
            return value
        sources = self.machine.parts_of(deep(value), part, facts | deep(base).keys())
        return Value(sources=sources, parents=(base,), optional=value.optional)

    def _slice(self, base: Value, node: ast.Slice, scope: Scope) -> Value:
        ends = [node.lower, node.upper, node.step]
        for bound in ends:
            if bound is not None:
                self.evaluate(bound, scope)
        if base.known and base.text is not None and not base.file:
            return self._slice_of_text(base, ends)
        if base.elements is None:
            return base if base.splits is None else Value(sources=deep(base), parents=(base,))
        part = base.elements
        if all(end is None or isinstance(end, ast.Constant) for end in ends):
            numbers: list[Any] = [getattr(end, "value", None) for end in ends]
            try:
                part = base.elements[slice(*numbers)]
            except (TypeError, ValueError):
                part = base.elements
        return Value(elements=list(part), sources=dict(base.sources), parents=(base,))

    def _slice_of_text(self, base: Value, ends: list[ast.expr | None]) -> Value:
        numbers: list[int | None] = []
        for end in ends:
            known = _whole_number(end)
            if end is not None and known is None:
                return Value(sources=deep(base), optional=base.optional)
            numbers.append(known)
        if numbers[2] == 0:
            return Value(sources=deep(base))
        return folding.combine([base], lambda text: text[slice(*numbers)])

    def item(self, base: Value, key: Value) -> Value:
        """``base[key]``."""
        found: list[Value] = []
        chosen = lowered(deep(key), Level.CHOOSES)
        for one in variants(base):
            if one.names is not None and key.text == "0":
                found.append(first_name(one))
                continue
            if one.entries is None and (part := taken(self.machine, one, key)) is not None:
                found.append(part)
                continue
            if one.entries is not None and key.known:
                found += [one.entries[text] for text in key.texts if text in one.entries]
                if all(text in one.entries for text in key.texts):
                    continue
            if one.elements is not None and key.known:
                numbers = [int(t) for t in key.texts if t.lstrip("-").isdecimal() and len(t) < 6]
                inside = [n for n in numbers if -len(one.elements) <= n < len(one.elements)]
                if inside and len(inside) == len(key.texts):
                    found += [one.elements[n] for n in inside]
                    continue
            content = deep(one)
            if parted(self.machine.data_in(content), chosen):
                content = lowered(content, Level.MAYBE)
            sources = merged((content, chosen))
            container = one.container and bool(key.known and key.text)
            found.append(
                Value(sources=sources, parents=(one,), optional=base.optional, container=container)
            )
        result = either(found)
        if not result.parents:
            result.parents = (base,)
        return result


def _whole_number(node: ast.expr | None) -> int | None:
    """A number that stands there as such; ``None`` for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _whole_number(node.operand)
        return None if number is None else -number
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None
