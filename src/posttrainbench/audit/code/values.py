"""Abstract values: what a value may be as text, and where its content came from."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from . import HOLE, Fact, Level, Sources

MOST_TEXTS = 24
"""Alternatives of one text; beyond them it counts as unknown."""
LONGEST = 400_000
"""Characters of one text."""
_VISITED = 300
UNKNOWN: frozenset[str] = frozenset({HOLE})


@dataclass(eq=False)
class Scope:
    """The names of a module, a function, or a class body."""

    parent: Scope | None = None
    names: dict[str, Value] = field(default_factory=dict)
    shared: dict[str, Scope] = field(default_factory=dict)
    """Names declared ``global`` or ``nonlocal``, and where they live."""
    stars: list[str] = field(default_factory=list)
    """Modules whose names were all imported."""
    is_class: bool = False
    module: str = ""
    """Path of the module; empty for the program itself."""

    def find(self, name: str) -> Value | None:
        """The value of a name, looked up as Python does."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.shared:
                return scope.shared[name].names.get(name)
            if name in scope.names and (not scope.is_class or scope is self):
                return scope.names[name]
            scope = scope.parent
        return None

    def set(self, name: str, value: Value) -> None:
        """Bind a name."""
        self.shared.get(name, self).names[name] = value

    @property
    def root(self) -> Scope:
        """The module's own scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


@dataclass(eq=False)
class Function:
    """A function of the program: its tree, and the names it sees."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    owner: Value | None = None
    """The object that it is a method of."""
    static: bool = False


@dataclass(eq=False)
class Class:
    """A class of the program."""

    node: ast.ClassDef
    scope: Scope
    """Its body's names."""
    bases: tuple[Value, ...] = ()


@dataclass(eq=False)
class Value:
    """What an expression may be.  Lists, dictionaries and objects are changed in place."""

    texts: frozenset[str] = UNKNOWN
    sources: Sources = field(default_factory=dict)
    name: str = ""
    """Dotted name of a library's thing: ``json.load``; ``trl.SFTTrainer()`` for an object of it."""
    elements: list[Value] | None = None
    """A list or tuple whose elements are known."""
    entries: dict[str, Value] | None = None
    """A dictionary, by keys that are known."""
    attributes: dict[str, Value] = field(default_factory=dict)
    parents: tuple[Value, ...] = ()
    """What it is a part or a view of: a change of it is a change of them."""
    alternatives: tuple[Value, ...] = ()
    """It is one of these."""
    function: Function | None = None
    klass: Class | None = None
    is_object: bool = False
    """An object of ``klass``, not the class itself."""
    handle: Fact | None = None
    """The file that is written through it."""
    file: str = ""
    """The file that it is, or whose whole text it is."""
    splits: Fact | None = None
    """A dictionary of all splits of a data set."""
    names: Fact | None = None
    """The names of all splits of a data set, in order."""
    content: Sources | None = None
    """What an object of the program's own gives when it is asked for its elements."""
    is_set: bool = False
    is_path: bool = False
    optional: bool = False
    """It hangs on an option or argument that is not known."""
    container: bool = False
    """What a file holds as it is, perhaps several splits by their names."""
    part: str = ""
    """Of the files that its name fits, those that were chosen (:mod:`splits`)."""

    @property
    def text(self) -> str | None:
        """The only text that it can be; ``None`` where there are several or none is known."""
        if len(self.texts) != 1:
            return None
        (only,) = self.texts
        return None if HOLE in only else only

    @property
    def partly_known(self) -> bool:
        """Whether it is a text of which a part is not known."""
        return any(HOLE in text and text.strip(HOLE) for text in self.texts)

    @property
    def known(self) -> bool:
        """Whether all the texts that it can be are known."""
        return all(HOLE not in text for text in self.texts)


def text_value(text: str, *origins: Value) -> Value:
    """A value that is exactly this text."""
    return Value(frozenset({text}), merged(deep(o) for o in origins))


def merged(many: Iterable[Sources]) -> Sources:
    """The strongest level of each source."""
    result: Sources = {}
    for sources in many:
        for number, level in sources.items():
            if level > result.get(number, 0):
                result[number] = level
    return result


def lowered(sources: Sources, most: Level) -> Sources:
    """No level above ``most``."""
    return {number: min(level, most) for number, level in sources.items()}


