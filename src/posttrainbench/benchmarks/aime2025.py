"""American Invitational Mathematics Examination 2025: an integer on the answer's last line.

Zero-shot.  The prompt is inspect-evals' own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..catalog import benchmark_facts
from . import FetchedData, Progress, TaskSetup, TestItem
from .items import aime as aime_data

if TYPE_CHECKING:
    from inspect_ai import Task


class Aime2025:
    """All 30 problems."""

    def __init__(self) -> None:
        self.entry = benchmark_facts("aime2025")

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        """Get the items into ``cache``."""
        return aime_data.fetch(cache, progress)

    def test_items(self, data: Path) -> list[TestItem]:
        """All 30 items."""
        return [TestItem(i.id, i.problem, i.answer, gold=i.answer) for i in aime_data.load(data)]

    def task(self, data: Path, setup: TaskSetup) -> Task:
        """The inspect task.

        Raises:
            DataError: the folder does not hold the pinned items.
        """
        from .aime2025_task import build_task

        return build_task(self.entry.key, aime_data.load(data)[: setup.limit], setup)
