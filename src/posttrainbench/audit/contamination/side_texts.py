"""What the small files of a submission say beyond the base model's: strings, rules and token ids.

Tokenizer, templates and configurations are read as data; nothing in them is run.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..files.documents import DocumentError, read_bounded
from ..files.opening import FILE
from ..intake.model_files import SIDE_FILES
from ..reading.vocabulary import Vocabulary

LIMIT = 100_000_000
"""Bytes of the largest side file that is read; Gemma's tokenizer.json has 33 million."""
FEWEST_IDS = 3
"""Shorter lists of token ids tell nothing."""
FEWEST_WORDS = 3
"""Of what a template compares with."""
_NUMBER = re.compile(r"\d{1,9}")
_CLASS = re.compile(r"(?:\\[a-zA-Z]|\[[^\]]{0,200}\])(?:[*+?]|\{[\d,]{1,9}\})?|[\[\](){}|.]")
_MARK = re.compile(r"[\\^$*+?]")
_LITERAL = re.compile(r"'([^'\n]{1,2000})'|\"([^\"\n]{1,2000})\"")
_MOST = 100_000
"""Lists of token ids that are decoded, and ids of one list."""

Ids = tuple[int, ...]


@dataclass(frozen=True)
class SideText:
    """What one file says that the base model's does not."""

    file: str
    strings: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """What rules that replace text look for, and what a template compares with."""
    unread: str = ""
    """Why it is not known."""


def side_texts(model: Path, base: Path, vocabulary: Vocabulary | None) -> Iterator[SideText]:
    """Every side file that differs from the base model's.

    Args:
        vocabulary: of the base model; without one, token ids stay unread.
    """
    for name in sorted(SIDE_FILES):
        if not os.path.lexists(model / name):
            continue
        try:
            ours = _bytes(model / name)
        except (DocumentError, OSError) as error:
            yield SideText(name, unread=str(error))
            continue
        try:
            theirs = _bytes((base / name).resolve())  # a hub's cache holds links
        except (DocumentError, OSError):
            theirs = b""
        if ours == theirs:
            continue
        document = _object(ours) if name.endswith(".json") else None
        if document is None:
            found = _of_lines(name, ours, theirs)
        else:
            found = _of_object(name, document, _object(theirs) or {}, vocabulary)
        if found.strings or found.rules:
            yield found


def _of_object(
    name: str, ours: dict[str, Any], theirs: dict[str, Any], vocabulary: Vocabulary | None
) -> SideText:
    known = set(_strings(theirs))
    new = [text for text in _strings(ours) if text not in known]
    if vocabulary is not None:
        old = set(_id_lists(theirs))
        lists = (ids for ids in _id_lists(ours) if ids not in old)
        new += [vocabulary.text(np.array(ids, np.int64)) for ids in islice(lists, _MOST)]
    same = set(_rules(theirs))
    return SideText(name, tuple(new), tuple(rule for rule in _rules(ours) if rule not in same))


def _of_lines(name: str, ours: bytes, theirs: bytes) -> SideText:
    known = set(_read(theirs.decode("utf-8", "replace")).split("\n"))
    lines = _read(ours.decode("utf-8", "replace")).split("\n")
    new = tuple(line for line in lines if line not in known)
    rules = _literals("\n".join(new)) if name.endswith(".jinja") else ()
    return SideText(name, new, tuple(rules))


def _bytes(path: Path) -> bytes:
    descriptor = os.open(path, FILE)
    try:
        return read_bounded(descriptor, LIMIT)
    finally:
        os.close(descriptor)


def _object(raw: bytes) -> dict[str, Any] | None:
    """``None`` where it is no JSON object."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _nodes(document: Any) -> Iterator[Any]:
    """Every part of a parsed document, in its order."""
    pending = [document]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, dict):
            pending.extend(reversed(node.values()))
        elif isinstance(node, list):
            pending.extend(reversed(node))


def _strings(document: Any) -> Iterator[str]:
    """All strings and keys, as they read; numbers of a vocabulary do not matter."""
    for node in _nodes(document):
        if isinstance(node, str):
            yield _read(node)
        elif isinstance(node, dict):
            yield from (_read(str(key)) for key in node)


def _read(token: str) -> str:
    """Blanks as tokenizers write them."""
    return token.replace("\u0120", " ").replace("\u2581", " ")


def _rules(document: Any) -> Iterator[str]:
    """What ``Replace`` rules of a tokenizer look for, and templates that stand in a setting."""
    for node in _nodes(document):
        if not isinstance(node, dict):
            continue
        pattern = node.get("pattern")
        if isinstance(pattern, dict) and "content" in node:
            yield from (_loosened(p) for p in pattern.values() if isinstance(p, str))
        template = node.get("chat_template", node.get("template"))
        if isinstance(template, str):
            yield from _literals(template)


def _loosened(pattern: str) -> str:
    """The words that a regular expression looks for."""
    return _read(_MARK.sub("", _CLASS.sub(" ", pattern)))


def _literals(template: str) -> Iterator[str]:
    """Texts of some words; every template has literals such as ``'assistant'``."""
    for match in _LITERAL.finditer(template):
        text = match[1] or match[2]
        if len(text.split()) >= FEWEST_WORDS:
            yield text


def _id_lists(document: Any) -> Iterator[Ids]:
    """Whatever may be token ids in their order."""
    for node in _nodes(document):
        if isinstance(node, list):
            yield from _ids_in(node)
        elif isinstance(node, dict):
            for key in node:
                # A bias stands under a tuple of ids, written as text.
                numbers = tuple(map(int, _NUMBER.findall(str(key)[:_MOST])))
                if len(numbers) >= FEWEST_IDS:
                    yield numbers


def _ids_in(node: list[Any]) -> Iterator[Ids]:
    if len(node) < FEWEST_IDS:
        return
    if _are_ids(node):
        yield tuple(node[:_MOST])
    elif all(isinstance(part, list) and len(part) < FEWEST_IDS and _are_ids(part) for part in node):
        # One list for each token, or pairs of a place and a token.
        yield tuple(part[-1] for part in node[:_MOST] if part)


def _are_ids(node: list[Any]) -> bool:
    return all(isinstance(part, int) and 0 <= part < 1 << 31 for part in node)
