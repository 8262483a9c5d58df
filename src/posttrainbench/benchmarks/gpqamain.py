"""GPQA main: questions of graduate level with four choices, thought through step by step.

The prompt is inspect's own multiple choice prompt; so is the order of the choices for a seed.  The
data is gated: whoever evaluates on it has agreed not to show it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..catalog import benchmark_facts
from . import FetchedData, Progress, TaskSetup, TestItem
from .items import gpqa as gpqa_data

if TYPE_CHECKING:
    from inspect_ai import Task


class GpqaMain:
    """All 448 questions."""

    def __init__(self) -> None:
        self.entry = benchmark_facts("gpqamain")

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        """Get the items into ``cache``; the error without access tells how to get it."""
        return gpqa_data.fetch(cache, progress)

    def test_items(self, data: Path) -> list[TestItem]:
        """All 448 items, each with its right choice."""
        return [
            TestItem(i.id, i.question, i.choices[0], parts=i.choices, canary=i.canary)
            for i in gpqa_data.load(data)
        ]

    def task(self, data: Path, setup: TaskSetup) -> Task:
        """The inspect task; the seed decides the order of the choices.

        Raises:
            DataError: the folder does not hold the items that were fetched.
        """
        from .gpqamain_task import build_task

        return build_task(self.entry.key, gpqa_data.load(data), setup)
