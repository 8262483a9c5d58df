"""What the scripted model says: a list of steps, one a turn of the conversation.

    [{"text": "I look around.", "shell": "ls"}, {"text": "Done."}]

The step is found by counting the assistant's turns in the request itself, so a request that is
sent again replays its step, and requests beside the conversation do not use one up.  The last step
stays for all turns after it.

A sub-agent has a conversation of its own and gets steps of its own: those under the words that its
first message holds.  Both forms mean the same:

    {"main": [{"tool": "Agent", ...}, ...], "agents": {"count the files": [{"shell": "ls"}, ...]}}
    [{"tool": "Agent", ...}, ..., {"when": "count the files", "shell": "ls"}, ...]
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from ..errors import SpecError
from .steps import Step, Strict, Words


class Script(Strict):
    """Steps of the conversation, and of sub-agents by words of their first message."""

    main: Annotated[list[Step], Field(min_length=1)]
    agents: dict[Words, Annotated[list[Step], Field(min_length=1)]] = Field(default_factory=dict)

    def steps(self, opening: str) -> tuple[str, list[Step]]:
        """The words that chose them (empty: the main ones) and the steps for a conversation."""
        for words, steps in self.agents.items():
            if words in opening:
                return words, steps
        return "", self.main


Given = Script | Sequence[Step | Mapping[str, Any]] | Mapping[str, Any]


def make_script(given: Given, where: str = "script") -> Script:
    """A script out of what was given: steps, plain data, or a document with ``main``.

    Raises:
        SpecError: names ``where``, the key and what is wrong with it.
    """
    if isinstance(given, Script):
        return given
    data: Any = given
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        data = _sorted(given)
    elif isinstance(given, Mapping):
        data = dict(given)
    else:
        raise SpecError(f"{where} holds no script", advice="give a list of steps, or an object")
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        raise SpecError(f"{where}: {_told(error)}", advice=f"a step has: {_KEYS}") from None


def read_script(path: Path) -> Script:
    """A script from a JSON file.

    Raises:
        SpecError: it cannot be read, or holds no script.
    """
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError(
            f"{path} cannot be read as JSON: {error}", advice="give a list of steps"
        ) from None
    return make_script(data, str(path))


_KEYS = ", ".join(Step.model_fields)


def _sorted(steps: Sequence[Any]) -> dict[str, Any]:
    """A plain list, with the steps of sub-agents put under their words."""
    agents: dict[str, list[Any]] = {}
    main: list[Any] = []
    for step in steps:
        when = step.get("when") if isinstance(step, Mapping) else getattr(step, "when", "")
        (agents.setdefault(when, []) if when and isinstance(when, str) else main).append(step)
    return {"main": main, "agents": agents}


def _told(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        key = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]
        ).lstrip(".")
        reason = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{key or '(whole script)'}: {reason}")
    return "; ".join(lines)
