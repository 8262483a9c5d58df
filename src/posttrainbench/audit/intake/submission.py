"""Take ``final_model`` over: only what a loader needs, into a copy that the agent cannot reach.

What is refused, by the stable code in the record:

=====================  =============================================================================
code                   what is wrong
=====================  =============================================================================
``not-a-folder``       ``final_model`` is a file, or a link to something that is no folder
``empty``              there is no file in it
``symlink-outside``    a link leaves the folder, dangles, or passes through another link
``special-file``       a fifo, socket or device
``hard-link``          a file has another name outside the folder
``too-large``          far larger than the base model (by its nominal size: sparse files count)
``too-many-files``     more than a model folder can sensibly hold
``unreadable``         a file cannot be read
``code``               program code beside the model, or under the name of a model file
``pickle``             the weights are a pickle, or a pickle stands under another name
``adapter-only``       an adapter that is not merged into the model
``weights-missing``    no safetensors weights, or shards are missing
``index-broken``       the index of shards is no index, points elsewhere, or disagrees with them
``safetensors-corrupt``  the header of a weights file cannot be true
``config-broken``      ``config.json`` is absent or no JSON object
``remote-code``        a config asks the loader to run code of the submission
``architecture``       another architecture, missing tensors or other shapes than the base model's
``dtype``              weights that are no floating-point numbers
``not-finite``         weights that are NaN or infinite
=====================  =============================================================================
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ... import __version__
from ...errors import DataError, MissingRequirementError, SubmissionError
from ...records import FileEntry, Submission, now, publish, temporary_beside
from ...records.files import storage_error
from ...records.hashing import combine, hash_files
from ..files.documents import DocumentError, load_object
from ..files.erase import erase
from ..files.quoting import quote
from ..weights.tensors import ModelTensors
from .architecture import (
    Comparison,
    compare_configs,
    compare_tensors,
    compare_vocabulary,
    head_is_tied,
)
from .copying import Method
from .found import Intake
from .model_files import CONFIG
from .picking import copy_all, look_into
from .side_files import check_side_files, restore_side_files

Progress = Callable[[str], None]


def take_over(
    final_model: Path,
    base: Path,
    destination: Path,
    *,
    progress: Progress | None = None,
    seen_as: str = "",
) -> Submission:
    """Copy the submission to ``destination``, check it there, and say what it is.

    A refused submission is a record, not an error; nothing of it stays.  ``destination`` appears
    whole or not at all; one that stands there from an earlier, interrupted call is replaced.

    Args:
        final_model: what the agent left; it may be absent, or anything.
        base: the base model's folder, ours.
        destination: where the copy goes.
        progress: called now and then with a line for a person.
        seen_as: path at which the agent saw the parent of ``final_model``; links written with it
            are understood as links inside the folder.

    Raises:
        DataError: the base model itself cannot be read.
        StorageError: our disk refuses.
        MissingRequirementError: NumPy is not installed.
    """
    if not os.path.lexists(final_model):
        return _record("missing", detail="there is no final_model")
    intake = Intake()
    temporary = temporary_beside(destination)
    try:
        look_into(final_model, seen_as, _folder_size(base), intake)
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir(mode=0o755)
        method = copy_all(intake, temporary, progress)
        accepted = _check_copy(temporary, base, intake, method, progress)
        if os.path.lexists(destination):
            erase(destination)
        publish(temporary, destination)
    except SubmissionError as refusal:
        return _record(
            "refused",
            reason=refusal.code,
            detail=quote(str(refusal.what), 1000),
            files=intake.listing(),
        )
    except OSError as error:
        raise storage_error(destination, error) from error
    finally:
        intake.close()
        if temporary.exists():
            erase(temporary)
    return accepted


def _check_copy(
    copy: Path, base: Path, intake: Intake, method: Method, progress: Progress | None
) -> Submission:
    """Everything that is checked on our copy, where nobody can change it any more."""
    notes = list(intake.notes())
    config = check_side_files(copy, notes)
    restored = restore_side_files(copy, base)
    if restored:
        notes.append(f"restored from the base model: {', '.join(restored)}")
    comparison, identical = _check_weights(copy, base, config, progress)
    notes += comparison.notes
    hashes = hash_files(copy, progress=progress)
    return _record(
        "accepted",
        detail="; ".join(notes),
        model_hash=combine(hashes),
        identical_to_base=identical,
        files=intake.listing(hashes),
        side_files_restored=restored,
        renamed_tensors=comparison.renamed,
        copy_method=method,
        size=_folder_size(copy),
    )


def _check_weights(
    copy: Path, base: Path, config: dict[str, Any], progress: Progress | None
) -> tuple[Comparison, bool]:
    try:
        from ..weights.values import inspect
    except ImportError as error:
        raise MissingRequirementError(
            f"weights cannot be looked into: {error}", advice="pip install 'posttrainbench[eval]'"
        ) from error
    with _open_base(base) as ours, ModelTensors(copy) as theirs:
        base_config = _base_config(base)
        compare_configs(base_config, config)
        expected = {name: stored.tensor for name, stored in ours.tensors.items()}
        given = {name: stored.tensor for name, stored in theirs.tensors.items()}
        tied = head_is_tied(expected, base_config)
        comparison = compare_tensors(expected, given, tied=tied)
        compare_vocabulary(config, given)
        seen = inspect(theirs, ours, progress)
    if seen.not_finite:
        raise SubmissionError(
            "not-finite",
            f"{quote(seen.not_finite, 160)} holds NaN or infinity",
            advice="training diverged; submit an earlier checkpoint",
        )
    return comparison, seen.identical


def _open_base(base: Path) -> ModelTensors:
    try:
        return ModelTensors(base, trusted=True)
    except SubmissionError as error:
        raise DataError(
            f"the base model in {base} cannot be read: {error.what}",
            advice="delete it from the cache and let it be fetched again",
        ) from error


def _base_config(base: Path) -> dict[str, Any]:
    try:
        return load_object((base / CONFIG).resolve())
    except DocumentError as error:
        raise DataError(
            f"the base model's {base / CONFIG} cannot be used: {error}",
            advice="delete the model from the cache and let it be fetched again",
        ) from error


def _folder_size(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}") from error


def _record(status: str, *, files: tuple[FileEntry, ...] = (), **fields: Any) -> Submission:
    return Submission.model_validate(
        {"at": now(), "package_version": __version__, "status": status, "files": files, **fields}
    )
