"""A request and its answer, before they are put into the words of one API."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .schemas import mapping
from .steps import Tokens

Piece = tuple[str, Any]
"""Name (may be empty) and data of one event of a stream."""

_CALL_ID = re.compile(r"[a-z]+_([0-9a-f]{16})_\d+")


@dataclass(frozen=True)
class Tool:
    """A tool that a request offers."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    free: bool = False
    """Whether it takes free text instead of arguments."""
    namespace: str = ""


@dataclass(frozen=True)
class Asked:
    """What every API's request comes to."""

    model: str
    stream: bool
    turns: int
    """Of the assistant, in the history."""
    opening: str
    """Everything that the user said before the first of them."""
    tools: tuple[Tool, ...] = ()
    wanted: Mapping[str, Any] | None = None
    """Schema of the JSON that the answer has to be; empty where any will do."""


@dataclass(frozen=True)
class Use:
    """A call that the model makes."""

    id: str
    tool: Tool
    input: dict[str, Any] | str

    @property
    def json(self) -> str:
        """The arguments as text."""
        return self.input if isinstance(self.input, str) else json.dumps(self.input)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments as an object, for APIs that know no free text."""
        return {"input": self.input} if isinstance(self.input, str) else self.input


@dataclass(frozen=True)
class Turn:
    """What the model says and does."""

    model: str
    text: str = ""
    reasoning: str = ""
    uses: tuple[Use, ...] = ()
    tokens: Tokens = field(default_factory=Tokens)


def count_turns(entries: Iterable[tuple[bool, Iterable[str]]]) -> int:
    """Turns of the assistant in a history.

    Neighbours are one turn.  So are calls that were made in one turn and of which every one is
    followed by its own result: our ids tell.

    Args:
        entries: for each entry whether it is the assistant's, and the ids of the calls in it.
    """
    turns, inside, seen = 0, False, set[str]()
    for own, ids in entries:
        if own:
            marks = {found[1] for one in ids if (found := _CALL_ID.fullmatch(one))}
            if not inside and not (marks and marks <= seen):
                turns += 1
            seen |= marks
        inside = own
    return turns


def halves(text: str) -> list[str]:
    """A text in two pieces, as a stream brings it."""
    middle = (len(text) + 1) // 2
    return [part for part in (text[:middle], text[middle:]) if part]


def words(content: Any) -> str:
    """The text of a message's content: a string, or parts with a ``text``."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (mapping(part).get("text") for part in parts)
    return "\n".join(text for text in texts if isinstance(text, str))


def new_id(prefix: str) -> str:
    """An id that nothing else has."""
    return prefix + secrets.token_hex(12)
