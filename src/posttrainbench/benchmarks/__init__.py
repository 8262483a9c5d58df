"""A benchmark is one module: its items, its inspect task, its scorer, its texts for the audit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..catalog import BenchmarkEntry
from ..records import Source

if TYPE_CHECKING:
    from inspect_ai import Task

Progress = Callable[[str], None]
"""Called with one short line for a person whenever long work gets on."""


@dataclass(frozen=True)
class FetchedData:
    """Benchmark items on this machine: a folder of ours, and where its content came from."""

    folder: Path
    source: Source


@dataclass(frozen=True)
class TestItem:
    """One item as the contamination scan needs it: the texts by which a copy is recognised."""

    __test__ = False

    id: str
    question: str
    answer: str


class Benchmark(Protocol):
    """One benchmark."""

    entry: BenchmarkEntry

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        """Get the items into ``cache`` (once) and check them against the pinned checksum.

        Raises:
            DataError: no source can be reached, or what came is not what was pinned.
        """

    def test_items(self, data: Path) -> list[TestItem]:
        """All items of the full evaluation, for the audit."""

    def task(self, data: Path, limit: int | None) -> Task:
        """The inspect task: dataset, solver and scorer; generation settings are the engine's."""
