"""Logs whose answers a test gives, as the first step of an evaluation would have written them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inspect_ai import Task, score
from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec
from inspect_ai.model import ChatMessageUser, Model, ModelOutput


def answered(task: Task, answers: Mapping[str, str] | str) -> EvalLog:
    """A log of ``task`` without scores.

    Args:
        answers: by sample id, or one for all.
    """
    samples = []
    for sample in task.dataset:
        text = answers if isinstance(answers, str) else answers[str(sample.id)]
        output = ModelOutput.from_content("tested", text)
        asked = sample.input
        messages = [ChatMessageUser(content=asked)] if isinstance(asked, str) else list(asked)
        samples.append(
            EvalSample(
                id=sample.id or "",
                epoch=1,
                input=asked,
                target=sample.target,
                metadata=sample.metadata or {},
                messages=[*messages, output.message],
                output=output,
            )
        )
    spec = EvalSpec(
        created="2026-01-01T00:00:00+00:00",
        task=task.name,
        dataset=EvalDataset(samples=len(samples)),
        model="none/none",
        config=EvalConfig(),
    )
    return EvalLog(status="success", eval=spec, samples=samples)


def scored(task: Task, answers: Mapping[str, str] | str, grader: Model | None) -> EvalLog:
    """The same with scores, as the second step makes them."""
    return score(
        answered(task, answers),
        task.scorer or [],
        model="none/none",
        model_roles={"grader": grader} if grader else None,
        display="none",
        action="overwrite",
    )


def metrics_of(log: EvalLog) -> dict[str, float]:
    """The figures of the only scorer, in their order."""
    assert log.results is not None
    return {name: float(m.value) for name, m in log.results.scores[0].metrics.items()}


def scores_of(log: EvalLog) -> dict[str, Any]:
    """The score of every sample, by its id."""
    return {str(s.id): next(iter((s.scores or {}).values())) for s in log.samples or []}
