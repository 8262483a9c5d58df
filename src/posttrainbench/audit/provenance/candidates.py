"""Which models among the agent's leftovers a submission could have been made from.

Disks are large, so not everything is compared: those that are called like a known model come first,
then what was surely brought here.  What could be a source and cannot be compared is told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

from ..files.documents import DocumentError, load_json
from ..weights.names import is_vision
from ..weights.tensors import ModelTensors
from .downloads import Download, File, assemble
from .fingerprint import LEAST_ELEMENTS
from .leftovers import Leftovers, Place
from .measure import fits

FITTING = 0.9
"""Share of the base's matrices that a reference must have in the same shapes."""
MOST_MODELS, MOST_OWN = 48, 4
"""Models that are compared: brought ones, and such as may be the run's own checkpoints."""
MOST_HEADERS = 4_000
"""Files whose headers are read."""
MOST_CONFIGS = 20
SPARSE = 0.5
"""Share of its bytes that a file must take on the disk: it is full of holes otherwise."""
LEAST_BYTES, NEAR_SIZE = 0.25, 0.03
"""Bytes an element of the smallest quantised models, and how near the size of a model in two or
four bytes an element must be to look like the base's."""
_GEOMETRY = ("hidden_size", "num_hidden_layers", "intermediate_size")
_GGUF_KEYS = {"hidden_size": rb"\.embedding_length", "num_hidden_layers": rb"\.block_count"}
_GGUF_HEAD = 1 << 16
_NO_SOURCE = re.compile(
    r"\.incomplete$|(?:^|/)(?:optimizer|scheduler|rng_state)[^/]*\.(?:pt|pth|bin)$"
)
"""Downloads that broke off, and what trainers keep beside a checkpoint."""


@dataclass
class Candidates:
    """What may be compared, in the order in which it should be, and what may not."""

    brought: list[Download] = field(default_factory=list)
    own: list[Download] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    """What was brought here, could be a source of the submission, and cannot be compared."""
    passed: list[str] = field(default_factory=list)
    """The same of what may be the run's own."""


