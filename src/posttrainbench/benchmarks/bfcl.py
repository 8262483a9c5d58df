"""Berkeley Function Calling Leaderboard, category exec_simple.

One user turn and one function.  An answer is right when it holds exactly one call, and its name
and arguments equal the ground truth; text beside the call does not matter.  How a function is
offered to the model is inspect-evals' convention and code.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..catalog import benchmark_facts
from . import FetchedData, Progress, TaskSetup, TestItem
from .items import bfcl as bfcl_data
from .items.bfcl import BfclItem

if TYPE_CHECKING:
    from inspect_ai import Task


class Bfcl:
    """All 100 items."""

    hint = True
    """Whether a function's description ends with inspect-evals' remark on Python's syntax."""

    def __init__(self) -> None:
        self.entry = benchmark_facts("bfcl")

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        """Get the items into ``cache``."""
        return bfcl_data.fetch(cache, progress)

    def test_items(self, data: Path) -> list[TestItem]:
        """All 100 items, whatever part of them the cell asks for: none may be trained on."""
        return [audit_item(item) for item in bfcl_data.load(data)]

    def select(self, items: list[BfclItem]) -> list[BfclItem]:
        """The items that this benchmark asks for."""
        return items

    def task(self, data: Path, setup: TaskSetup) -> Task:
        """The inspect task.

        Raises:
            DataError: the folder does not hold the pinned items.
        """
        from .bfcl_task import build_task

        items = self.select(bfcl_data.load(data))[: setup.limit]
        return build_task(self.entry.key, items, setup, hint=self.hint)


def audit_item(item: BfclItem) -> TestItem:
    """An item as the audit looks for it: its words, its function and the right call."""
    return TestItem(
        item.id,
        item.question,
        item.ground_truth,
        function=item.function,
        call=item.ground_truth,
    )


class BfclDemo(Bfcl):
    """A fixed 40 of the 100 items and short answers, for a laptop; comparable with nothing."""

    hint = False  # its scripted agents train on the bare descriptions

    def __init__(self) -> None:
        self.entry = benchmark_facts("bfcl-demo")

    def select(self, items: list[BfclItem]) -> list[BfclItem]:
        """Two of every five, so that both items of a function are taken about equally often."""
        return [item for index, item in enumerate(items) if index % 5 in (0, 3)]