def deep(value: Value | None) -> Sources:
    """Sources of a value and of everything in it."""
    if value is None:
        return {}
    if value.content is not None:
        return dict(value.content)
    if not (value.alternatives or value.elements or value.entries or value.attributes):
        return dict(value.sources)
    result: Sources = {}
    pending, seen = [value], {id(value)}
    while pending and len(seen) < _VISITED:
        now = pending.pop()
        for number, level in (now.sources if now.content is None else now.content).items():
            if level > result.get(number, 0):
                result[number] = level
        if now.content is not None:
            continue
        if now.alternatives:
            _enqueue(now.alternatives, pending, seen)
        if now.elements:
            _enqueue(now.elements, pending, seen)
        if now.entries:
            _enqueue(now.entries.values(), pending, seen)
        if now.attributes:
            _enqueue(now.attributes.values(), pending, seen)
    return result


def _enqueue(values: Iterable[Value], pending: list[Value], seen: set[int]) -> None:
    for value in values:
        key = id(value)
        if key not in seen:
            seen.add(key)
            pending.append(value)


def absorb(value: Value, sources: Sources) -> None:
    """Something with these sources was put into ``value``, and so into what it is a part of."""
    if not sources:
        return
    pending, seen = [value], {id(value)}
    while pending and len(seen) < _VISITED:
        now = pending.pop()
        now.sources = merged((now.sources, sources))
        if now.content is not None:
            now.content = merged((now.content, sources))
        if now.handle is not None:
            now.handle.sources = merged((now.handle.sources, sources))
        for other in (*now.parents, *now.alternatives):
            if id(other) not in seen:
                seen.add(id(other))
                pending.append(other)


def either(values: Iterable[Value]) -> Value:
    """A value that is one of several."""
    distinct = list({id(value): value for value in values}.values())
    if len(distinct) == 1:
        return distinct[0]
    if not distinct:
        return Value()
    names = {value.name for value in distinct}
    return Value(
        texts=limited(frozenset().union(*(value.texts for value in distinct))),
        sources=merged(value.sources for value in distinct),
        name=names.pop() if len(names) == 1 else "",
        alternatives=tuple(distinct[:MOST_TEXTS]),
        function=next((v.function for v in distinct if v.function), None),
        klass=next((v.klass for v in distinct if v.klass), None),
        is_object=any(value.is_object for value in distinct),
        splits=next((v.splits for v in distinct if v.splits), None),
        is_set=all(value.is_set for value in distinct),
        is_path=any(value.is_path for value in distinct),
        optional=any(value.optional for value in distinct),
        container=any(value.container for value in distinct),
        part=next((v.part for v in distinct), "") if len({v.part for v in distinct}) == 1 else "",
    )


def limited(texts: frozenset[str]) -> frozenset[str]:
    """The texts, or the unknown one where there are too many or too long ones."""
    if len(texts) > MOST_TEXTS or sum(map(len, texts)) > LONGEST:
        return UNKNOWN
    return texts or UNKNOWN


def variants(value: Value) -> list[Value]:
    """The values that it may be, one by one."""
    found, pending, seen = [], [value], {id(value)}
    while pending and len(seen) < _VISITED:
        now = pending.pop(0)
        if not now.alternatives:
            found.append(now)
        for other in now.alternatives:
            if id(other) not in seen:
                seen.add(id(other))
                pending.append(other)
    return found


def element_of(value: Value) -> Value:
    """Any element of a value: what a loop over it sees."""
    inner: list[Value] = []
    for one in variants(value):
        if one.elements is not None:
            inner += one.elements
        elif one.entries is not None:
            inner += keys_of(one)
    if inner:
        any_one = either(inner)
        if not any_one.parents and any_one.alternatives:
            any_one.parents = (value,)
        return any_one
    return Value(sources=deep(value), parents=(value,), optional=value.optional)


def keys_of(value: Value) -> list[Value]:
    """The keys of a dictionary; those of one that was read from a file are its content, too."""
    return [Value(frozenset({key}), dict(value.sources)) for key in value.entries or ()]


FIRST = "first"
"""What a data set's first split is called, where its own name is not known."""


def first_name(value: Value) -> Value:
    """The first of a data set's names of splits: of one with a single split, that one."""
    return Value(frozenset({FIRST}), dict(value.sources))


def doubtful(value: Value) -> Value:
    """The value, where it hangs on an option that is not known whether it is this one."""
    sources = deep(value)
    if not any(level > Level.MAYBE for level in sources.values()):
        return value
    return Value(
        texts=value.texts,
        sources=lowered(sources, Level.MAYBE),
        name=value.name,
        parents=(value,),
        handle=value.handle,
        is_set=value.is_set,
        is_path=value.is_path,
        optional=True,
        container=value.container,
        part=value.part,
    )