class Wanted:
    """What a model must have to be a source of a submission.

    Args:
        base: the base model.
        config: its ``config.json``.
    """

    def __init__(self, base: ModelTensors, config: Mapping[str, Any]) -> None:
        self.shapes = {
            name: stored.tensor.shape
            for name, stored in base.tensors.items()
            if is_wanted(name, stored.tensor.shape)
        }
        self.least = max(1, -(-len(self.shapes) * 9 // 10))
        counts = sorted(prod(shape) for shape in self.shapes.values())
        self.elements = sum(counts)
        self.bytes = sum(counts[: self.least])
        """Of the smallest model in these shapes: one byte an element."""
        self.geometry = _geometry(config)

    def of(self, file: File) -> set[str]:
        """Which of the base's matrices a file has."""
        given = file.shapes()
        return {
            name
            for name, shape in self.shapes.items()
            if name in given and fits(shape, given[name], name)
        }


def is_wanted(name: str, shape: tuple[int, ...]) -> bool:
    """Whether a tensor of the base is a matrix of its language part."""
    return len(shape) >= 2 and prod(shape) >= LEAST_ELEMENTS and not is_vision(name)


def candidates(left: Leftovers, wanted: Wanted, official: Collection[str]) -> Candidates:
    """Look into every place that is large enough.

    Args:
        left: all places.
        wanted: what the base model has.
        official: hub ids of the base's known descendants.
    """
    found, headers = Candidates(), 0
    if left.forgotten:
        found.passed.append(f"{left.forgotten} small places with weights")
    least = min(wanted.bytes, int(LEAST_BYTES * wanted.elements))
    places = [place for place in left.places.values() if place.size >= least]
    for place in sorted(places, key=lambda place: _rank(place, official)):
        telling = place.files if place.size >= wanted.bytes else []
        if telling and headers >= MOST_HEADERS:
            _not_compared(found, place, "too many files to look into")
            continue
        headers += len(telling)
        name = known_as(place, official)
        parts = [(file, wanted.of(file)) for file in telling]
        models, odd = assemble(name, place.way, parts, wanted.least)
        for model in models:
            _take(found, model)
        unread = [file for file, names in parts if not names] if telling else place.files
        unread = [file for file in unread if not _NO_SOURCE.search(file.path)]
        if len(odd) >= wanted.least or place.dropped >= wanted.bytes:
            _not_compared(found, place, "its files cannot be put together")
        elif _is_plausible(place, unread, wanted):
            _not_compared(found, place, "in a form that is not read", unread)
    return found


def known_as(place: Place, official: Collection[str]) -> str:
    """What the models of a place are called.

    A folder that the hub's client filled does not say from which repository; one that is called
    like a known model is taken for it.
    """
    if place.way == "folder":
        last = re.split(r"--|[/_]", place.name.lower())[-1]
        for known in official:
            if last == known.lower().rpartition("/")[2]:
                return known
    return place.name


def _rank(place: Place, official: Collection[str]) -> tuple[bool, bool, bool, int, str]:
    """What sorts first is compared first."""
    name = place.name.lower()
    return (
        place.held < SPARSE * place.size,
        not any(known.lower().rpartition("/")[2] in name for known in official),
        place.way == "own",
        -place.held,
        place.name,
    )


def _take(found: Candidates, model: Download) -> None:
    chosen, most = (found.own, MOST_OWN) if model.way == "own" else (found.brought, MOST_MODELS)
    if len(chosen) < most:
        chosen.append(model)
    else:
        target = found.passed if model.way == "own" else found.unseen
        target.append(f"{model.repository}: more models than are compared")


def _not_compared(found: Candidates, place: Place, why: str, files: Collection[File] = ()) -> None:
    """A folder counts as brought only if what lies there is still what was fetched."""
    brought = place.way == "cache" or (
        place.way == "folder" and any(file.is_certain() for file in files or place.files)
    )
    (found.unseen if brought else found.passed).append(f"{place.name}: {why}")


def _is_plausible(place: Place, unread: Collection[File], wanted: Wanted) -> bool:
    """Whether files that cannot be compared may hold a model of the base's shapes."""
    size = sum(file.size for file in unread)
    if size < LEAST_BYTES * wanted.elements:
        return False
    told = [_read_config(file) for file in place.configs[:MOST_CONFIGS]]
    told += [_of_gguf(file) for file in unread]
    told = [one for one in told if one]
    if any(_agree(one, wanted.geometry) for one in told):
        return True
    if place.way == "own":
        return False
    if not told:
        return size <= 5 * wanted.elements
    return any(abs(size / (item * wanted.elements) - 1) <= NEAR_SIZE for item in (2, 4))


def _geometry(config: Mapping[str, Any]) -> dict[str, int]:
    inner = config.get("text_config")
    both = {**config, **inner} if isinstance(inner, dict) else config
    return {key: both[key] for key in _GEOMETRY if type(both.get(key)) is int}


def _agree(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    shared = one.keys() & other.keys()
    return bool(shared) and all(one[key] == other[key] for key in shared)


def _read_config(file: File) -> dict[str, int]:
    try:
        descriptor = file.open()
    except OSError:
        return {}
    try:
        document = load_json(descriptor)
    except (OSError, DocumentError):
        return {}
    finally:
        os.close(descriptor)
    return _geometry(document) if isinstance(document, dict) else {}


def _of_gguf(file: File) -> dict[str, int]:
    """What the head of a GGUF file says about its model: a key, the type 4, and a number."""
    try:
        descriptor = file.open()
    except OSError:
        return {}
    try:
        head = os.pread(descriptor, _GGUF_HEAD, 0)
    except OSError:
        return {}
    finally:
        os.close(descriptor)
    if not head.startswith(b"GGUF"):
        return {}
    found = {}
    for name, key in _GGUF_KEYS.items():
        if told := re.search(key + rb"\x04\0\0\0(.{4})", head, re.DOTALL):
            found[name] = int.from_bytes(told[1], "little")
    return found
