"""What a document is for, told by its content: logs of evaluations, indexes for cleaning data ...

Items stand in such files without having been trained on.  The answer excuses nothing: anybody can
give training data the looks of a log, so whoever asks also looks whether the file reached training.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, Literal

from .shapes import Document, Form

Purpose = Literal["", "evaluator-log", "predictions", "decontamination-index", "items-copy"]
"""``evaluator-log``: inspect's own, or one of another harness.  ``predictions``: answers of a model
beside the right ones, as self-written evaluations keep them.  ``decontamination-index``: n-grams,
hashes or ids to compare with, or rows that were taken out of training data, and why.
``items-copy``: a data set as a library stores what it downloads.  Empty: none of these."""

_START = 200_000
"""Characters that are looked at."""
_KEY = re.compile(r'"([A-Za-z][\w .-]{0,60})"\s*:')
_HARNESS = ({"doc_id", "resps"}, {"doc_id", "filtered_resps"}, {"doc_id", "doc", "arguments"})
_INSPECT = {"version", "status", "eval", "plan"}
_INDEX = re.compile(
    r"(?:is_|was_|num_|n_|max_)?(?:decontam\w*|contaminat\w*|overlap\w*|removed\w*|dropped\w*|leak\w*"
    r"|n_?grams?|blocklist|blacklist|matched_\w+|matching_\w+|test_(?:hash\w*|index|id|item))"
)
_ANSWERED = re.compile(r"(?:model_)?(?:pred\w*|generat\w*|output|completion|response|answer_given)")
_GRADED = re.compile(
    r"(?:is_)?(?:correct|gold\w*|target|expected\w*|reference\w*|passed|score|match)"
)
_ROW = frozenset(
    {"messages", "conversations", "prompt", "instruction", "text", "question", "input", "chosen"}
)
_DIGEST = re.compile(r"(?:[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64})")
_PUNCTUATION = re.compile(r"[A-Z?!.;]")
_FEWEST_LINES = 20
_SHARE = 0.9
_TABLES: frozenset[Form] = frozenset({"arrow", "parquet", "json", "jsonl", "csv"})
_LIBRARY = re.compile(
    r"(?:^|/)(?:datasets--[^/]+/(?:snapshots|blobs)/|huggingface/datasets/|inspect_evals/)"
)
_DERIVED = re.compile(r"(?:^|/)(?:cache-[0-9a-f]{8,}|tmp\w+)[^/]*$")


def purpose(
    document: Document, start: str, name: str = "", beside: Collection[str] = ()
) -> Purpose:
    """What the document is for, as far as its beginning tells.

    Args:
        start: text of its first pieces; some thousand characters are enough.
        name: path of the file, as the agent named it.
        beside: names of the other files in its folder.
    """
    start = start[:_START]
    if document.form == "inspect-log":
        return "evaluator-log"
    row = _first_row(start) if document.form in ("json", "jsonl") else {}
    keys = set(row) or set(_KEY.findall(start[:4000]))
    if keys >= _INSPECT or any(marks <= keys for marks in _HARNESS):
        return "evaluator-log"
    if _is_index(row, keys, document.form) or _is_list_of_marks(start, document.form):
        return "decontamination-index"
    small = {key.lower() for key in row}
    if any(map(_ANSWERED.fullmatch, small)) and any(map(_GRADED.fullmatch, small)):
        return "predictions"
    stored = "dataset_info.json" in beside or _LIBRARY.search(name)
    if stored and document.form in _TABLES and not _DERIVED.search(name):
        return "items-copy"
    return ""


def _first_row(start: str) -> dict[str, Any]:
    """The first object in JSON or JSON Lines, if it ends within ``start``."""
    place = start.find("{")
    if place < 0 or start[:place].strip(" \r\n\t[\ufeff"):
        return {}
    try:
        row, _ = json.JSONDecoder().raw_decode(start, place)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def _is_index(row: dict[str, Any], keys: set[str], form: Form) -> bool:
    """Whether the keys speak of taking rows out; a training row may have a flag that says no."""
    if form not in ("json", "jsonl", "csv"):
        return False
    marks = [key for key in keys if _INDEX.fullmatch(key.lower())]
    if not marks:
        return False
    if _ROW.isdisjoint(key.lower() for key in keys):
        return True
    return any(
        row.get(key) not in (None, False, 0, 0.0, "", "false", "no", [], {}) for key in marks
    )


def _is_list_of_marks(start: str, form: Form) -> bool:
    """Whether it lists hashes, or n-grams: lower-case, without sentences, all of one length."""
    if form in ("json", "jsonl"):
        lines = re.findall(r'"((?:[^"\\]|\\.)*)"', start)
    else:
        lines = [line for line in start.split("\n")[:-1] if line]
    lines = [line.strip() for line in lines[:2000]]
    if len(lines) < _FEWEST_LINES:
        return False
    digests = sum(_DIGEST.fullmatch(line) is not None for line in lines)
    if digests > _SHARE * len(lines):
        return True
    lengths = [len(line.split()) for line in lines]
    usual = max(set(lengths), key=lengths.count)
    plain = sum(
        length == usual and not _PUNCTUATION.search(line)
        for length, line in zip(lengths, lines, strict=True)
    )
    return 4 < usual < 31 and plain > _SHARE * len(lines)
