"""BFCL's exec_simple items: fetched once, written in one canonical form, checked at every load.

Three publications of the same 100 items exist: one file on the hub, two files in the wheel of the
benchmark's own package, and loaders that fill absent keys with null.  All of them normalise to the
same bytes, so one checksum pins them all.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ..catalog.sources import first_source, hub_file, wheel_member
from ..errors import DataError
from ..records import Source, publish, temporary_beside, write_bytes, write_json
from ..records.files import storage_error
from ..spec import Frozen
from . import FetchedData, Progress

ITEMS_SHA256 = "5d74af475082b691c1a7aada04809e93016aadf68d4cece28f5e1adfaa603258"
"""Checksum of ``items.jsonl``."""
ITEMS_FILE = "items.jsonl"
MANIFEST_FILE = "manifest.json"

_REPO = "gorilla-llm/Berkeley-Function-Calling-Leaderboard"
_REVISION = "1bf8bbc3c0e35d04d00339c223a3fd653aa195ac"
_HUB_FILE = "BFCL_v3_exec_simple.json"
_PACKAGE, _VERSION = "bfcl-eval", "2026.3.23"
_WHEEL_SHA256 = "3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a"
_MEMBERS = tuple(
    f"bfcl_eval/data/unused_datasets/{part}/BFCL_v4_exec_simple.json"
    for part in ("question", "possible_answer")
)
_ADVICE = "delete the folder; the items are fetched again at the next start"


class BfclItem(Frozen):
    """One user turn, the one function on offer, and the call that answers it."""

    id: str
    question: str
    function: dict[str, Any]
    """Name, description and parameters in BFCL's own schema dialect, in the published order."""
    ground_truth: str
    """A Python call with literal keyword arguments; parsed, never run."""


class Manifest(Frozen):
    """``manifest.json``: where the items came from."""

    name: str
    source: Source
    items: int = Field(gt=0)


def fetch(cache: Path, progress: Progress) -> FetchedData:
    """The items' folder in ``cache``, filled if need be.

    Two processes may do this at the same time: each prepares a folder of its own, one wins.

    Raises:
        DataError: no source can be reached, or what came is not what was pinned.
    """
    folder = cache / "benchmarks" / f"bfcl-exec-simple-{ITEMS_SHA256[:12]}"
    if folder.is_dir():
        try:
            load(folder)
            return FetchedData(folder, read_manifest(folder).source)
        except DataError as error:
            progress(f"fetching the BFCL items again: {error.what}")
            shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        download = temporary_beside(folder)
        download.mkdir()
    except OSError as error:
        raise storage_error(folder, error) from error
    try:
        progress("fetching the BFCL items")
        manifest = _download(download)
        try:
            publish(download, folder)
        except OSError as error:  # the other process was faster
            if not folder.is_dir():
                raise storage_error(folder, error) from error
    finally:
        shutil.rmtree(download, ignore_errors=True)
    load(folder)
    progress(f"BFCL: {manifest.items} items from {manifest.source.name}")
    return FetchedData(folder, read_manifest(folder).source)


def load(folder: Path) -> list[BfclItem]:
    """All 100 items, in order, after checking them.

    Raises:
        DataError: missing, damaged, or not the pinned items.
    """
    file = folder / ITEMS_FILE
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror}", advice=_ADVICE) from error
    found = hashlib.sha256(content).hexdigest()
    if found != ITEMS_SHA256:
        raise DataError(
            f"{file} has the sha256 {found}, pinned is {ITEMS_SHA256}",
            advice=_ADVICE,
        )
    return [BfclItem.model_validate_json(line) for line in content.splitlines()]


def read_manifest(folder: Path) -> Manifest:
    """Where the items of a folder came from.

    Raises:
        DataError: missing or damaged.
    """
    file = folder / MANIFEST_FILE
    try:
        return Manifest.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(f"cannot read {file}", advice=_ADVICE) from error


def canonical(records: Iterable[dict[str, Any]]) -> bytes:
    """Published records as the lines of ``items.jsonl``.

    Args:
        records: each with ``id``, ``question``, ``function`` and ``ground_truth`` as published.

    Raises:
        DataError: a record does not have one user turn, one function and one call.
    """
    items = sorted((_normalise(record) for record in records), key=_number)
    lines = (
        json.dumps(item.model_dump(), ensure_ascii=False, separators=(",", ":")) for item in items
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _download(folder: Path) -> Manifest:
    def from_hub() -> tuple[bytes, Source]:
        file = hub_file(_REPO, _HUB_FILE, _REVISION, "dataset", folder / "source" / "hub.json")
        content = _checked(canonical(_records(file)))
        return content, Source(name=_REPO, kind="hub", revision=_REVISION, sha256=ITEMS_SHA256)

    def from_wheel() -> tuple[bytes, Source]:
        files = wheel_member(f"{_PACKAGE}=={_VERSION}", _WHEEL_SHA256, _MEMBERS, folder / "source")
        questions, answers = (list(_records(file)) for file in files)
        truths = {answer.get("id"): answer.get("ground_truth") for answer in answers}
        joined = [{**q, "ground_truth": truths.get(q.get("id"))} for q in questions]
        content = _checked(canonical(joined))
        return content, Source(
            name=_PACKAGE, kind="package", revision=_VERSION, sha256=ITEMS_SHA256
        )

    _, (content, source) = first_source(
        "the BFCL items", [(_REPO, from_hub), (f"package {_PACKAGE}", from_wheel)]
    )
    shutil.rmtree(folder / "source", ignore_errors=True)
    manifest = Manifest(name="bfcl exec_simple", source=source, items=content.count(b"\n"))
    write_bytes(folder / ITEMS_FILE, content)
    write_json(folder / MANIFEST_FILE, manifest)
    return manifest


def _checked(content: bytes) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != ITEMS_SHA256:
        raise DataError(
            f"the items have the canonical sha256 {found}, pinned is {ITEMS_SHA256}",
            advice="the publication has changed; use the pinned revision",
        )
    return content


def _records(file: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise DataError(f"{file.name}, line {number} is not JSON") from error
        if not isinstance(record, dict):
            raise DataError(f"{file.name}, line {number} is no JSON object")
        yield record


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
