"""Reading and writing record files: atomic, durable, strict, and with errors a person can use."""

from __future__ import annotations

import json
import os
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import RecordError, StorageError

Model = TypeVar("Model", bound=BaseModel)

TEMPORARY = ".tmp-"
"""Prefix of names that a crash may leave behind; whoever holds the lease may delete them."""


def now() -> str:
    """The worker's clock: UTC, milliseconds, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def temporary_beside(path: Path) -> Path:
    """A fresh name in the same folder, so that a rename onto ``path`` is atomic."""
    return path.with_name(f"{TEMPORARY}{path.name}-{uuid.uuid4().hex[:8]}")


def write_bytes(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content``: a reader sees the old file or the whole new one.

    Raises:
        StorageError: the disk is full, read-only or not ours to write.
    """
    temporary = temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        publish(temporary, path)
    except OSError as error:
        with suppress(OSError):  # its folder may be a file
            temporary.unlink(missing_ok=True)
        raise storage_error(path, error) from error


def publish(temporary: Path, path: Path) -> None:
    """Rename a finished temporary file or folder to its final name, durably."""
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, document: BaseModel | dict[str, Any]) -> None:
    """Write one document as indented JSON."""
    data = document.model_dump(mode="json") if isinstance(document, BaseModel) else document
    write_bytes(path, (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode())


def read_json(path: Path, model: type[Model]) -> Model:
    """Read one document.

    Raises:
        RecordError: missing, not JSON, or not of the schema that this version knows.
    """
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise RecordError(
            f"{path} does not exist", advice="is this a run directory, and did that stage run?"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(
            f"{path} cannot be read: {error}",
            advice="move the file away and run `ptb worker RUN_DIR` to have the stage repeated",
        ) from error
    return parse(path, data, model)


def parse(path: Path, data: Any, model: type[Model]) -> Model:
    """Check ``data`` against the schema; ``path`` serves the error message."""
    known = str(model.model_fields["schema_version"].default)
    found = data.get("schema_version") if isinstance(data, dict) else None
    if found != known:
        raise RecordError(
            f"{path} has the schema {found!r}, this version of posttrainbench reads {known!r}",
            advice="use the package version that wrote it, or a newer one",
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise RecordError(
            f"{path} is damaged: {key}: {first['msg']}", advice="restore the file from a copy"
        ) from error


def storage_error(path: Path, error: OSError) -> StorageError:
    """The same refusal in words, with what to do."""
    return StorageError(
        f"cannot write {path}: {error.strerror or error}",
        advice="free some space or permissions there, then start `ptb worker RUN_DIR` again: "
        "it goes on where it stopped",
    )
