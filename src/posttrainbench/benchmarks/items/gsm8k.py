"""GSM8K: the 1319 test items, and the ten of the train split that stand before each as examples.

Ids and the split of an answer into reasoning and number are inspect-evals'; so are the ten
examples: the train split, shuffled by ``datasets`` with seed 42.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from ...errors import DataError
from ...spec import Frozen
from .. import FetchedData, Progress
from . import origins, store
from .origins import Made
from .store import ITEMS_FILE
from .tables import Row, each, text

SHOTS_FILE = "shots.jsonl"
ITEMS_SHA256 = "d99231b55bbc93001207568b0f475644b00a0645198fa2667c70a6c7015dd565"
"""Checksum of ``items.jsonl``: the test split."""
SHOTS_SHA256 = "d2162379f6ffc98df264ef9d061b2c15e50e15b454d3a76c9d06c60f8f2d3a9a"
"""Checksum of ``shots.jsonl``."""

SHOT_ROWS = (3082, 2184, 5897, 2437, 6330, 819, 3812, 5878, 5302, 5876)
"""Rows of the train split: the first ten after ``datasets`` shuffled its 7473 with seed 42."""
TRAIN_ROWS = 7473

_REPO = "openai/gsm8k"
_REVISION = "cc7b047b6e5bb11b4f1af84efc572db110a51b3c"
_HUB_FILES = ("main/test-00000-of-00001.parquet", "main/train-00000-of-00001.parquet")


class Gsm8kItem(Frozen):
    """A word problem, worked and answered."""

    id: str
    question: str
    reasoning: str
    """The published steps, with their ``<<calculator marks>>``."""
    answer: str
    """What stands after ``####``: "18", "14,000", "-3"."""


def fetch(cache: Path, progress: Progress) -> FetchedData:
    """The items' folder in ``cache``, filled if need be.

    Raises:
        DataError: no source can be reached, or what came is not what was pinned.
        StorageError: the cache cannot be written.
    """
    return store.fetch(_collection(), cache, progress)


def load(folder: Path) -> list[Gsm8kItem]:
    """All 1319 test items, in the published order, after checking them.

    Raises:
        DataError: missing, damaged, or not the pinned items.
    """
    return store.read_items(folder, ITEMS_FILE, ITEMS_SHA256, Gsm8kItem)


def load_shots(folder: Path) -> list[Gsm8kItem]:
    """The ten examples, in the order in which they are shown.

    Raises:
        DataError: missing, damaged, or not the pinned ones.
    """
    return store.read_items(folder, SHOTS_FILE, SHOTS_SHA256, Gsm8kItem)


def users_train_split() -> list[Gsm8kItem]:
    """The train split from the folder that ``$PTB_DATA`` names; empty where it has none."""
    named = os.environ.get(origins.DATA_VARIABLE)
    file = Path(named).expanduser() / "gsm8k" / "train.jsonl" if named else None
    if file is None or not file.is_file():
        return []
    rows = each(file, _item)
    return list(rows) if len(rows) == TRAIN_ROWS else []


def _collection() -> store.Collection:
    pins = {ITEMS_FILE: ITEMS_SHA256, SHOTS_FILE: SHOTS_SHA256}
    plain = [["gsm8k/test.jsonl", "gsm8k/train.jsonl"]]
    return store.Collection(
        name="GSM8K",
        folder=f"gsm8k-{store.identity(pins)[:12]}",
        load=lambda folder: [*load(folder), *load_shots(folder)],
        pins=pins,
        origins=[
            *origins.user_origins(_REPO, _HUB_FILES, plain, _make),
            origins.hub_origin(_REPO, _REVISION, _HUB_FILES, _make),
        ],
    )


def _make(files: Sequence[Path]) -> Made:
    test, train = (each(file, _item) for file in files)
    if len(train) != TRAIN_ROWS:
        raise DataError(f"{files[1].name} has {len(train)} rows, the train split has {TRAIN_ROWS}")
    shots = [train[row] for row in SHOT_ROWS]
    return Made({ITEMS_FILE: store.lines(test), SHOTS_FILE: store.lines(shots)})


def _item(row: Row) -> Gsm8kItem:
    question = text(row, "question")
    reasoning, mark, answer = text(row, "answer").rpartition("####")
    if not mark:
        raise ValueError("the answer has no ####")
    digest = hashlib.md5(question.encode(), usedforsecurity=False).hexdigest()
    return Gsm8kItem(
        id=f"gsm8k_{digest[:8]}",
        question=question,
        reasoning=reasoning.strip(),
        answer=answer.strip(),
    )
