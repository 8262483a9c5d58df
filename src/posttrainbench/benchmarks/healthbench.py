"""HealthBench, easy subset: 245 health conversations, graded by physicians' rubric items.

Every rubric item is one question to the grader: met or not.  Items that describe a fault have
points below zero.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from ..catalog import benchmark_facts
from . import FetchedData, GraderGuard, Progress, TaskSetup, TestItem
from .items import healthbench as healthbench_data

if TYPE_CHECKING:
    from inspect_ai import Task

ORDER_SEED = 42
"""The protocol shuffles before it takes the first few conversations."""


class HealthBench:
    """All 245 conversations, or the first of the protocol's own shuffle."""

    def __init__(self) -> None:
        self.entry = benchmark_facts("healthbench")

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        """Get the conversations and their rubrics into ``cache``."""
        return healthbench_data.fetch(cache, progress)

    def test_items(self, data: Path) -> list[TestItem]:
        """All conversations; the rubric is what an answer would be copied from."""
        return [
            TestItem(
                item.id,
                "\n\n".join(turn.content for turn in item.messages),
                "\n".join(rubric.criterion for rubric in item.rubrics),
                aliases=tuple(turn.content for turn in item.messages if turn.role == "user"),
                parts=tuple(rubric.criterion for rubric in item.rubrics),
                canary=item.canary,
            )
            for item in healthbench_data.load(data)
        ]

    def task(self, data: Path, setup: TaskSetup) -> Task:
        """The inspect task.

        Raises:
            DataError: the folder does not hold the pinned conversations.
        """
        from .healthbench_task import build_task
        from .items.shot_turns import shot_turns

        items = healthbench_data.load(data)
        random.Random(ORDER_SEED).shuffle(items)
        shots = shot_turns(self.entry.key) if setup.few_shot else []
        return build_task(self.entry.key, items[: setup.limit], shots)

    def grader_guard(self, data: Path, setup: TaskSetup) -> GraderGuard:
        """Tells whether a question to the grader is the scorer's about one of the conversations.

        Raises:
            DataError: the folder does not hold the pinned conversations.
        """
        del setup  # the wording is inspect-evals', whatever is asked
        from inspect_evals.healthbench.scorer import GRADER_TEMPLATE

        from .grading.guard import rubric_guard

        return rubric_guard(GRADER_TEMPLATE, healthbench_data.load(data))
