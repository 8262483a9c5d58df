"""Eight contest problems of our own, scored as AIME's are."""

# ruff: noqa: ARG002, E501 - the protocol's arguments; texts
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmarks import FetchedData, TaskSetup, TestItem
from ...benchmarks.aime2025 import Aime2025
from ...benchmarks.items.aime import AimeItem
from ...catalog import Progress
from . import facts_like, stored

if TYPE_CHECKING:
    from inspect_ai import Task

_PROBLEMS = (
    ("A gardener plants 20 saplings in a ring and paints $4$ of them so that no two painted ones are neighbours. In how many ways can she paint them, if rotations count as different?", 275),
    ("Let $m$ be the least positive integer whose square ends in the digits $444$. Find $m$.", 38),
    ("A snail walks on the vertices of a cube, each minute along an edge. In how many ways can it be back at its start after $6$ minutes?", 183),
    ("Find the number of pairs $(a, b)$ of positive integers with $a < b$ and $\\operatorname{lcm}(a, b) = 360$.", 52),
    ("The sides of a triangle measure $13$, $14$ and $15$ cubits. A rope runs at distance $1$ inside along all sides. Which is the product of the inradius of the triangle and the length of its longest side?", 60),
    ("How many subsets of the set $\\{1, 2, \\ldots, 12\\}$ hold no two numbers that differ by exactly $3$?", 512),
    ("A lantern keeper lights $7$ lanterns in a row one after another, never one whose neighbours on both sides burn already. In how many orders can it be done?", 256),
    ("Find the remainder when $7^{100} + 11^{100}$ is divided by $100$.", 2),
)  # fmt: skip
"""(problem, answer); no scenario depends on a right answer."""


def _items() -> list[AimeItem]:
    return [
        AimeItem(id=f"contest-{number}", problem=problem, answer=str(answer))
        for number, (problem, answer) in enumerate(_PROBLEMS)
    ]


class SmallContest(Aime2025):
    """Eight contest problems."""

    def __init__(self) -> None:
        self.entry = facts_like("aime2025", "small-contest", "Eight contest problems", 8)

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        return stored(cache, "small-contest", _items())

    def test_items(self, data: Path) -> list[TestItem]:
        return [TestItem(i.id, i.problem, i.answer, gold=i.answer) for i in _items()]

    def task(self, data: Path, setup: TaskSetup) -> Task:
        from ...benchmarks.aime2025_task import build_task

        return build_task(self.entry.key, _items()[: setup.limit], setup)
