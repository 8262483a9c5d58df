"""What lay in ``final_model``, and which of it is the model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...errors import SubmissionError
from ...records import FileEntry
from ..files.opening import Kind
from ..files.quoting import safe_name, shown_name
from ..weights.tensors import INDEX, SINGLE, read_index
from .model_files import ADAPTER_WEIGHTS, is_trainer_state, role

LISTED = 1000
"""How many paths the record lists."""


@dataclass
class Found:
    """One path directly in the model folder, and what is done with it."""

    name: str
    kind: Kind
    size: int = 0
    target: str | None = None
    descriptor: int | None = None
    """Open when the file is taken over."""
    left_out: str = ""
    """Why it is not taken over."""


@dataclass
class Intake:
    """What was found; holds the files open that are taken over."""

    found: list[Found] = field(default_factory=list)
    below: list[FileEntry] = field(default_factory=list)
    """What lies in subfolders, which no loader reads."""
    gaps: list[str] = field(default_factory=list)

    @property
    def taken(self) -> list[Found]:
        """The files that are taken over."""
        return [entry for entry in self.found if entry.descriptor is not None]

    def close(self) -> None:
        for entry in self.found:
            if entry.descriptor is not None:
                os.close(entry.descriptor)
                entry.descriptor = None

    def notes(self) -> list[str]:
        """What was left out, for a person."""
        reasons: dict[str, list[str]] = {}
        for entry in self.found:
            if entry.left_out:
                reasons.setdefault(entry.left_out, []).append(shown_name(entry.name))
        return [
            f"left out ({reason}): {', '.join(names[:5])}"
            + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            for reason, names in reasons.items()
        ]

    def listing(self, hashes: Mapping[str, str] | None = None) -> tuple[FileEntry, ...]:
        """For the record: what stood there; with the hashes of our copy, where there is one."""
        hashes = hashes or {}
        top = [
            FileEntry(
                path=safe_name(entry.name), kind=entry.kind, size=entry.size, target=entry.target,
                sha256=hashes.get(entry.name), kept=entry.name in hashes,
            )
            for entry in self.found
        ]  # fmt: skip
        return tuple((top + self.below)[:LISTED])


def choose_weights(found: Sequence[Found]) -> None:
    """Keep one set of weights, the one that loaders prefer, so that all of them load the same.

    ``model.safetensors`` wins over an index with shards; every other safetensors file is left out.

    Raises:
        SubmissionError: there is no whole set of weights; the code says what there is instead.
    """
    by_name = {entry.name: entry for entry in found if entry.descriptor is not None}
    index = by_name.get(INDEX)
    if SINGLE in by_name:
        wanted = {SINGLE}
    elif index is not None and index.descriptor is not None:
        wanted = {INDEX, *read_index(index.descriptor).values()}
        if missing := sorted(wanted - by_name.keys()):
            raise SubmissionError(
                "weights-missing",
                f"{INDEX} names {shown_name(missing[0])}, which is not there",
                advice="save the whole model with save_pretrained",
            )
    else:
        raise _no_weights(found)
    for entry in found:
        if entry.descriptor is None or role(entry.name) == "side" or entry.name in wanted:
            continue
        os.close(entry.descriptor)
        entry.descriptor = None
        entry.left_out = "weights that no loader would choose"


def _no_weights(found: Sequence[Found]) -> SubmissionError:
    names = {entry.name for entry in found}
    advice = "save the whole model with save_pretrained, as safetensors"
    if names & (ADAPTER_WEIGHTS | {"adapter_config.json"}):
        return SubmissionError(
            "adapter-only",
            "there is an adapter, but no model with it merged in",
            advice="merge it (merge_and_unload) and save the whole model",
        )
    for name in sorted(names):
        if role(name) == "pickle" and not is_trainer_state(name):
            return SubmissionError(
                "pickle", f"{shown_name(name)} is no safetensors file", advice=advice
            )
    return SubmissionError(
        "weights-missing", f"there is neither {SINGLE} nor {INDEX}", advice=advice
    )
