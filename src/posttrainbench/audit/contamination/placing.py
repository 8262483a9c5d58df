"""Which documents with items in them count: what they are, and whether they reached training.

==============  ==================  =========================  ==========================
fate            surely no data      looks like no data         data
==============  ==================  =========================  ==========================
trained         training            training                   training
may have been   looked up           unclear                    training, or unclear (+)
unknown         looked up           unclear, or looked up (*)  unclear, or training (-)
not trained     looked up           looked up                  looked up
==============  ==================  =========================  ==========================

(*) where everything that was trained on is known, and this was not seen among it.
(+) where training takes only a part of it, by the name of a split, and that may be another part.

(-) where no trace tells what the agent did, and nothing else is known to have been trained on.

Beside a trace, data with items that nothing ties to training proves nothing: agents turn items into
rows for an evaluation of their own, in the very form that others train on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...rules import TOLERATED_ITEMS
from ..code import Level
from ..flow import Fate, Flow
from .matching import Document
from .natures import Nature

_OF_ITEMS = ("data/", "hub:", "pkg:")
"""Where a benchmark's items come from, as the flow of data names it."""

Use = Literal["training", "unclear", "looked-up"]


@dataclass(frozen=True)
class Placed:
    """A document with items in it."""

    document: Document
    nature: Nature
    fate: Fate
    use: Use


def place(document: Document, nature: Nature, fate: Fate, *, told: bool) -> Placed:
    """What a document counts as.

    Args:
        told: whether there is a trace.
    """
    return Placed(document, nature, fate, _use(nature, fate, told=told))


def _use(nature: Nature, fate: Fate, *, told: bool) -> Use:
    if fate.word == "trained":
        return "training"
    if fate.word == "not-trained" or nature.certain:
        return "looked-up"
    if fate.perhaps:
        return "unclear"
    elsewhere = fate.others_trained and not fate.chain
    if nature.kind == "data":
        reaches = fate.reaches or not (told or elsewhere)
        return "training" if reaches and not fate.parted else "unclear"
    return "looked-up" if elsewhere else "unclear"


def with_filters(placed: Sequence[Placed], flow: Flow) -> list[Placed]:
    """Leave to a judge what a program filtered by the items while it loaded it.

    The filter may have taken every item out; no file shows whether it did.
    """
    holders = {
        entry.document.source.path for entry in placed if len(entry.document.seen) > TOLERATED_ITEMS
    }
    filtering = {
        sink.place
        for sink in flow.sinks
        if any(
            level == Level.CHOOSES and (node in holders or node.startswith(_OF_ITEMS))
            for node, level in sink.data.items()
        )
    }
    return [
        replace(entry, use="unclear")
        if entry.use == "training"
        and not entry.fate.later
        and entry.fate.places
        and entry.fate.places[-1] in filtering
        else entry
        for entry in placed
    ]


def without_cleaned(placed: Sequence[Placed], searched: frozenset[str]) -> list[Placed]:
    """Take back what went into training only through files that were searched themselves.

    Raw data that was filtered shows its items, and the filtered file does not: what counts is what
    the last file before training holds.  Where that file cannot be searched any more, the raw one
    stays.
    """
    holds: dict[str, set[int]] = {}
    for entry in placed:
        holds.setdefault(entry.document.source.path, set()).update(entry.document.seen)
    result = []
    for entry in placed:
        later = entry.fate.later
        if entry.use != "looked-up" and later and all(_lies(path, searched) for path in later):
            reached = set().union(
                *(items for path, items in holds.items() if _is_among(path, later))
            )
            if not entry.document.seen & reached:
                entry = replace(entry, use="looked-up")
        result.append(entry)
    return result


def _lies(path: str, searched: frozenset[str]) -> bool:
    """Whether a file was searched, or files of a folder were."""
    return path in searched or any(name.startswith(f"{path}/") for name in searched)


def _is_among(path: str, names: Sequence[str]) -> bool:
    return any(path == name or path.startswith(f"{name}/") for name in names)
