"""Which known models a submission is compared with, and which of them are missing.

Three places are looked at: the weights in our own model cache, the fingerprints that come with the
package or that `ptb fingerprint` left in the cache, and what the agent left (:mod:`.candidates`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from ... import registry
from ...catalog import ModelEntry
from ...errors import PTBError, RecordError, SubmissionError
from ...records import Source
from .. import Case
from ..files.documents import DocumentError, load_object
from ..weights.tensors import ModelTensors
from .candidates import FITTING, Candidates, Wanted, candidates, is_wanted
from .fingerprint import Fingerprint, load_fingerprint
from .leftovers import Leftovers
from .measure import fits
from .reference import Reference

MOST_PRINTS = 200


@dataclass
class Gathered:
    """What there is to compare with."""

    references: list[Reference] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Known descendants of the base of which there are neither weights nor fingerprint."""
    notes: list[str] = field(default_factory=list)
    """What could not be used, in words."""


def gather(case: Case, base: ModelTensors, stack: ExitStack) -> Gathered:
    """What we have ourselves of models in the base's shapes.

    Args:
        case: the run.
        base: the base model.
        stack: closes the references' files.
    """
    found, official = Gathered(), descendants(case.spec.model)
    for reference in _all(case, stack, found.notes):
        if reference.name in official:
            reference = replace(reference, official=True)
        if not _has_the_shapes(reference, base):
            continue
        twins = [r for r in found.references if r.name == reference.name and r.exact and r.ours]
        if reference.exact or not twins:  # weights say more than their fingerprint
            found.references.append(reference)
    names = {reference.name for reference in found.references if reference.ours}
    found.missing = [name for name in official if name not in names]
    return found


def left_behind(case: Case, base: ModelTensors) -> Candidates:
    """What the agent left that has the base model's shapes, or may have them."""
    try:
        config = load_object(case.base / "config.json")
    except DocumentError:
        config = {}
    left = Leftovers([case.scratch, case.workspace], case.workspace / "final_model")
    return candidates(left, Wanted(base, config), descendants(case.spec.model))


def descendants(model: str) -> tuple[str, ...]:
    """Published models that were made from the catalogue's ``model``, by hub id."""
    try:
        entry: ModelEntry = registry.make("model", model).entry
    except PTBError:
        return ()
    further = known_descendants().get(entry.base_id, ())
    return tuple(dict.fromkeys([*([entry.instruct_id] if entry.instruct_id else []), *further]))


@cache
def known_descendants() -> dict[str, tuple[str, ...]]:
    """Further published descendants by the base's hub id."""
    text = (files(__package__) / "known.toml").read_text(encoding="utf-8")
    return {base: tuple(names) for base, names in tomllib.loads(text).items()}


def library(
    cache_folder: Path | None, notes: list[str] | None = None
) -> Iterator[tuple[Path, Fingerprint]]:
    """The fingerprints of the package and of the user's cache, with their files."""
    folders = [Path(str(files(__package__) / "library"))]
    if cache_folder is not None:
        folders.append(cache_folder / "fingerprints")
    for folder in folders:
        for path in sorted(folder.glob("*.json"))[:MOST_PRINTS]:
            try:
                yield path, load_fingerprint(path)
            except RecordError as error:
                if notes is not None:
                    notes.append(error.what)


def cached_models(cache_folder: Path) -> Iterator[tuple[str, Path, Source | None]]:
    """(name, folder, source) of every model in our cache; its name is the hub id, where known."""
    for shelf in sorted((cache_folder / "models").glob("*")):
        folders = [shelf] if (shelf / "config.json").is_file() else sorted(shelf.glob("*"))
        for folder in folders:
            if (folder / "config.json").is_file():
                source = _cached_source(shelf, folder)
                hub = source is not None and source.kind == "hub"
                yield source.name if source and hub else shelf.name, folder, source


def _cached_source(shelf: Path, folder: Path) -> Source | None:
    for note in (shelf / "source.json", folder.with_name(f"{folder.name}.source.json")):
        try:
            return Source.model_validate_json(note.read_bytes())
        except (OSError, ValueError):
            continue
    return None


def _all(case: Case, stack: ExitStack, notes: list[str]) -> Iterator[Reference]:
    if case.cache is not None:
        for name, folder, _ in cached_models(case.cache):
            if folder.resolve() != case.base.resolve():
                try:
                    tensors = stack.enter_context(ModelTensors(folder, trusted=True))
                except SubmissionError as error:
                    notes.append(f"{name} in the model cache: {error.what}")
                    continue
                yield Reference(name, "weights in the model cache", tensors=tensors)
    for path, fingerprint in library(case.cache, notes):
        place = f"fingerprint {path.name}"
        yield Reference(fingerprint.name, place, print=fingerprint, official=fingerprint.official)


def _has_the_shapes(reference: Reference, base: ModelTensors) -> bool:
    """Whether nearly all matrices of the base model's language part are there."""
    wanted = {
        name: stored.tensor.shape
        for name, stored in base.tensors.items()
        if is_wanted(name, stored.tensor.shape)
    }
    if reference.tensors is not None:
        given = {name: stored.tensor.shape for name, stored in reference.tensors.tensors.items()}
    else:
        given = {t.name: t.shape for t in reference.print.tensors} if reference.print else {}
    fitting = sum(
        1 for name, shape in wanted.items() if name in given and fits(shape, given[name], name)
    )
    return bool(wanted) and fitting >= FITTING * len(wanted)
