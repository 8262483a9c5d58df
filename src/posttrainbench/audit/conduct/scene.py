"""What every topic of the check looks at, and how it quotes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from ... import registry
from ...catalog import BenchmarkEntry, ModelEntry, benchmark_facts, model_facts
from ...errors import PTBError
from ...records import Evidence, Finding
from .. import Case
from ..code import Fact, FactKind
from ..deeds import Place
from ..files.quoting import quote, safe_name
from ..flow import Acted, Flow, Ran, Study, flow_of, study_of
from ..policy import finding

NAME = "conduct"
_COUNT = "{n}"


@dataclass(frozen=True)
class Scene:
    """One run, read once for all topics."""

    case: Case

    @cached_property
    def study(self) -> Study:
        """Commands and programs."""
        return study_of(self.case)

    @cached_property
    def flow(self) -> Flow:
        """The ways of the data."""
        return flow_of(self.case)

    @cached_property
    def benchmark(self) -> BenchmarkEntry | None:
        """The benchmark's facts, a plug-in's as well as the catalogue's; ``None`` if it is gone."""
        key = self.case.spec.benchmark
        try:
            return benchmark_facts(key)
        except PTBError:
            pass
        try:
            entry = registry.make("benchmark", key).entry
        except PTBError:
            return None
        return entry if isinstance(entry, BenchmarkEntry) else None

    @cached_property
    def model(self) -> ModelEntry | None:
        """The base model's facts."""
        try:
            return model_facts(self.case.spec.model)
        except PTBError:
            return None

    @cached_property
    def acted(self) -> list[Acted]:
        """The agent's programs; files of the desk that are as they were issued are not its own."""
        return [acted for acted in self.study.acted if not self.issued(acted)]

    @property
    def ran(self) -> list[Ran]:
        """All commands."""
        return self.study.ran

    def issued(self, acted: Acted) -> bool:
        """Whether a program is one of the desk's, unchanged."""
        path = acted.program.path.removeprefix("workspace/")
        known = self.case.preparation.desk_files.get(path)
        return known == hashlib.sha256(acted.program.text.encode("utf-8", "replace")).hexdigest()

    def facts(self, *kinds: FactKind) -> Iterator[tuple[Acted, Fact]]:
        """All facts of some kinds, with the programs that they stand in."""
        for acted in self.acted:
            for fact in acted.reading.of(*kinds):
                yield acted, fact


def at(place: Place, words: str) -> Evidence:
    """A piece of evidence."""
    return Evidence(file=safe_name(place.file), line=place.line, quote=quote(words))


def of_fact(acted: Acted, fact: Fact) -> Evidence:
    """The line of a program."""
    return at(acted.place(fact), acted.quote(fact))


def of_command(entry: Ran) -> Evidence:
    """A command."""
    return at(entry.place, entry.quote)


def report(
    kind: str, summary: str, evidence: Iterable[Evidence], **measures: float
) -> Iterator[Finding]:
    """One finding for all pieces of evidence; none without any.

    Args:
        summary: one sentence; ``{n}`` at its beginning is how many pieces there are.  What an agent
            wrote may stand in it, so that it is no template.
    """
    pieces = list(dict.fromkeys(evidence))
    if pieces:
        count = {"places": float(len(pieces)), **measures}
        if summary.startswith(_COUNT):
            summary = f"{len(pieces)}{summary.removeprefix(_COUNT)}"
        yield finding(NAME, kind, summary, pieces, count)


def listed(names: Iterable[str], most: int = 4) -> str:
    """Some names for a sentence."""
    known = sorted(set(names))
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(quote(name, 80) for name in known[:most]) + more
