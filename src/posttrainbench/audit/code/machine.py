"""The state of a walk through a program: its facts, its conditions, and how much work is left."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from . import HOLE, Fact, FactKind, Level, Sources
from .splits import both, hub_splits
from .values import Class, Function, Scope, Value, deep, lowered, merged

FUEL = 100_000
"""Expressions and statements that are looked at in one reading."""
DEEPEST = 24
"""Calls of the program's own functions within each other."""
_MOST_FACTS = 4000


@dataclass(frozen=True)
class Start:
    """How a program is started."""

    argv: tuple[str, ...] | None = None
    """Its arguments, without its own name; ``None``: not told."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables that are known; others are not."""
    path: str = "/workspace/program.py"
    """The program's own path, as it sees it."""
    cwd: str = "/workspace"
    home: str = "/home/agent"
    stdin: tuple[str, ...] = ()
    """Files that come in by standard input."""
    prints: tuple[str, ...] = ()
    """What its standard output is called; one for each start in this way."""
    text_of: Callable[[str, str], str | None] = lambda _path, _cwd: None
    """The text of a small file that lies there: configurations, other programs; by the path as the
    program names it and its folder."""


@dataclass(eq=False)
class Call:
    """One call of something that is not the program's own."""

    name: str
    """Dotted name; a method of an unknown object begins with a dot."""
    line: int
    receiver: Value | None
    args: list[Value]
    named: dict[str, Value]
    extra: list[Value] = field(default_factory=list)
    """``*args`` and ``**kwargs`` whose content is not known."""

    def argument(self, position: int | None, *names: str) -> Value | None:
        """An argument by its place or one of its names."""
        for name in names:
            if name in self.named:
                return self.named[name]
        if position is not None and position < len(self.args):
            return self.args[position]
        return None

    def everything(self) -> list[Value]:
        """All arguments."""
        return [*self.args, *self.named.values(), *self.extra]

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


class SpentError(Exception):
    """The walk has cost as much as it may."""


