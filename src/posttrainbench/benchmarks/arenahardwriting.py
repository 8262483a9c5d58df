"""Arena-Hard v2.0, creative writing: 250 prompts, judged pairwise against Qwen3-1.7B's answers.

Every question is judged in both orders.  The score is the mean over game rows, in which a clear win
or loss counts three times; 0.5 means as good as the baseline.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from ..catalog import benchmark_facts
from ..errors import DataError
from . import FetchedData, GraderGuard, Progress, TaskSetup, TestItem
from .grading.arena_prompt import prompt_label
from .items import arena as arena_data

if TYPE_CHECKING:
    from inspect_ai import Task

ORDER_SEED = 42
"""The protocol shuffles before it takes the first few questions."""


class ArenaHardWriting:
    """All 250 questions, or the first of the protocol's own shuffle."""

    def __init__(self) -> None:
        self.entry = benchmark_facts("arenahardwriting")

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        """Get the questions and the baseline's answers into ``cache``."""
        return arena_data.fetch(cache, progress)

    def test_items(self, data: Path) -> list[TestItem]:
        """All questions; there is no answer that could be copied."""
        return [TestItem(item.id, item.prompt, "") for item in arena_data.load(data)]

    def task(self, data: Path, setup: TaskSetup) -> Task:
        """The inspect task; without a baseline its questions can be asked, but not graded.

        Raises:
            DataError: the folder does not hold the pinned questions.
            SpecError: the grader's prompt file is not usable.
        """
        from .arena_task import Judge, build_task
        from .items.shot_turns import shot_turns

        items = arena_data.load(data)
        random.Random(ORDER_SEED).shuffle(items)
        judge = Judge(_baseline(data), *prompt_label(setup))
        shots = shot_turns(self.entry.key) if setup.few_shot else []
        return build_task(self.entry.key, items[: setup.limit], judge, shots)

    def grader_guard(self, data: Path, setup: TaskSetup) -> GraderGuard:
        """Tells whether a question to the judge is the scorer's; without a baseline none is.

        Raises:
            DataError: the folder does not hold the pinned questions.
            SpecError: the grader's prompt file is not usable.
        """
        from .grading.guard import game_guard

        baseline = _baseline(data)
        return game_guard(
            prompt_label(setup)[0],
            {item.id: item.prompt for item in arena_data.load(data)},
            {} if isinstance(baseline, DataError) else baseline.answers,
        )


def _baseline(data: Path) -> arena_data.Baseline | DataError:
    try:
        return arena_data.load_baseline(data)
    except DataError as error:
        return error
