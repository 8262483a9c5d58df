"""BFCL's exec_simple items: fetched once, written in one canonical form, checked at every load.

Three publications of the same 100 items exist: one file on the hub, two files in the wheel of the
benchmark's own package, and loaders that fill absent keys with null.  All of them normalise to the
same bytes, so one checksum pins them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...spec import Frozen
from .. import FetchedData, Progress
from . import origins, store
from .origins import Made
from .store import ITEMS_FILE, MANIFEST_FILE, Manifest, read_manifest
from .tables import rows

__all__ = [
    "ITEMS_FILE", "ITEMS_SHA256", "MANIFEST_FILE", "BfclItem", "Manifest", "canonical", "fetch",
    "load", "read_manifest",
]  # fmt: skip

ITEMS_SHA256 = "5d74af475082b691c1a7aada04809e93016aadf68d4cece28f5e1adfaa603258"
"""Checksum of ``items.jsonl``."""

_REPO = "gorilla-llm/Berkeley-Function-Calling-Leaderboard"
_REVISION = "1bf8bbc3c0e35d04d00339c223a3fd653aa195ac"
_HUB_FILE = "BFCL_v3_exec_simple.json"
_PACKAGE, _VERSION = "bfcl-eval", "2026.3.23"
_WHEEL_SHA256 = "3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a"
_MEMBERS = tuple(
    f"bfcl_eval/data/unused_datasets/{part}/BFCL_v4_exec_simple.json"
    for part in ("question", "possible_answer")
)


class BfclItem(Frozen):
    """One user turn, the one function on offer, and the call that answers it."""

    id: str
    question: str
    function: dict[str, Any]
    """Name, description and parameters in BFCL's own schema dialect, in the published order."""
    ground_truth: str
    """A Python call with literal keyword arguments; parsed, never run."""


def fetch(cache: Path, progress: Progress) -> FetchedData:
    """The items' folder in ``cache``, filled if need be.

    Raises:
        DataError: no source can be reached, or what came is not what was pinned.
        StorageError: the cache cannot be written.
    """
    return store.fetch(_collection(), cache, progress)


def load(folder: Path) -> list[BfclItem]:
    """All 100 items, in order, after checking them.

    Raises:
        DataError: missing, damaged, or not the pinned items.
    """
    return store.read_items(folder, ITEMS_FILE, ITEMS_SHA256, BfclItem)


def canonical(records: Iterable[dict[str, Any]]) -> bytes:
    """Published records as the lines of ``items.jsonl``.

    Args:
        records: each with ``id``, ``question``, ``function`` and ``ground_truth`` as published.

    Raises:
        DataError: a record does not have one user turn, one function and one call.
    """
    items = [_normalise(record) for record in records]
    items.sort(key=_number)
    return store.lines(items)


def _collection() -> store.Collection:
    one_file = [["bfcl_exec_simple.jsonl"]]
    return store.Collection(
        name="BFCL",
        folder=f"bfcl-exec-simple-{ITEMS_SHA256[:12]}",
        load=load,
        pins={ITEMS_FILE: ITEMS_SHA256},
        origins=[
            *origins.user_origins(_REPO, [_HUB_FILE], one_file, _from_one_file),
            origins.hub_origin(_REPO, _REVISION, [_HUB_FILE], _from_one_file),
            origins.wheel_origin(_PACKAGE, _VERSION, _WHEEL_SHA256, _MEMBERS, _from_two_files),
        ],
    )


def _from_one_file(files: Sequence[Path]) -> Made:
    return Made({ITEMS_FILE: canonical(rows(files[0]))})


def _from_two_files(files: Sequence[Path]) -> Made:
    questions, answers = (rows(file) for file in files)
    truths = {answer.get("id"): answer.get("ground_truth") for answer in answers}
    joined = ({**row, "ground_truth": truths.get(row.get("id"))} for row in questions)
    return Made({ITEMS_FILE: canonical(joined)})


def _normalise(record: dict[str, Any]) -> BfclItem:
    try:
        [[turn]] = record["question"]
        [function] = record["function"]
        [truth] = record["ground_truth"]
        if turn["role"] != "user":
            raise ValueError(f"the turn's role is {turn['role']!r}")
        return BfclItem(
            id=record["id"],
            question=turn["content"],
            function=_without_null(function),
            ground_truth=truth,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"the BFCL record {record.get('id')!r} does not have one user turn, one function "
            f"and one answer: {error}"
        ) from error


def _without_null(value: Any) -> Any:
    """Drop keys whose value is null: table loaders add them, the schema does not need them."""
    if isinstance(value, dict):
        return {key: _without_null(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_null(part) for part in value]
    return value


def _number(item: BfclItem) -> tuple[int, str]:
    digits = item.id.rpartition("_")[2]
    return (int(digits) if digits.isdecimal() else -1, item.id)
