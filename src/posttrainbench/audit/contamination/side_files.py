"""Do the submission's own small files carry text of the items: tokenizer, template, configuration?

An added token, a rule of the normaliser or a bias on the output needs no weights to answer a
question.  Only what differs from the base model's files is looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ...records import Evidence, Finding
from .. import Case
from ..files.documents import DocumentError, load_object, read_bounded
from ..files.opening import open_below
from ..files.quoting import quote
from ..policy import finding
from .matching import Matching
from .plain_words import words

LIMIT = 100_000_000
"""Bytes of the largest side file that is read."""
GRAM = 6
"""Words in a row that a side file and an item share only where one was made from the other."""
_FILES = (
    "tokenizer.json", "tokenizer_config.json", "generation_config.json", "config.json",
    "special_tokens_map.json", "added_tokens.json", "chat_template.json", "processor_config.json",
    "preprocessor_config.json",
)  # fmt: skip
_TEMPLATE = "chat_template.jinja"
_IDS = frozenset({"sequence_bias", "bad_words_ids", "force_words_ids", "forced_decoder_ids"})
_NUMBER = re.compile(r"\d{1,9}")
_MOST = 100_000
"""Lists of token ids that are decoded, and ids of one list."""


def side_files(check: str, case: Case, matching: Matching) -> Iterator[Finding]:
    """A finding, if any of the files carries text of the items."""
    if case.model is None or not case.model.is_dir():
        return
    grams = _grams(case)
    found: dict[int, Evidence] = {}
    for name, text in _texts(case.model, case.base, matching):
        file = f"submission/{name}"
        for sighting in matching.text(text):
            evidence = Evidence(
                file=file,
                item=case.items[sighting.item].id if sighting.item >= 0 else "",
                quote=quote(f"[{sighting.how}] {sighting.quote}"),
            )
            found.setdefault(sighting.item, evidence)
        told = words(text)
        for start in range(len(told) - GRAM + 1):
            gram = tuple(told[start : start + GRAM])
            if (item := grams.get(gram)) is not None and item not in found:
                shown = quote(f"[some of its words] {' '.join(gram)}")
                found[item] = Evidence(file=file, item=case.items[item].id, quote=shown)
    if found:
        ids = [case.items[item].id for item in sorted(found) if item >= 0]
        yield finding(
            check,
            "answers-in-side-files",
            f"tokenizer or configuration carry text of {len(ids)} benchmark items",
            found.values(),
            {"items_hit": len(ids), "items": len(case.items)},
            ids,
        )


def _grams(case: Case) -> dict[tuple[str, ...], int]:
    """Sequences of words that only one item has."""
    owners: dict[tuple[str, ...], int | None] = {}
    for number, item in enumerate(case.items):
        told = words(item.question)
        for start in range(len(told) - GRAM + 1):
            gram = tuple(told[start : start + GRAM])
            owners[gram] = number if owners.get(gram, number) == number else None
    return {gram: owner for gram, owner in owners.items() if owner is not None}


def _texts(model: Path, base: Path, matching: Matching) -> Iterator[tuple[str, str]]:
    """(file, text that the base model's file does not have)."""
    for name in _FILES:
        ours = _object(model / name)
        if not ours:
            continue
        theirs = _object(base / name)
        known = set(_strings(theirs))
        new = [text for text in _strings(ours) if text not in known]
        new += _decoded(ours, theirs, matching)
        if new:
            yield name, "\n".join(new)
    template = _plain(model)
    if template and template != _plain(base):
        yield _TEMPLATE, template


def _object(path: Path) -> dict[str, Any]:
    try:
        return load_object(path, limit=LIMIT)
    except DocumentError:
        return {}


def _plain(folder: Path) -> str:
    try:
        descriptor = open_below(folder, _TEMPLATE)
    except OSError:
        return ""
    try:
        return read_bounded(descriptor, LIMIT).decode("utf-8", "replace")
    except DocumentError:
        return ""
    finally:
        os.close(descriptor)


def _strings(document: Any) -> Iterator[str]:
    """All strings and keys, as they read; numbers of a vocabulary do not matter."""
    pending = [document]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            yield _read(node)
        elif isinstance(node, dict):
            for key, value in node.items():
                yield _read(str(key))
                pending.append(value)
        elif isinstance(node, list):
            pending.extend(reversed(node))


def _read(token: str) -> str:
    return token.replace("Ġ", " ").replace("▁", " ")


def _decoded(ours: dict[str, Any], theirs: dict[str, Any], matching: Matching) -> list[str]:
    """Lists of token ids in settings of the generation, as text by the base model's tokenizer."""
    if matching.vocabulary is None:
        return []
    lists = (
        ids
        for key in sorted(_IDS.intersection(ours))
        if ours[key] != theirs.get(key)
        for ids in _id_lists(ours[key])
    )
    return [matching.vocabulary.text(np.array(ids, np.int64)) for ids in islice(lists, _MOST)]


def _id_lists(value: Any) -> Iterator[list[int]]:
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            for key, inner in node.items():
                pending.append(inner)
                # A bias stands under a tuple of ids, written as text.
                numbers = [int(number) for number in _NUMBER.findall(str(key)[:_MOST])]
                if numbers:
                    yield numbers
        elif isinstance(node, list):
            if node and all(isinstance(part, int) and 0 <= part < 1 << 31 for part in node):
                yield node[:_MOST]
            else:
                pending.extend(node)
