"""GPQA main: 448 questions of graduate level with four choices each.

The data is gated, and whoever gets it agrees not to show it.  Nobody may ship a checksum of text
that he may not have, so the first copy that has the right shape is remembered by its checksum, and
a later one must be the same; a file whose checksum others have reported is recognised as such.
No question gets into a message or a log; the canary string stays with every item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from ...catalog.sources import file_sha256
from ...errors import DataError
from ...records import write_json
from ...spec import Frozen
from .. import FetchedData, Progress
from . import origins, store
from .origins import Made
from .store import ITEMS_FILE
from .tables import Row, each, text

ITEMS = 448
KNOWN_FILES = ("acdeeac8f622267f2cd727d7d474202ea08dec80f7d3c3593b3ef8644f19b8e3",)
"""Checksums of ``gpqa_main.csv`` as public projects that evaluate on it have reported them."""
FIRST_USE_FILE = "gpqamain.first-use.json"
"""Beside the folder: the checksum of the items that this cache saw first."""

STEPS = (
    "GPQA is gated. Log in on the hub, open the page of the dataset Idavidrein/gpqa and accept its "
    "conditions; create a token with read access in your settings there; then set HF_TOKEN to it "
    f"or run `hf auth login`. Or put gpqa_main.csv into a folder and name that in "
    f"{origins.DATA_VARIABLE}"
)

_REPO = "Idavidrein/gpqa"
_REVISION = "633f5ee89ab8ad4522a9f850766b73f62147ffdd"
_HUB_FILE = "gpqa_main.csv"
_CHOICES = ("Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")
_GUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


class GpqaItem(Frozen):
    """A question; the right choice stands first and is shuffled before it is shown."""

    id: str
    """The published ``Record ID``."""
    question: str
    choices: tuple[str, str, str, str]
    domain: str
    subdomain: str
    canary: str


def fetch(cache: Path, progress: Progress) -> FetchedData:
    """The items' folder in ``cache``, filled if need be.

    Raises:
        DataError: no access (the advice names the steps), another shape, or other items than this
            cache saw first.
        StorageError: the cache cannot be written.
    """
    fetched = store.fetch(_collection(), cache, progress)
    first_use = fetched.folder.parent / FIRST_USE_FILE
    if not first_use.exists():
        write_json(first_use, {"sha256": fetched.source.sha256, "source": fetched.source.name})
    return fetched


def load(folder: Path) -> list[GpqaItem]:
    """All 448 items, in the published order, after checking them.

    Raises:
        DataError: missing, damaged, of another shape, or not the items of the first use.
    """
    items = store.read_items(folder, ITEMS_FILE, None, GpqaItem)
    _check_shape(items, folder / ITEMS_FILE)
    _check_first_use(folder)
    return items


def _collection() -> store.Collection:
    return store.Collection(
        name="GPQA",
        folder=f"gpqamain-{_REVISION[:12]}",
        load=load,
        pins={},
        advice=STEPS,
        origins=[
            *origins.user_origins(_REPO, [_HUB_FILE], [], _make),
            origins.hub_origin(_REPO, _REVISION, [_HUB_FILE], _make, gated=STEPS),
        ],
    )


def _make(files: Sequence[Path]) -> Made:
    known = file_sha256(files[0]) in KNOWN_FILES
    content = store.lines(each(files[0], _item))
    return Made({ITEMS_FILE: content}, note="" if known else "pinned at first use")


def _item(row: Row) -> GpqaItem:
    right, *wrong = (text(row, column) for column in _CHOICES)
    return GpqaItem(
        id=text(row, "Record ID"),
        question=text(row, "Question"),
        choices=(right, wrong[0], wrong[1], wrong[2]),
        domain=text(row, "High-level domain"),
        subdomain=text(row, "Subdomain"),
        canary=text(row, "Canary String"),
    )


def _check_shape(items: Sequence[GpqaItem], file: Path) -> None:
    problem = ""
    if len(items) != ITEMS:
        problem = f"{len(items)} items, GPQA main has {ITEMS}"
    elif len({item.id for item in items}) != ITEMS or not all(item.id.strip() for item in items):
        problem = "an empty Record ID, or one twice"
    elif len({item.canary for item in items}) != 1 or not _GUID.search(items[0].canary):
        problem = "no canary string, or not the same one in every row"
    elif hollow := [i.id for i in items if not all(map(str.strip, (i.question, *i.choices)))]:
        problem = f"an empty question or choice in {hollow[0]}"
    if problem:
        raise DataError(f"{file}: {problem}", advice=STEPS)


def _check_first_use(folder: Path) -> None:
    record = folder.parent / FIRST_USE_FILE
    try:
        seen = json.loads(record.read_bytes())["sha256"]
    except FileNotFoundError:
        return
    except (OSError, ValueError, LookupError, TypeError):
        raise DataError(
            f"{record} is damaged", advice="delete it and the folder beside it, and fetch again"
        ) from None
    found = store.read_manifest(folder).source.sha256
    if found != seen:
        raise DataError(
            f"{folder} has other items (sha256 {found}) than this cache saw first ({seen})",
            advice=f"find out which is right; delete {record} to accept the new ones",
        )