class Machine:
    """What the parts of the walk share.

    Args:
        start: how the program is started.
        load: the text and the path of a module beside a program, by its dotted name and the path of
            the module that imports it; ``None`` where there is none.
    """

    evaluate: Callable[[ast.expr, Scope], Value]
    execute: Callable[[Sequence[ast.stmt], Scope], bool]
    invoke: Callable[[Function, list[Value], dict[str, Value]], Value]
    call_value: Callable[[Value, Call], Value]
    look_into: Callable[[Value], None]
    """Before its elements are gone through: what an object of the program's own gives."""

    def __init__(
        self, start: Start, load: Callable[[str, str], tuple[str, str] | None] | None = None
    ) -> None:
        self.start = start
        self.load = load or (lambda _name, _path: None)
        self.facts: list[Fact] = []
        self.imports: dict[str, int] = {}
        self.modules: dict[str, Scope] = {}
        self.environment: dict[str, Value] = {}
        self.optimised: list[Value] = []
        self.decided: Sources = {}
        self.called: set[int] = set()
        self.seen: dict[int, Function] = {}
        self.objects: list[Value] = []
        self.instances: dict[int, Class] = {}
        self.frames: list[list[Value]] = []
        self.conditions: list[Sources] = []
        self.choices: list[tuple[str, frozenset[int]]] = []
        """Parts that are taken here, by conditions on names, and the facts whose names they are."""
        self.out: Value | None = None
        """What standard output was replaced by."""
        self.doubt = 0
        self.uncalled = False
        self.depth = 0
        self.stack: list[int] = []
        self.owners: list[Value] = []
        self.places: list[Scope] = []
        self.fuel = FUEL
        self.reasons: list[str] = []
        self.module = ""
        self.root = Scope()
        self._facts: dict[tuple[object, ...], Fact] = {}

    def spend(self) -> None:
        """One step more.

        Raises:
            SpentError: that was one too many.
        """
        self.fuel -= 1
        if self.fuel < 0:
            raise SpentError

    def miss(self, why: str) -> None:
        """Something could not be followed."""
        if why not in self.reasons and len(self.reasons) < 20:
            self.reasons.append(why)

    def fact(
        self,
        kind: FactKind,
        what: str,
        line: int,
        targets: Value | tuple[str, ...] = (),
        **detail: str,
    ) -> Fact:
        """Note a fact; the same one again is the one from before."""
        resolved = True
        if isinstance(targets, Value):
            resolved = all(text.strip(HOLE) for text in targets.texts)
            targets = tuple(sorted(shown(text) for text in targets.texts))
        targets = tuple(target[:4000] for target in targets)
        if kind == "read" and self.choices and any("*" in t and t.strip("*") for t in targets):
            for part, _ in self.choices:
                detail["part"] = both(detail.get("part", ""), part)
        detail = {name: word for name, word in detail.items() if word}
        key = (kind, what, line, self.module, targets, tuple(sorted(detail.items())))
        certain = not self.doubt and not self.uncalled
        fact = self._facts.get(key)
        if fact is not None:
            fact.certain = fact.certain or certain
        else:
            if len(self.facts) >= _MOST_FACTS:
                raise SpentError
            fact = Fact(
                number=len(self.facts),
                kind=kind,
                what=what,
                line=line,
                file=self.module,
                targets=targets,
                resolved=resolved,
                certain=certain,
                detail=detail,
            )
            self.facts.append(fact)
            self._facts[key] = fact
        fact.steered = merged((fact.steered, self.steering()))
        return fact

    def source(self, fact: Fact, *origins: Value | None) -> Sources:
        """The sources of what a loading fact gives: the fact, and where its name came from."""
        found = merged(({fact.number: Level.SURE}, *(deep(origin) for origin in origins)))
        if fact.kind == "model":  # which checkpoint is chosen is no content of it
            found = {number: level for number, level in found.items() if level > Level.CHOOSES}
        return found

    def steering(self) -> Sources:
        """Sources of the conditions around this place."""
        return lowered(merged(self.conditions), Level.CHOOSES)

    def content(self, *values: Value | None) -> Sources:
        """Sources of what is put somewhere, here and under these conditions."""
        sources = self.picked(merged(deep(value) for value in values))
        if self.doubt or self.uncalled or self._parted(sources):
            sources = lowered(sources, Level.MAYBE)
        return merged((sources, self.steering()))

    def picked(self, sources: Sources) -> Sources:
        """What the conditions around this place take of some sources."""
        for part, named in self.choices:
            sources = self.parts_of(sources, part, named)
        return sources

    def parts_of(self, sources: Sources, part: str, named: frozenset[int] | None = None) -> Sources:
        """The sources, where only a part is taken of files and data sets with several splits.

        Args:
            part: which one.
            named: single files of which it is taken; ``None``: of all.
        """
        found: Sources = {}
        for number, level in sources.items():
            fact, at = self.facts[number], number
            if level > Level.CHOOSES and fact.kind == "dataset" and not fact.detail.get("split"):
                splits = hub_splits(part) if fact.detail.get("by") == "hub" else []
                if splits and not fact.detail.get("files"):
                    at = self._again(fact, split="+".join(sorted(splits)))
            elif level > Level.CHOOSES and fact.kind == "read" and _is_of(fact, named):
                at = self._again(fact, part=both(fact.detail.get("part", ""), part))
            found[at] = max(level, found.get(at, level))
        return found

    def _again(self, fact: Fact, **detail: str) -> int:
        """The number of the same fact, told more closely."""
        again = self.fact(
            fact.kind, fact.what, fact.line, fact.targets, **{**fact.detail, **detail}
        )
        again.resolved = fact.resolved
        return again.number

    def _parted(self, sources: Sources) -> bool:
        """Whether only a part is taken of what several sources went into, by what stands in it."""
        return parted(self.data_in(sources), *self.conditions)

    def data_in(self, sources: Sources) -> frozenset[int]:
        """The files and data sets among some sources."""
        return frozenset(
            number
            for number, level in sources.items()
            if level >= Level.MAYBE and self.facts[number].kind not in ("model", "env", "noise")
        )

    def feed(self, fact: Fact, *values: Value | None) -> None:
        """These values go into what the fact writes, sends or trains on."""
        fact.sources = merged((fact.sources, self.content(*values)))


def _is_of(fact: Fact, named: frozenset[int] | None) -> bool:
    """Whether a condition on names is about a file that is read."""
    return named is None or fact.number in named or any("*" in name for name in fact.targets)


def parted(data: frozenset[int], *conditions: Sources) -> bool:
    """Whether a condition on the content chooses among several sources."""
    return len(data) > 1 and any(data & condition.keys() for condition in conditions)


def shown(text: str) -> str:
    """A text with its unknown parts as ``*``."""
    while HOLE + HOLE in text:
        text = text.replace(HOLE + HOLE, HOLE)
    return text.replace(HOLE, "*")
