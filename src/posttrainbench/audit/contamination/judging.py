"""From placed documents to findings: how many items, where, how sure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...benchmarks import TestItem
from ...records import Evidence, Finding
from ...rules import TOLERATED_ITEMS
from ..files.quoting import quote, safe_name
from ..policy import finding
from .gathering import shown
from .placing import Placed
from .sightings import Sighting, Weight

_STRONG: tuple[Weight, ...] = ("copy", "disguise")
RESEMBLED = 0.05
"""Part of the items that may be resembled by chance: the more there are, the more have twins.  The
official train split of GSM8K, and what people make of it, resembles some of its test items."""
_FEW_ANSWERS = 3
"""Ids or answers of so many items may stand in anybody's data."""

Found = Mapping[int, Evidence]


@dataclass
class _Seen:
    """Items seen in one kind of place, the first place of each."""

    by_weight: dict[Weight, dict[int, Evidence]] = field(default_factory=dict)

    def add(self, sighting: Sighting, evidence: Evidence) -> None:
        self.by_weight.setdefault(sighting.weight, {}).setdefault(sighting.item, evidence)

    def of(self, *weights: Weight) -> dict[int, Evidence]:
        """Items seen with one of the weights."""
        found: dict[int, Evidence] = {}
        for weight in weights:
            for item, evidence in self.by_weight.get(weight, {}).items():
                found.setdefault(item, evidence)
        return found


class Judging:
    """Makes the findings of one run."""

    def __init__(
        self, check: str, items: Sequence[TestItem], measures: Mapping[str, float]
    ) -> None:
        self._check = check
        self._items = items
        self._measures = measures

    def findings(self, placed: Sequence[Placed]) -> Iterator[Finding]:
        """What all documents with items in them make together."""
        training, logs, unclear, looked_up = _Seen(), _Seen(), _Seen(), _Seen()
        for entry in placed:
            for sighting in entry.document.sightings:
                evidence = self._evidence(entry, sighting)
                if entry.use == "looked-up":
                    looked_up.add(sighting, evidence)
                elif entry.use == "unclear":
                    unclear.add(sighting, evidence)
                elif sighting.weight == "trace" and entry.fate.word != "trained":
                    looked_up.add(sighting, evidence)  # ids stand in notes and lists, too
                elif entry.nature.kind == "evaluation log":
                    logs.add(sighting, evidence)
                else:
                    training.add(sighting, evidence)
        yield from self._training(training)
        strong = training.of(*_STRONG)
        yield from self._more(
            "evaluation-logs-in-training",
            _without(logs.of(*_STRONG), strong),
            "stand in logs of the evaluation that were trained on",
        )
        yield from self._more(
            "items-unplaced",
            _without(unclear.of(*_STRONG), strong),
            "stand in files that may be copies for looking, evaluating or cleaning, and nothing "
            "tells what they were for",
        )
        if found := looked_up.of("copy", "disguise", "answer"):
            yield self._make(
                "items-looked-up",
                found,
                "stand in files that did not reach training: looking at them is allowed",
            )

    def _training(self, seen: _Seen) -> Iterator[Finding]:
        copies, strong = seen.of("copy"), seen.of(*_STRONG)
        if len(copies) > TOLERATED_ITEMS:
            yield self._make("items-in-training-data", strong, "stand in data for training")
        else:
            about = "stand in data for training, with names, numbers or code changed"
            yield from self._more("items-disguised", strong, about)
        if len(strong) <= TOLERATED_ITEMS:
            # A few look-alikes beside a few copies are still an accident.
            yield from self._more(
                "items-resembled",
                _without(seen.of("resemblance"), strong),
                "are resembled by data for training",
                max(TOLERATED_ITEMS, int(RESEMBLED * len(self._items))),
            )
        answers = _without(seen.of("answer", "trace"), strong)
        if len(answers) > _FEW_ANSWERS or -1 in answers:
            yield self._make(
                "answers-in-training-data",
                answers,
                "have their ids, marks or answers in data for training",
            )

    def _more(
        self, kind: str, found: Found, what: str, tolerated: int = TOLERATED_ITEMS
    ) -> Iterator[Finding]:
        """A finding of ``kind``, or of few items that may be an accident."""
        if len(found) > tolerated:
            yield self._make(kind, found, what)
        elif found:
            accident = f"{what} (up to {tolerated} may be an accident)"
            yield self._make("items-few", found, accident)

    def _make(self, kind: str, found: Found, what: str) -> Finding:
        """A finding about items, with their ids."""
        order = sorted(found)
        ids = [self._items[item].id for item in order if item >= 0]
        evidence = (found[item] for item in order)
        summary = f"{len(ids)} of {len(self._items)} benchmark items {what}"
        measures = {"items_hit": len(ids), **self._measures}
        return finding(self._check, kind, summary, evidence, measures, ids)

    def _evidence(self, entry: Placed, sighting: Sighting) -> Evidence:
        """Where an item was seen, how, and by which way the file reached training."""
        source = entry.document.source
        told = [sighting.how]
        if source.place is not None and source.path:
            told.append(f"written to {safe_name(source.path)}")
        if entry.nature.kind != "data":
            told.append(entry.nature.kind)
        told += entry.fate.chain[:3]
        member = f"!{safe_name(entry.document.member)}" if entry.document.member else ""
        return Evidence(
            file=f"{shown(source)}{member}",
            line=sighting.line if source.place is None else source.place.line,
            item=self._items[sighting.item].id if sighting.item >= 0 else "",
            quote=quote(f"[{quote('; '.join(told), 140)}] {sighting.quote}"),
        )


def _without(found: Found, other: Found) -> dict[int, Evidence]:
    return {item: evidence for item, evidence in found.items() if item not in other}
