"""What a shell knows at one point of a text: variables, folder, functions; and what bounds us."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

LONGEST_WORD = 2_000_000
MOST_COMMANDS = 20_000
MOST_STEPS = 100_000
MOST_CHARACTERS = 32_000_000
MOST_NOTES = 100
MOST_PARSES = 3000
MOST_PARSED = 8_000_000
DEEPEST = 60
"""Constructs within constructs, and texts within texts, that are followed."""
_MOST_NAMES = 10_000

Value = str | tuple[str, ...] | None
"""A variable's: one word, an array, or ``None`` where it is set to something that is not known."""


class EnoughError(Exception):
    """A bound is reached; what has been found so far is kept."""


class LargeError(Exception):
    """A text is too long to be parsed in this process."""


class DeepError(Exception):
    """Constructs are nested too deep; this one is left out."""


@dataclass(slots=True)
class Work:
    """What one reading of a text has used up."""

    largest: int = LONGEST_WORD
    """Bytes of the longest text that may be parsed here."""
    steps: int = 0
    characters: int = 0
    pipelines: int = 0
    parses: int = 0
    parsed: int = 0
    """Bytes."""
    depth: int = 0
    notes: list[tuple[int, str]] = field(default_factory=list)

    def step(self) -> None:
        """One more statement, or one more piece of a word.

        Raises:
            EnoughError: it is one too many.
        """
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise EnoughError("too many statements; the rest was left out")

    def parse(self, size: int) -> None:
        """One more text to be parsed.

        Raises:
            EnoughError: they are too many, or too long together.
            LargeError: this one is for a process of its own.
        """
        if size > self.largest:
            raise LargeError
        self.parses, self.parsed = self.parses + 1, self.parsed + size
        if self.parses > MOST_PARSES or self.parsed > MOST_PARSED:
            raise EnoughError("too much text within text; the rest was left out")

    def words(self, size: int) -> None:
        """Characters that words were made of.

        Raises:
            EnoughError: they are too many.
        """
        self.characters += size
        if self.characters > MOST_CHARACTERS:
            raise EnoughError("its words grow too large; the rest was left out")

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level down.

        Raises:
            DeepError: it is one too many.
        """
        if self.depth >= DEEPEST:
            raise DeepError
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    def note(self, line: int, what: str) -> None:
        """Something was not understood."""
        if len(self.notes) < MOST_NOTES and (line, what) not in self.notes:
            self.notes.append((line, what))


@dataclass(slots=True)
class Scope:
    """One shell or sub-shell."""

    cwd: str = ""
    args: tuple[str, ...] | None = None
    """Positional parameters; ``None`` where they are not known."""
    values: dict[str, Value] = field(default_factory=dict)
    exported: dict[str, None] = field(default_factory=dict)
    functions: dict[str, Any] = field(default_factory=dict)
    inside: tuple[str, ...] = ()
    before: str = ""
    """The folder before the last ``cd``."""

    def fork(self, what: str) -> Scope:
        """A sub-shell: what it sets is its own."""
        return replace(
            self,
            values=dict(self.values),
            exported=dict(self.exported),
            functions=dict(self.functions),
            inside=(*self.inside, what) if what else self.inside,
        )

    @contextmanager
    def part(self, what: str) -> Iterator[Scope]:
        """A part of the same shell: what it sets stays set."""
        before = self.inside
        self.inside = (*before, what)
        try:
            yield self
        finally:
            self.inside = before

    @property
    def sure(self) -> bool:
        """Whether what stands here is run for certain when its text is."""
        return not any(one in ("if", "case", "while") for one in self.inside)

    def assign(self, name: str, value: Value, *, append: bool = False) -> None:
        """Set a variable; one that only a branch sets may also have kept its old value."""
        known = self.values.get(name)
        if append:
            if isinstance(known, str) and isinstance(value, str):
                value = (known + value)[:LONGEST_WORD]
            elif isinstance(known, tuple) and isinstance(value, tuple):
                value = (known + value)[:_MOST_NAMES]
            elif name in self.values:
                value = None
        if not self.sure and name in self.values and known != value:
            value = None
        if len(self.values) < _MOST_NAMES or name in self.values:
            self.values[name] = value

    def environment(self) -> tuple[tuple[str, str], ...]:
        """Exported variables whose values are known."""
        pairs = ((name, self.values.get(name)) for name in self.exported)
        return tuple((name, value) for name, value in pairs if isinstance(value, str))

    def enter(self, path: str | None) -> None:
        """``cd``."""
        old = self.cwd
        if path is None or path in ("", "~", "$HOME"):
            self.cwd = "~"
        elif path == "-":
            self.cwd = self.before or self.cwd
        else:
            self.cwd = joined(self.cwd, path)
        self.before = old


def joined(folder: str, path: str) -> str:
    """A path seen from a folder; ``~``, ``$X`` and the like at its start count as absolute."""
    whole = path if path[:1] in ("/", "~", "$") else posixpath.join(folder, path)
    whole = posixpath.normpath(whole[:4096])
    return "/" + whole.lstrip("/") if whole.startswith("/") else whole
