"""HealthBench's easy subset: 245 conversations with the rubric items that physicians wrote.

The subset is named by its prompt ids (``healthbench_easy_ids.txt``): at least five turns, rubric
items about completeness, at most two negative ones.  The publishers ask that items are not shown in
plain text; no text of theirs gets into a message, and the canary string stays with every item.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as package_files
from pathlib import Path

from ...errors import DataError
from ...spec import Frozen
from .. import FetchedData, Progress
from . import origins, store
from .origins import Made
from .store import ITEMS_FILE
from .tables import Row, each, text

ITEMS_SHA256 = "5bad588d898a19f84e58564b1de54de80344b9257340892bc3419bd86f5f9a90"
"""Checksum of ``items.jsonl``."""

_REPO = "openai/healthbench"
_REVISION = "40ee1968852fc57f625934251ac22be47077a8fb"
_HUB_FILE = "2025-05-07-06-14-12_oss_eval.jsonl"
_PLAIN = [["healthbench_easy.jsonl"], ["healthbench.jsonl"]]


class Turn(Frozen):
    """One message of a conversation."""

    role: str
    content: str


class Rubric(Frozen):
    """One thing that an answer should or should not do."""

    criterion: str
    points: float
    """Negative for what an answer should not do."""
    tags: tuple[str, ...]
    """``level:..`` and ``axis:..``."""


class HealthItem(Frozen):
    """A conversation to be continued by one answer."""

    id: str
    """The published ``prompt_id``."""
    messages: tuple[Turn, ...]
    rubrics: tuple[Rubric, ...]
    tags: tuple[str, ...]
    """The example's own tags, ``theme:..`` among them."""
    canary: str


def easy_ids() -> tuple[str, ...]:
    """The subset's 245 prompt ids, in the order in which they are asked."""
    file = package_files(__package__) / "healthbench_easy_ids.txt"
    return tuple(file.read_text(encoding="utf-8").split())


def fetch(cache: Path, progress: Progress) -> FetchedData:
    """The items' folder in ``cache``, filled if need be.

    Raises:
        DataError: no source can be reached, or what came is not what was pinned.
        StorageError: the cache cannot be written.
    """
    return store.fetch(_collection(), cache, progress)


def load(folder: Path) -> list[HealthItem]:
    """All 245 items, in the order of the ids, after checking them.

    Raises:
        DataError: missing, damaged, or not the pinned items.
    """
    return store.read_items(folder, ITEMS_FILE, ITEMS_SHA256, HealthItem)


def _collection() -> store.Collection:
    return store.Collection(
        name="HealthBench",
        folder=f"healthbench-easy-{ITEMS_SHA256[:12]}",
        load=load,
        pins={ITEMS_FILE: ITEMS_SHA256},
        origins=[
            *origins.user_origins(_REPO, [_HUB_FILE], _PLAIN, _make),
            origins.hub_origin(_REPO, _REVISION, [_HUB_FILE], _make),
        ],
    )


def _make(files: Sequence[Path]) -> Made:
    wanted = easy_ids()
    known = set(wanted)
    chosen = {
        item.id: item
        for item in each(
            files[0], lambda row: _item(row) if row.get("prompt_id") in known else None
        )
        if item is not None
    }
    missing = [name for name in wanted if name not in chosen]
    if missing:
        raise DataError(
            f"{files[0].name} lacks {len(missing)} of the {len(wanted)} prompt ids, "
            f"{missing[0]} for one"
        )
    return Made({ITEMS_FILE: store.lines(chosen[name] for name in wanted)})


def _item(row: Row) -> HealthItem:
    return HealthItem(
        id=text(row, "prompt_id"),
        messages=tuple(
            Turn(role=text(t, "role"), content=text(t, "content")) for t in row["prompt"]
        ),
        rubrics=tuple(
            Rubric(criterion=text(r, "criterion"), points=r["points"], tags=tuple(r["tags"]))
            for r in row["rubrics"]
        ),
        tags=tuple(row["example_tags"]),
        canary=text(row, "canary"),
    )
