"""One parsed shell text, and the recovery of what a parser could not make sense of."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .heredocs import Stripped

Node = Any

_MOST_LINES = 2000
_MOST_TOGETHER = 40
"""Lines that are tried as one statement."""
_MOST_TRIED, _EACH = 4_000_000, 200
"""Bytes that are parsed again in all, and what a try costs beside its bytes."""
_LONGEST_CRUDE = 20_000
_ASCII = bytes(range(128)) + b"%" * 128
_SPECIAL = re.compile(r"""[\\"`$]""")


@lru_cache(maxsize=1)
def _language() -> Any:
    import tree_sitter_bash
    from tree_sitter import Language

    return Language(tree_sitter_bash.language())


def parse(raw: bytes) -> Node:
    """The root of the syntax tree; it keeps its tree alive.

    The grammar's scanner looks characters up in tables of C that end early: a brace before a rare
    character crashes it.  So it is shown a ``%``, which means as little to a shell, for every byte
    beyond ASCII; offsets stay, and words are taken from the text itself.

    Garbage can take time and memory that grow with the square of its length: what may be parsed
    where is decided by ``Work.parse``.
    """
    from tree_sitter import Parser

    return Parser(_language()).parse(raw.translate(_ASCII)).root_node


def damaged(node: Node) -> bool:
    """Whether something in a node could not be parsed."""
    return bool(node.has_error or node.is_error or node.is_missing)


def regions(root: Node) -> Iterator[tuple[list[Node], bool]]:
    """The statements of a text in runs that are sound, or damaged."""
    run: list[Node] = []
    broken = root.is_error
    if broken:
        yield [root], True
        return
    for child in root.children:
        if damaged(child) != broken and run:
            yield run, broken
            run = []
        broken = damaged(child)
        run.append(child)
    if run:
        yield run, broken


def pieces(raw: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """A damaged passage in pieces of whole lines: (lines before it, text, whether it is sound).

    Lines are put together until they parse; one that never does is given alone.
    """
    lines = raw.split(b"\n")
    start, left = 0, _MOST_TRIED
    while start < len(lines):
        tries = min(_MOST_TOGETHER, len(lines) - start) if start < _MOST_LINES else 0
        for count in range(1, tries + 1):
            piece = b"\n".join(lines[start : start + count])
            left -= len(piece) + _EACH
            if left < 0:
                tries = 0
                break
            if not damaged(parse(piece)):
                yield start, piece, True
                start += count
                break
        else:
            if tries:
                yield start, lines[start], False
                start += 1
        if not tries:
            yield start, b"\n".join(lines[start:]), False
            return


def crude(text: str) -> list[list[str]]:
    """Words of a line that cannot be parsed, by quotes and separators only."""
    text = text[:_LONGEST_CRUDE]
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word and not word.strip(";&|()"):
                commands.append([])
            else:
                commands[-1].append(word)
    except ValueError:  # a quote that is never closed
        commands.append(text.split())
    return [command for command in commands if command]


def crude_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, words) of a text that nothing could parse."""
    for number, line in enumerate(text.split("\n"), start=1):
        for words in crude(line):
            yield number, words


def quotation(stripped: Stripped, raw: bytes) -> str:
    """A short quotation of a passage, heredocs as ``<<``."""
    text = raw[:400].decode("utf-8", "replace")
    return re.sub(f"< {stripped.mark}[0-9]*{stripped.mark}", "<<...", text)[:120]


def as_string(body: str) -> str:
    """A heredoc's body as a text in double quotes, so that its expansions can be parsed."""
    out: list[str] = ['"']
    position = 0
    while found := _SPECIAL.search(body, position):
        out.append(body[position : found.start()])
        position = _special(body, found.start(), out)
    out += [body[position:], '"']
    return "".join(out)


def _special(body: str, at: int, out: list[str]) -> int:
    """Copy what begins at a special character; where it ends."""
    character, following = body[at], body[at + 1 : at + 2]
    if character == '"':
        out.append('\\"')
        return at + 1
    if character == "\\":
        if following and following in "$`\\\n":
            out.append(body[at : at + 2])
            return at + 2
        out.append("\\\\")
        return at + 1
    end = at + 1
    if character == "`":
        end = body.find("`", at + 1) + 1 or at
    elif following and following in "({":
        end = _closed(body, at + 1)
    if end == at:  # never closed: the shell would not have run it
        out.append("\\" + character)
        return at + 1
    out.append(body[at:end])
    return end


def _closed(body: str, start: int) -> int:
    """Behind the bracket that closes the one at ``start``; before it when none does."""
    opening, closing, depth = body[start], {"(": ")", "{": "}"}[body[start]], 0
    for position in range(start, min(len(body), start + _LONGEST_CRUDE)):
        if body[position] == opening:
            depth += 1
        elif body[position] == closing:
            depth -= 1
            if not depth:
                return position + 1
    return start - 1
