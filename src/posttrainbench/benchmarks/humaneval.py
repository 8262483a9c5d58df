"""HumanEval: complete a function; the official test decides.

The prompt, and how code is found in an answer, are inspect-evals' own.  The code runs in its own
sandbox and the test in a process of ours (:mod:`.code_answers`); docs/humaneval.md tells how.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..catalog import benchmark_facts
from . import FetchedData, Progress, TaskSetup, TestItem
from .items import humaneval as humaneval_data

if TYPE_CHECKING:
    from inspect_ai import Task


class HumanEval:
    """All 164 functions."""

    def __init__(self) -> None:
        self.entry = benchmark_facts("humaneval")

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        """Get the items into ``cache``."""
        return humaneval_data.fetch(cache, progress)

    def test_items(self, data: Path) -> list[TestItem]:
        """All 164 items: the function's head and docstring, and the published solution."""
        return [
            TestItem(
                i.id,
                i.prompt,
                i.canonical_solution,
                code=i.prompt + i.canonical_solution,
                tests=i.test,
                entry_point=i.entry_point,
            )
            for i in humaneval_data.load(data)
        ]

    def task(self, data: Path, setup: TaskSetup) -> Task:
        """The inspect task.

        Raises:
            DataError: the folder does not hold the pinned items.
        """
        from .humaneval_task import build_task

        items = humaneval_data.load(data)[: setup.limit]
        return build_task(self.entry.key, items, setup)
