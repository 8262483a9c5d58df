"""HealthBench as an inspect task.  Apart from the plug-in's module because inspect is heavy.

The grader's prompt is inspect-evals' (a copy of the benchmark's own), as is the bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
)
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import TaskState, generate

from .grading.asking import ask, graded, grader_model, together
from .grading.healthbench_rubrics import by_axis, by_theme, example_score, grader_prompt, read_met
from .grading.repetition import graded_text
from .grading.steering import detect, guard_conversation
from .items.healthbench import ITEMS_SHA256, HealthItem, Turn

_BOOTSTRAP_SEED = 1
_ROLES = {
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
    "system": ChatMessageSystem,
}


def build_task(name: str, items: Sequence[HealthItem], shots: Sequence[ChatMessage] = ()) -> Task:
    """One sample a conversation, to be continued by one answer.

    Args:
        shots: messages before every conversation, for base models asked without a chat template;
            the grader does not see them.
    """
    samples = [
        Sample(id=item.id, input=[*shots, *(_message(turn) for turn in item.messages)])
        for item in items
    ]
    return Task(
        name=name,
        dataset=MemoryDataset(samples, name=name),
        solver=generate(),
        scorer=_rubrics({item.id: item for item in items}),
        metadata={
            "items_sha256": ITEMS_SHA256,
            "grader_prompt": f"inspect-evals {version('inspect-evals')}",
            "comparable": True,
        },
    )


def _message(turn: Turn) -> ChatMessage:
    made: ChatMessage = _ROLES[turn.role](content=turn.content)
    return made


def _rubrics(items: Mapping[str, HealthItem]) -> Scorer:
    """One grader call a rubric item; an example with an unread verdict stays ungraded."""
    from inspect_evals.healthbench.scorer import GRADER_TEMPLATE

    async def score(state: TaskState, _target: Target) -> Score:
        item = items[str(state.sample_id)]
        answer = graded_text(state.output.completion)
        grader = grader_model()
        asked = await together(
            [
                ask(
                    grader,
                    [
                        ChatMessageUser(
                            content=grader_prompt(GRADER_TEMPLATE, item.messages, answer, rubric)
                        )
                    ],
                    read_met,
                )
                for rubric in item.rubrics
            ]
        )
        met = [one.verdict for one in asked]
        known = [one for one in met if one is not None]
        facts = {
            "rubrics": [[r.points, one] for r, one in zip(item.rubrics, met, strict=True)],
            "steering": detect(answer),
            "guarded": guard_conversation(answer) != answer,
        }
        whole = len(known) == len(met)
        value = (example_score(item.rubrics, known) or 0.0) if whole else None
        return graded(value, facts, asked, answer)

    # Without arguments, as inspect would write them all into the log.
    made: Scorer = scorer(
        metrics=[_mean(), _stderr(), metric(name="groups")(lambda: _groups(items))()],
        name="healthbench_rubrics",
    )(lambda: score)()
    return made


def _values(scores: list[SampleScore]) -> list[float]:
    values = [float(one.score.value) for one in scores]
    return [value for value in values if math.isfinite(value)]


def _clipped_mean() -> Metric:
    def compute(scores: list[SampleScore]) -> float:
        return _bootstrap(_values(scores))["score"]

    return compute


def _bootstrap_error() -> Metric:
    def compute(scores: list[SampleScore]) -> float:
        return _bootstrap(_values(scores))["bootstrap_std_error"]

    return compute


def _bootstrap(values: list[float]) -> dict[str, float]:
    """Clipped mean and its bootstrap error; the same values always give the same figures."""
    import numpy as np
    from inspect_evals.healthbench.scorer import calculate_final_score

    if not values:
        return {"score": math.nan, "bootstrap_std_error": math.nan}
    found: dict[str, Any] = calculate_final_score(
        values, rng=np.random.default_rng(_BOOTSTRAP_SEED)
    )
    return {name: float(value) for name, value in found.items()}


def _groups(items: Mapping[str, HealthItem]) -> Metric:
    def compute(scores: list[SampleScore]) -> dict[str, float]:
        read = [
            (items[str(one.sample_id)], [met for _, met in facts["rubrics"]])
            for one in scores
            if not (facts := one.score.metadata or {}).get("ungraded", True)
        ]
        themes = {f"theme: {name}": value for name, value in sorted(by_theme(read).items())}
        axes = {f"axis: {name}": value for name, value in sorted(by_axis(read).items())}
        return {**themes, **axes}

    return compute


_mean = metric(name="rubric_score")(_clipped_mean)
_stderr = metric(name="stderr")(_bootstrap_error)
