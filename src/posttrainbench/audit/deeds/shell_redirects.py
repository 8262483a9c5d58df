"""Where a command's input comes from and its output goes: ``>``, ``<``, heredocs, here-strings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from .command import Command, Redirect
from .heredocs import Heredoc
from .scope import Scope
from .shell_words import Words

Node = Any

SIGNS = ("file_redirect", "heredoc_redirect", "herestring_redirect")


@dataclass(frozen=True, slots=True)
class Said:
    """What comes out of a command, and so goes into the next one of a pipeline."""

    text: str | None = None
    sources: tuple[str, ...] = ()
    known: bool = True
    """Whether ``text`` has nothing in it that could not be resolved."""

    def then(self, other: Said) -> Said:
        """One after the other."""
        whole = None
        if self.text is not None and other.text is not None:
            whole = self.text + other.text
        return Said(whole, self.sources + other.sources, self.known and other.known)


NOTHING = Said("")
UNKNOWN = Said()


@dataclass(frozen=True, slots=True)
class Taken:
    """What the redirects of a command say."""

    redirects: tuple[Redirect, ...]
    given: Said
    """What comes in."""
    known: bool
    words: tuple[str, ...] = ()
    """Words of the command itself that stand behind a target: ``> file word``."""

    @property
    def away(self) -> bool:
        """Whether what the command prints goes into a file."""
        return any(one.takes_stdout for one in self.redirects)


def taken(
    signs: Iterable[Node],
    scope: Scope,
    given: Said,
    words: Words,
    heredoc: Callable[[Heredoc, Scope], tuple[str, bool]],
) -> Taken:
    """Read the redirects of a command.

    Args:
        given: what comes in by a pipe.
        heredoc: puts the variables into a heredoc's body; says whether all were known.
    """
    redirects: list[Redirect] = []
    rest: list[str] = []
    known = True
    for sign in signs:
        descriptor, operator, targets = _parts(sign, words)
        if not targets:
            continue
        text, sure = words.word(targets[0], scope)
        found = words.stripped.of(text) if operator == "<" else None
        string = words.stripped.here_string(text) if operator == "<" else None
        if string is not None:
            given = given if descriptor else Said(string + "\n", known=sure)
        elif found is not None:
            if not descriptor:
                body, sure = heredoc(found, scope)
                given = Said(body, known=sure)
        else:
            if operator == "<" and not descriptor:
                given = Said(None, (text,))
            redirects.append(Redirect(operator, text, descriptor))
            known = known and sure
        for target in targets[1:]:
            more, sure = words.words(target, scope)
            rest += more
            known = known and sure
    return Taken(tuple(redirects), given, known, tuple(rest))


def _parts(sign: Node, words: Words) -> tuple[int | None, str, list[Node]]:
    """Descriptor, operator and the words behind it."""
    descriptor, operator, targets = None, "", []
    for child in sign.children:
        if child.type == "file_descriptor":
            number = words.source(child)
            descriptor = int(number) if number.isdecimal() and len(number) < 4 else None
        elif child.is_named:
            targets.append(child)
        elif not targets:
            operator = operator or child.type
    return descriptor, operator, targets


def redirect_group(out: list[Command], first: int, group: Taken) -> None:
    """Redirects of a group are those of each command in it; all but the first append."""
    redirects = group.redirects
    for place in range(first, len(out)):
        command = out[place]
        out[place] = replace(
            command,
            redirects=(*command.redirects, *redirects),
            literal=command.literal and group.known,
        )
        if command.stdout != "":
            redirects = tuple(
                replace(one, op=">>") if one.op in (">", ">|") else one for one in redirects
            )
