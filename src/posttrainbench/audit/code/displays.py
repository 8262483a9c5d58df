"""Lists, dictionaries and comprehensions; and what an assignment binds."""

from __future__ import annotations

import ast
from collections.abc import Callable

from . import Level, Sources
from .choosing import Chooser, picked
from .machine import Machine, parted
from .values import (
    Scope,
    Value,
    absorb,
    deep,
    either,
    element_of,
    lowered,
    merged,
    variants,
)

MOST_PARTS = 2000
"""Elements of a list that are known one by one."""
_UNROLLED = 256
_FALSE = frozenset({"False", "None", "", "0", "0.0"})

Subscript = Callable[[Machine, Value, Value, int], Value | None]


class Displays:
    """The part of the expressions that is about containers."""

    def __init__(self, machine: Machine, special: Subscript) -> None:
        self.machine = machine
        self._special = special

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of one expression."""
        return self.machine.evaluate(node, scope)

    def _on_list(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Value:
        elements, extra = [], []
        for part in node.elts[:MOST_PARTS]:
            value = self.evaluate(part, scope)
            if not isinstance(part, ast.Starred):
                elements.append(value)
            elif value.elements is not None:
                elements += value.elements
            else:
                extra.append(value)
        if extra or len(node.elts) > MOST_PARTS:
            return Value(sources=merged(deep(value) for value in (*elements, *extra)))
        return Value(elements=elements)

    _on_tuple = _on_list

    def _on_set(self, node: ast.Set, scope: Scope) -> Value:
        value = self._on_list(node, scope)
        value.is_set = True
        return value

    def _on_dict(self, node: ast.Dict, scope: Scope) -> Value:
        entries: dict[str, Value] = {}
        rest = []
        for key, part in list(zip(node.keys, node.values, strict=True))[:MOST_PARTS]:
            value = self.evaluate(part, scope)
            name = self.evaluate(key, scope).text if key is not None else None
            if name is not None:
                entries[name] = value
            elif key is None and value.entries is not None:
                entries |= value.entries
            else:
                rest.append(value)
        return Value(entries=entries, sources=merged(deep(value) for value in rest))

    def _on_listcomp(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope
    ) -> Value:
        inner = Scope(parent=scope)
        unrolled = self._each(node, inner)
        if unrolled is not None:
            return unrolled
        conditions = self._generators(node.generators, inner)
        chosen = self._chosen(node.generators, inner)
        self.machine.choices += chosen
        value = self.evaluate(node.elt, inner)
        content = self.machine.picked(deep(value))
        del self.machine.choices[len(self.machine.choices) - len(chosen) :]
        if parted(self.machine.data_in(content), conditions):
            content = lowered(content, Level.MAYBE)
        sources = merged((content, lowered(conditions, Level.CHOOSES)))
        return Value(sources=sources, parents=(value,) if value.parents else ())

    _on_generatorexp = _on_listcomp

    def _on_setcomp(self, node: ast.SetComp, scope: Scope) -> Value:
        value = self._on_listcomp(node, scope)
        value.is_set = True
        return value

    def _each(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, inner: Scope
    ) -> Value | None:
        """One element after the other, where they are known."""
        (first, *more) = node.generators
        if more or first.is_async:
            return None
        source = self.evaluate(first.iter, inner)
        if source.elements is None or not 0 < len(source.elements) <= _UNROLLED:
            return None
        elements = []
        for element in source.elements:
            self.bind(first.target, element, inner)
            kept, chosen = self._kept(element, first, inner)
            if kept is None:
                return None
            if kept:
                self.machine.choices += chosen
                value = self.evaluate(node.elt, inner)
                del self.machine.choices[len(self.machine.choices) - len(chosen) :]
                elements.append(_named_part(value, chosen))
        return Value(elements=elements, sources=dict(source.sources))

    def _kept(
        self, element: Value, first: ast.comprehension, inner: Scope
    ) -> tuple[bool | None, list[tuple[str, frozenset[int]]]]:
        """Whether a comprehension keeps an element, if that is told; of names, which of them."""
        answers = [self.truth(self.evaluate(test, inner)) for test in first.ifs]
        if None not in answers:
            return all(answers), []
        if False in answers:
            return False, []
        if element.known or self.machine.data_in(deep(element)) or element.optional:
            return None, []
        return True, self._chosen([first], inner)

    def truth(self, value: Value) -> bool | None:
        """Whether a condition holds; ``None`` where that can't be told."""
        if value.elements is not None or value.entries is not None or value.name or value.klass:
            return None
        if value.function or not value.known or not value.texts:
            return None
        if value.texts <= _FALSE:
            return False
        return None if value.texts & _FALSE else True

    def _chosen(
        self, generators: list[ast.comprehension], inner: Scope
    ) -> list[tuple[str, frozenset[int]]]:
        """The parts that the conditions of a comprehension take."""
        chooser = Chooser(self.machine, lambda part: self.evaluate(part, inner))
        found = [chooser.part(test) for one in generators for test in one.ifs]
        return [one for one in found if one[0]]

    def _on_dictcomp(self, node: ast.DictComp, scope: Scope) -> Value:
        inner = Scope(parent=scope)
        if (known := self._each_entry(node, inner)) is not None:
            return known
        conditions = self._generators(node.generators, inner)
        key, value = self.evaluate(node.key, inner), self.evaluate(node.value, inner)
        return Value(sources=merged((deep(key), deep(value), lowered(conditions, Level.CHOOSES))))

    def _each_entry(self, node: ast.DictComp, inner: Scope) -> Value | None:
        (first, *more) = node.generators
        if more or first.ifs:
            return None
        source = self.evaluate(first.iter, inner)
        if source.elements is None or not 0 < len(source.elements) <= _UNROLLED:
            return None
        entries, rest = {}, []
        for element in source.elements:
            self.bind(first.target, element, inner)
            key, value = self.evaluate(node.key, inner), self.evaluate(node.value, inner)
            if key.text is None:
                rest.append(value)
            else:
                entries[key.text] = value
        return Value(entries=entries, sources=merged((source.sources, *map(deep, rest))))

    def _generators(self, generators: list[ast.comprehension], inner: Scope) -> Sources:
        conditions: list[Sources] = []
        for generator in generators:
            source = self.evaluate(generator.iter, inner)
            self.machine.look_into(source)
            self.bind(generator.target, element_of(source), inner)
            conditions += [deep(self.evaluate(test, inner)) for test in generator.ifs]
        return merged(conditions)

    # assignments

    def bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Assign ``value`` to a name, an attribute, an element, or a pattern of them."""
        if isinstance(target, ast.Name):
            scope.set(target.id, picked(self.machine, value))
        elif isinstance(target, ast.Starred):
            self.bind(target.value, Value(sources=deep(value), parents=(value,)), scope)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value, scope)
        elif isinstance(target, ast.Attribute):
            self._set_attribute(target, value, scope)
        elif isinstance(target, ast.Subscript):
            base, key = self.evaluate(target.value, scope), self.evaluate(target.slice, scope)
            if self._special(self.machine, base, key, -target.lineno) is not None:
                return
            for one in variants(base):
                if one.entries is None or key.text is None:
                    continue
                if key.text in one.entries or len(one.entries) < MOST_PARTS:
                    one.entries[key.text] = value
            absorb(base, self.machine.content(value))

    def _set_attribute(self, target: ast.Attribute, value: Value, scope: Scope) -> None:
        base = self.evaluate(target.value, scope)
        if base.name == "sys" and target.attr == "stdout":
            self.machine.out = value if value.klass is None else None
        if base.name and not base.name.endswith("()") and "()." not in base.name:
            self.machine.fact("patch", f"{base.name}.{target.attr}", target.lineno)
        undecided = bool(self.machine.doubt or self.machine.conditions)
        for one in variants(base):
            old = one.attributes.get(target.attr)
            if old is not None or len(one.attributes) < 200:
                now = either((old, value)) if old is not None and undecided else value
                one.attributes[target.attr] = now
        absorb(base, self.machine.content(value))

    def _unpack(self, target: ast.Tuple | ast.List, value: Value, scope: Scope) -> None:
        plain = not any(isinstance(part, ast.Starred) for part in target.elts)
        if plain:
            rows = [one.elements for one in variants(value)]
            fitting = [row for row in rows if row is not None and len(row) == len(target.elts)]
            if fitting and len(fitting) == len(rows):
                for part, column in zip(target.elts, zip(*fitting, strict=True), strict=True):
                    self.bind(part, either(column), scope)
                return
        for part in target.elts:
            self.bind(part, element_of(value), scope)


def _named_part(value: Value, chosen: list[tuple[str, frozenset[int]]]) -> Value:
    """Names of files, of which only some were taken by what they are called."""
    if not chosen or value.known or value.elements is not None or value.entries is not None:
        return value
    part = chosen[-1][0]
    return Value(
        value.texts, dict(value.sources), parents=(value,), is_path=value.is_path, part=part
    )
