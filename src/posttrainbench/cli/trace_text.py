"""Texts of a trace made short and readable."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ..records import TokenUse, total
from ..traces.events import Call
from ..traces.safe_json import plain

_COMMANDS = ("command", "cmd", "script")
_SHELLS = ("sh", "bash", "zsh", "dash")
_LONGEST_LINE = 500


def body_lines(text: str) -> Iterator[str]:
    """The lines of a text, without empty ones at its end."""
    yield from text.rstrip().replace("\r\n", "\n").split("\n")


def shortened(text: str, most: int | None) -> Iterator[str]:
    """The first and last lines of a text, with a word on what is left out.

    Args:
        most: lines; ``None``: all of them, whole.
    """
    lines = list(body_lines(text))
    if most is None:
        yield from lines
        return
    if len(lines) <= most:
        yield from (_line(line) for line in lines)
        return
    head, tail = most - most // 2, most // 2
    yield from (_line(line) for line in lines[:head])
    yield f"... {len(lines) - most} more lines (--full shows all)"
    yield from (_line(line) for line in lines[len(lines) - tail :])


def _line(line: str) -> str:
    left = len(line) - _LONGEST_LINE
    return line if left <= 0 else f"{line[:_LONGEST_LINE]}... ({left} more characters)"


def command_of(call: Call) -> tuple[str | None, str]:
    """The shell command of a call, if it is one, and its other arguments in words."""
    arguments = dict(call.arguments)
    for key in _COMMANDS:
        found = _command(arguments.get(key))
        if found is not None:
            del arguments[key]
            more = _arguments(arguments, "  ")
            return found, f"\n{more}" if more else ""
    return None, _arguments(arguments, "")


def _command(value: Any) -> str | None:
    """The text of a command, out of the shell that it is wrapped in."""
    if isinstance(value, str):
        try:
            words = shlex.split(value) if len(value) < 100_000 else []
        except ValueError:
            words = []
    elif isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        words, value = value, shlex.join(value)
    else:
        return None
    wrapped = len(words) == 3 and words[1] in ("-c", "-lc") and "\0" not in words[2]
    return words[2] if wrapped and words[0].rpartition("/")[2] in _SHELLS else value


def _arguments(arguments: Mapping[str, Any], indent: str) -> str:
    return "\n".join(f"{indent}{key}: {_value(value)}" for key, value in arguments.items())


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)


def tokens(models: Mapping[str, TokenUse]) -> str:
    """Tokens and dollars over all models, in words."""
    use = total(dict(models))
    cost = "" if use.cost_usd is None else f", ${use.cost_usd:.4f}"
    return f"{use.input:,} tokens in, {use.output:,} out{cost}"
