"""AIME 2025: 30 problems, I.1-15 then II.1-15, each with an integer from 0 to 999 as its answer.

Copies differ in wording (spaces, figures as source).  Ids and answers are pinned by a checksum
always; the wording is recognised by the checksum of the published file or of the canonical items.
Another wording with the right answers is taken, but its source says so, and it may not change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ...catalog.sources import file_sha256
from ...errors import DataError
from ...spec import Frozen
from .. import FetchedData, Progress
from . import origins, store
from .origins import Made
from .store import ITEMS_FILE
from .tables import Row, each, text

ANSWERS_SHA256 = "d3bcb1d973086ec84034d9595a8a4a0f62c74b35708a8acbc5048fed979bbda7"
"""Checksum over a line ``id TAB answer`` for every item."""
WORDINGS = ("be2b68399396a6a3a53512221cda746edf94288cf368ad66a15a9529e37f66f2",)
"""Checksums of ``items.jsonl`` with a wording that was checked: matharena's."""
HUB_FILE_SHA256 = "b4e273c02d3e7fe1b74b59eae768fc8230bfb0f79539890cb56f4361caac0331"
"""Checksum of the hub's ``test.jsonl`` at the pinned revision."""

_REPO = "math-ai/aime25"
_REVISION = "563bb8404243c5f09de6ec262f2db674fe5bce9b"
_HUB_FILE = "test.jsonl"


class AimeItem(Frozen):
    """One problem."""

    id: str
    """"0" to "29"."""
    problem: str
    """LaTeX."""
    answer: str
    """An integer from 0 to 999, as text without leading zeros."""


def fetch(cache: Path, progress: Progress) -> FetchedData:
    """The items' folder in ``cache``, filled if need be.

    Raises:
        DataError: no source can be reached, or ids and answers are not the pinned ones.
        StorageError: the cache cannot be written.
    """
    return store.fetch(_collection(), cache, progress)


def load(folder: Path) -> list[AimeItem]:
    """All 30 items, in order, after checking ids, answers, and that no word changed.

    Raises:
        DataError: missing, damaged, or not the pinned items.
    """
    items = store.read_items(folder, ITEMS_FILE, None, AimeItem)
    found = _answers_sha256(items)
    if found != ANSWERS_SHA256:
        raise DataError(
            f"ids and answers in {folder / ITEMS_FILE} have the sha256 {found}, pinned is "
            f"{ANSWERS_SHA256}",
            advice=store.AGAIN,
        )
    return items


def _collection() -> store.Collection:
    return store.Collection(
        name="AIME 2025",
        folder=f"aime2025-{ANSWERS_SHA256[:12]}",
        load=load,
        pins={},
        origins=[
            *origins.user_origins(
                _REPO, [_HUB_FILE], [["aime2025.jsonl"], ["aime25.jsonl"]], _make
            ),
            origins.hub_origin(_REPO, _REVISION, [_HUB_FILE], _make),
        ],
    )


def _make(files: Sequence[Path]) -> Made:
    items = each(files[0], _item)
    content = store.lines(items)
    known = hashlib.sha256(content).hexdigest() in WORDINGS
    known = known or file_sha256(files[0]) == HUB_FILE_SHA256
    return Made({ITEMS_FILE: content}, note="" if known else "wording not pinned")


def _item(row: Row) -> AimeItem:
    answer = row.get("answer")  # text or a number, depending on the copy
    if isinstance(answer, bool) or not isinstance(answer, int | str):
        raise ValueError("'answer' is no integer")
    return AimeItem(id=str(row["id"]), problem=text(row, "problem"), answer=str(int(answer)))


def _answers_sha256(items: Sequence[AimeItem]) -> str:
    table = "".join(f"{item.id}\t{item.answer}\n" for item in items)
    return hashlib.sha256(table.encode()).hexdigest()
