"""Arena-Hard's writing questions as an inspect task.

Apart from the plug-in's module because inspect is heavy to import.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import TaskState, generate

from ..errors import DataError
from .grading.arena_prompt import Label, game
from .grading.arena_verdicts import (
    as_first,
    as_second,
    game_rows,
    mean_row,
    read_verdict,
    row_error,
)
from .grading.asking import ask, graded, grader_model, together
from .grading.repetition import graded_text
from .grading.steering import detect, guard_arena
from .items.arena import ITEMS_SHA256, ArenaItem, Baseline


@dataclass(frozen=True)
class Judge:
    """Who is compared with whom, and what the judge is told."""

    baseline: Baseline | DataError
    """The error says why there is none: questions can be answered, but not graded."""
    instruction: str
    label: Label


def build_task(
    name: str, items: Sequence[ArenaItem], judge: Judge, shots: Sequence[Any] = ()
) -> Task:
    """One sample a question.

    Args:
        shots: messages before every question, for base models asked without a chat template.
    """
    samples = [
        Sample(
            id=item.id,
            input=[*shots, ChatMessageUser(content=item.prompt)] if shots else item.prompt,
            metadata={"subcategory": item.subcategory},
        )
        for item in items
    ]
    return Task(
        name=name,
        dataset=MemoryDataset(samples, name=name),
        solver=generate(),
        scorer=_both_orders({item.id: item.prompt for item in items}, judge),
        metadata={"items_sha256": ITEMS_SHA256, **_judge_facts(judge)},
    )


def _judge_facts(judge: Judge) -> dict[str, Any]:
    baseline = judge.baseline
    notes = []
    if judge.label == "own":
        notes.append("judged with our own wording, not Arena-Hard's: compares with no other score")
    official = isinstance(baseline, Baseline) and baseline.official
    if not official:
        notes.append("the baseline's answers are not the published ones")
    return {
        "baseline_sha256": baseline.sha256 if isinstance(baseline, Baseline) else None,
        "baseline": baseline.source if isinstance(baseline, Baseline) else "none",
        "grader_prompt": judge.label,
        "comparable": judge.label == "official" and official,
        "notes": notes,
    }


def _both_orders(questions: dict[str, str], judge: Judge) -> Scorer:
    """Two games a question; the score of one is the mean of its rows."""

    async def score(state: TaskState, _target: Target) -> Score:
        if isinstance(judge.baseline, DataError):
            raise judge.baseline
        answer = graded_text(state.output.completion)
        # Never the questions of the log: what is judged is what was pinned.
        question = questions[str(state.sample_id)]
        model = guard_arena(answer)
        baseline = guard_arena(judge.baseline.answers[str(state.sample_id)])
        grader = grader_model()
        orders = ((baseline, model), (model, baseline))
        asked = await together(
            [
                ask(
                    grader,
                    [
                        ChatMessageSystem(content=judge.instruction),
                        ChatMessageUser(content=game(question, first, second)),
                    ],
                    read_verdict,
                )
                for first, second in orders
            ]
        )
        verdicts = [one.verdict for one in asked]
        rows = game_rows(*verdicts)
        facts = {
            "verdicts": verdicts,
            "rows": list(rows),
            "steering": detect(answer),
            "guarded": model != answer,
        }
        return graded(mean_row(rows) if rows else None, facts, asked, answer)

    # Without arguments, as inspect would write them all into the log.
    made: Scorer = scorer(
        metrics=[_win_rate(), _stderr(), _orders()],
        name="arena_judge",
    )(lambda: score)()
    return made


def _facts(scores: list[SampleScore]) -> list[dict[str, Any]]:
    facts = [one.score.metadata or {} for one in scores]
    return [fact for fact in facts if not fact.get("ungraded", True)]


def _rows(scores: list[SampleScore]) -> list[float]:
    return [row for fact in _facts(scores) for row in fact["rows"]]


def _mean_of_rows() -> Metric:
    def compute(scores: list[SampleScore]) -> float:
        return mean_row(_rows(scores))

    return compute


def _error_of_rows() -> Metric:
    def compute(scores: list[SampleScore]) -> float:
        return row_error(_rows(scores))

    return compute


def _by_order() -> Metric:
    """How the model fares as answer A and as answer B: a grader's liking for a place shows."""

    def compute(scores: list[SampleScore]) -> dict[str, float]:
        verdicts = [fact["verdicts"] for fact in _facts(scores)]
        if not verdicts:
            return {}
        return {
            "as answer A": fmean(as_first(model_first) for _, model_first in verdicts),
            "as answer B": fmean(as_second(baseline_first) for baseline_first, _ in verdicts),
        }

    return compute


_win_rate = metric(name="win_rate")(_mean_of_rows)
_stderr = metric(name="stderr")(_error_of_rows)
_orders = metric(name="orders")(_by_order)
