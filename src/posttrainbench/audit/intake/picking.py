"""Look into what the agent left as ``final_model``, refuse what is odd, and copy the rest."""

from __future__ import annotations

import os
import posixpath
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from ...errors import SubmissionError
from ...records import FileEntry
from ...units import format_size
from ..files.opening import open_below, open_folder
from ..files.quoting import safe_name, shown_name
from ..files.walk import Walk
from .copying import Method, copy_file
from .found import LISTED, Found, Intake, choose_weights
from .model_files import is_trainer_state, role, sniff

MAX_FILES = 100_000
MAX_TAKEN = 300
ALLOWANCE = 2 * 10**9
"""Bytes that a submission may have beyond three times the base model."""


def look_into(final_model: Path, seen_as: str, base_size: int, intake: Intake) -> None:
    """Fill ``intake``, and open what is to be taken over.

    Args:
        final_model: exists, as anything.
        seen_as: path at which the agent saw the folder that holds ``final_model``.
        base_size: bytes of the base model's folder.
        intake: empty; the caller closes it.

    Raises:
        SubmissionError: see the table in :mod:`.submission`.
    """
    parents = [parent.rstrip("/") for parent in (seen_as, str(final_model.parent)) if parent]
    root = _real_folder(final_model, parents)
    limit = 3 * base_size + ALLOWANCE
    links = _list(root, intake)
    if not any(entry.kind != "folder" for entry in intake.found):
        raise SubmissionError("empty", f"{final_model.name} holds no file")
    prefixes = [f"{parent}/{name}" for parent in parents for name in (final_model.name, root.name)]
    for entry in intake.found:
        _admit(entry, root, prefixes, links, limit)
    choose_weights(intake.found)
    total = sum(entry.size for entry in intake.taken)
    if total > limit:
        raise _too_large("the model", total, limit)
    if len(intake.taken) > MAX_TAKEN:
        raise SubmissionError("too-many-files", f"the model has {len(intake.taken)} files")


def copy_all(intake: Intake, target: Path, progress: Callable[[str], None] | None) -> Method:
    """Copy what is taken over into the folder ``target``.

    Raises:
        SubmissionError: a file is not what its name says, or cannot be read.
        StorageError: our disk refuses.
    """
    total = format_size(sum(entry.size for entry in intake.taken))
    done, said = 0, time.monotonic()

    def count(size: int) -> None:
        nonlocal done, said
        done += size
        if progress and time.monotonic() - said >= 1:
            said = time.monotonic()
            progress(f"copying the submission: {format_size(done)} of {total}")

    methods: set[Method] = set()
    for entry in intake.taken:
        if entry.descriptor is None:
            continue
        if form := sniff(_head(entry)):
            raise SubmissionError(form, f"{shown_name(entry.name)} is not what its name says")
        methods.add(
            copy_file(entry.descriptor, target / entry.name, limit=entry.size, progress=count)
        )
    return "reflink" if methods == {"reflink"} else "copy"


def _real_folder(final_model: Path, parents: Sequence[str]) -> Path:
    """The folder itself; a link is good when it stays in the folder that holds it."""
    parent, path = final_model.parent, final_model.name
    if final_model.is_symlink():
        target = str(final_model.readlink())
        inside = resolve(target, parents)
        if inside is None:
            raise _outside(final_model.name, target)
        path = inside
    try:
        os.close(open_folder(parent, path.split("/")))
    except OSError as error:
        raise SubmissionError(
            "not-a-folder",
            f"{final_model.name} is no folder that can be opened: {error.strerror}",
            advice="make it a folder with the saved model in it",
        ) from None
    return parent / path


