"""Do the benchmark's own items stand in what the model was trained on?

Everything that the agent left, and everything that the trace tells of files that are gone, is
searched.  More than three items in data that reached training, or of which that cannot be told, are
conclusive; up to three may be an accident and are only reported.  Looking at items, evaluating on
them and cleaning data with them is allowed: what lies about for that is recognised and informs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from ...records import Evidence, Finding
from .. import Case
from ..files.quoting import quote, safe_name
from ..flow import flow_of
from ..policy import finding
from .by_products import is_of_no_account
from .crew import Crew
from .gathering import Gathering, Source, shown
from .gone import Gone
from .judging import Judging
from .matching import Document, Matching, Unread
from .natures import nature_of
from .placing import Placed, place, with_filters, without_cleaned
from .side_files import side_files

TOTAL_LIMIT = 64_000_000_000
"""Bytes of files that are scanned in all; nothing unseen is called clean."""

TELL = 15.0
"""Seconds between two reports of a long search."""


class ContaminationCheck:
    """Searches workspace, scratch, trace and the submission's side files for the items."""

    name = "contamination"

    def applies(self, case: Case) -> str:
        return "" if case.items else "the benchmark names no items to look for"

    def run(self, case: Case) -> list[Finding]:
        return list(_Run(self.name, case).findings())


class _Run:
    """One search; what goes wrong in a file is noted, never raised."""

    def __init__(self, check: str, case: Case) -> None:
        self._check = check
        self._case = case
        self._matching = Matching(case.items, case.base)
        self._flow = flow_of(case)
        self._gathering = Gathering(case)
        self._documents: list[Document] = []
        self._searched: set[str] = set()
        self._broken: set[str] = set()
        self._told = time.monotonic()
        self._unread: list[Unread] = []
        self._files = 0
        self._bytes = 0

    def findings(self) -> Iterator[Finding]:
        crew = Crew(self._matching, progress=self._tell)
        for source, found in crew.search(self._bounded()):
            self._take(source, found)
        self._searched -= self._broken
        self._pass_over()
        items = self._case.items
        measures: dict[str, float] = {
            "items": len(items), "files": self._files, "bytes": self._bytes,
        }  # fmt: skip
        placed = without_cleaned(self._place(), frozenset(self._searched))
        placed = with_filters(placed, self._flow)
        yield from Judging(self._check, items, measures).findings(placed)
        yield from side_files(self._check, self._case, self._matching)
        gone, hidden = Gone(self._case, self._flow, self._searched).split()
        short = [Evidence(item=items[number].id) for number in self._matching.index.unusable]
        for kind, evidence, summary in (
            (
                "files-unseen",
                self._notes(harmless=False) + self._gathering.unseen,
                "file(s) could not be searched for benchmark items",
            ),
            (
                "files-passed-over",
                self._notes(harmless=True),
                "file(s) of a form that is not searched",
            ),
            (
                "files-deleted",
                self._gathering.deleted + gone,
                "file(s) were written, or trained on, and are gone",
            ),
            (
                "training-data-gone",
                hidden,
                "file(s) were trained on and are gone, and nothing tells what they held",
            ),
            (
                "items-too-short",
                short,
                f"of {len(items)} items are too short to be recognised by their words",
            ),
        ):
            if evidence:
                text = f"{len(evidence)} {summary}"
                yield finding(self._check, kind, text, evidence, measures)

    def _bounded(self) -> Iterator[Source]:
        """All sources that are within the limit."""
        for source in self._gathering:
            if self._bytes + source.size > TOTAL_LIMIT:
                why = "over the limit of all files together"
                self._unread.append(Unread(source, why, harmless=False))
                continue
            self._files += 1
            self._bytes += source.size
            yield source

    def _take(self, source: Source, found: list[Document | Unread]) -> None:
        """What a source holds."""
        for one in found:
            if isinstance(one, Unread):
                self._unread.append(one)
                self._broken.add(source.path)
            elif one.sightings or one.hits:
                self._documents.append(one)
        self._searched.add(source.path)

    def _pass_over(self) -> None:
        """Unread files that are no question for a judge: they are only named."""
        for unread in self._unread:
            if not unread.harmless and unread.source.origin == "left":
                name = unread.source.node_name
                fate = self._flow.fate(self._gathering.names.get(name, name))
                unread.harmless = is_of_no_account(unread.source.path, fate)

    def _tell(self, size: int) -> None:
        if self._case.progress and time.monotonic() > self._told + TELL:
            self._told = time.monotonic()
            self._case.progress(f"contamination: {size / 1e6:,.0f} MB searched for the items")

    def _place(self) -> list[Placed]:
        """Every document with items in it: what it is, and whether it reached training."""
        self._matching.settle(self._documents)
        return [
            place(
                document,
                nature_of(document, self._case, self._case.items),
                self._flow.fate(self._gathering.names.get(name := document.source.node_name, name)),
                told=self._case.deeds.told,
            )
            for document in self._documents
            if document.sightings
        ]

    def _notes(self, *, harmless: bool) -> list[Evidence]:
        return [
            Evidence(
                file=shown(unread.source)
                + (f"!{safe_name(unread.member)}" if unread.member else ""),
                quote=quote(unread.why),
            )
            for unread in self._unread
            if unread.harmless == harmless
        ]
