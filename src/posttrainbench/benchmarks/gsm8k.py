"""GSM8K (Grade School Math 8K): the last number anywhere in the answer counts.

Ten worked examples of the train split stand in a system message.  Prompts are inspect-evals' own.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..catalog import benchmark_facts
from . import FetchedData, Progress, TaskSetup, TestItem
from .items import gsm8k as gsm8k_data
from .items.gsm8k import Gsm8kItem

if TYPE_CHECKING:
    from inspect_ai import Task


def _told(items: Iterable[Gsm8kItem]) -> list[TestItem]:
    return [
        TestItem(i.id, i.question, f"{i.reasoning}\n#### {i.answer}", gold=i.answer) for i in items
    ]


class Gsm8k:
    """All 1319 problems of the test split."""

    def __init__(self) -> None:
        self.entry = benchmark_facts("gsm8k")

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        """Get the items into ``cache``."""
        return gsm8k_data.fetch(cache, progress)

    def test_items(self, data: Path) -> list[TestItem]:
        """All 1319 items, each with its published solution."""
        return _told(gsm8k_data.load(data))

    def train_items(self, data: Path) -> list[TestItem]:
        """The ten examples, and the whole train split where the user keeps a copy of it."""
        return _told(gsm8k_data.load_shots(data) + gsm8k_data.users_train_split())

    def task(self, data: Path, setup: TaskSetup) -> Task:
        """The inspect task; its ten examples are there whether or not ``setup`` asks for some.

        Raises:
            DataError: the folder does not hold the pinned items.
        """
        from .gsm8k_task import build_task

        items = gsm8k_data.load(data)[: setup.limit]
        return build_task(self.entry.key, items, gsm8k_data.load_shots(data))