def _list(root: Path, intake: Intake) -> Counter[tuple[int, int]]:
    """Note everything below ``root``; how often each file stands there, by its identity."""
    links: Counter[tuple[int, int]] = Counter()
    walk = Walk(root, max_entries=MAX_FILES, gaps=intake.gaps)
    for seen, node in enumerate(walk):
        if seen >= MAX_FILES - 1:
            raise SubmissionError("too-many-files", f"final_model holds over {seen} paths")
        if node.kind == "file":
            links[node.status.st_dev, node.status.st_ino] += 1
        size = node.status.st_size if node.kind == "file" else 0
        target = node.readlink() if node.kind == "symlink" else None
        if node.depth == 0:
            intake.found.append(Found(node.name, node.kind, size, target))
        elif len(intake.below) < LISTED:
            shown = None if target is None else safe_name(target)
            intake.below.append(
                FileEntry(
                    path=safe_name(node.path), kind=node.kind, size=size, target=shown, kept=False
                )
            )
    return links


def _admit(
    entry: Found,
    root: Path,
    prefixes: Sequence[str],
    links: Counter[tuple[int, int]],
    limit: int,
) -> None:
    """Refuse what is odd, decide about the rest by its name, open what is taken over."""
    shown = shown_name(entry.name)
    if entry.kind == "other":
        raise SubmissionError("special-file", f"{shown} is a fifo, a socket or a device")
    if entry.kind == "folder":
        entry.left_out = "subfolders, which no loader reads"
        return
    descriptor = _open(entry, root, prefixes)
    if descriptor is None:
        entry.left_out = "links to folders"
        return
    status = os.fstat(descriptor)
    entry.size = status.st_size
    wanted = role(entry.name)
    if wanted in ("weights", "index", "side"):
        entry.descriptor = descriptor
    else:
        os.close(descriptor)
    if status.st_nlink > max(1, links[status.st_dev, status.st_ino]):
        raise SubmissionError(
            "hard-link",
            f"{shown} is a hard link to a file outside final_model",
            advice="copy files into final_model, do not link them",
        )
    if entry.size > limit and not is_trainer_state(entry.name):
        raise _too_large(shown, entry.size, limit)
    if wanted == "code":
        raise SubmissionError(
            "code", f"{shown} is program code", advice="keep scripts outside final_model"
        )
    if wanted == "pickle":
        entry.left_out = "pickles, which nobody opens"
    elif wanted == "ignored":
        entry.left_out = "no part of a model"


def _open(entry: Found, root: Path, prefixes: Sequence[str]) -> int | None:
    """The regular file behind the entry; ``None`` when a link leads to a folder inside."""
    path: str | None = entry.name
    if entry.target is not None:
        path = resolve(entry.target, prefixes)
    if path is None:
        raise _outside(entry.name, entry.target or "")
    try:
        return open_below(root, path)
    except OSError as error:
        if entry.target is None:
            raise SubmissionError(
                "unreadable", f"{shown_name(entry.name)} cannot be read: {error.strerror}"
            ) from None
    try:
        os.close(open_folder(root, path.split("/")))
    except OSError:
        raise _outside(entry.name, entry.target or "") from None
    return None


def resolve(target: str, prefixes: Sequence[str]) -> str | None:
    """The path inside a folder that a link directly in it points to, as text alone.

    Args:
        target: what the link says.
        prefixes: absolute paths under which the folder was known to whoever wrote the link.

    Returns:
        A relative path without ``..``; ``None`` when it leads outside, or to the folder itself.
    """
    path = posixpath.normpath(target)
    if path.startswith("/"):
        below = [path[len(known) + 1 :] for known in prefixes if path.startswith(f"{known}/")]
        return below[0] if below else None
    return None if path in (".", "..") or path.startswith("../") else path


def _head(entry: Found) -> bytes:
    try:
        return os.pread(entry.descriptor or 0, 16, 0)
    except OSError as error:
        raise SubmissionError(
            "unreadable", f"{shown_name(entry.name)} cannot be read: {error.strerror}"
        ) from None


def _outside(name: str, target: str) -> SubmissionError:
    return SubmissionError(
        "symlink-outside",
        f"{shown_name(name)} is a symlink to {shown_name(target)}, which is no file in the folder",
        advice="copy files into final_model, do not link them",
    )


def _too_large(what: str, size: int, limit: int) -> SubmissionError:
    return SubmissionError(
        "too-large",
        f"{what} has {format_size(size)}, more than the limit of {format_size(limit)} "
        "(three times the base model and 2 GB)",
    )
