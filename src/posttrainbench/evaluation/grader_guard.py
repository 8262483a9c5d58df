"""What an agent's token for the grader is good for: its own evaluations, so many of them.

A request passes if it is one that the client of :mod:`.grader_api` sends: these keys, this model,
these settings, and messages that the benchmark knows for its scorer's.  So the grader is no model
to write training data with, except for what it says about an answer while it judges it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..benchmarks import AsksGrader, Benchmark, TaskSetup
from ..benchmarks.grading.asking import TRIES
from ..catalog import BenchmarkEntry
from ..errors import SpecError
from ..gateway import Question
from ..spec import GraderChoice

EVALUATIONS = 40
"""Evaluations of the default size that an agent may pay for in a run: one every 15 minutes."""

_LIMITS = {"max_completion_tokens", "max_tokens"}
"""The client takes the first for models of OpenAI's that reason, the second for all others."""


def agent_grader_requests(entry: BenchmarkEntry) -> int:
    """How many requests to the grader an agent may make in a run, unless somebody says otherwise.

    Enough for :data:`EVALUATIONS` evaluations with evaluate.py's default ``--limit``, even if every
    verdict needed all its tries.
    """
    items = entry.items if entry.agent_limit == -1 else min(entry.items, entry.agent_limit)
    return EVALUATIONS * items * entry.grader_calls * TRIES


def guard(
    benchmark: Benchmark, data: Path, choice: GraderChoice, most_requests: int
) -> Callable[[Question], str]:
    """For :attr:`Route.allow`: why a request is none of evaluate.py's; empty if it is one.

    Args:
        data: the benchmark's folder, as the agent's evaluate.py reads it.
        choice: the grader.  Its ``prompt_file`` is not looked at: an agent's evaluate.py always
            judges with our own wording, as the official one is not in its world.
        most_requests: how many may pass.

    Raises:
        SpecError: the benchmark cannot tell its scorer's questions from others.
        DataError: the folder does not hold the pinned items.
    """
    key = benchmark.entry.key
    if not isinstance(benchmark, AsksGrader):
        raise SpecError(
            f"the benchmark {key} has no grader_guard, so its grader's key cannot be lent",
            advice="add the method to the plug-in (docs/adding-a-benchmark.md)",
        )
    of_scorer = benchmark.grader_guard(data, TaskSetup())

    def allow(question: Question) -> str:
        if question.method != "POST" or question.path.strip("/") != "chat/completions":
            return "the grader is asked by POST to chat/completions only"
        if question.number >= most_requests:
            return f"all {most_requests} requests to the grader of this run are used up"
        why = _settings(question.body, choice) or of_scorer(question.body.get("messages"))
        return f"the grader answers evaluate.py only: {why}" if why else ""

    return allow


def _settings(body: Mapping[str, Any], choice: GraderChoice) -> str:
    """What is wrong beside the messages."""
    expected: dict[str, Any] = {"model": choice.model}
    if choice.reasoning_effort != "none":
        expected["reasoning_effort"] = choice.reasoning_effort
    limits = _LIMITS & set(body)
    expected |= dict.fromkeys(limits, choice.max_tokens)
    if len(limits) != 1:
        return "it names one limit of tokens"
    if extra := set(body) - set(expected) - {"messages"}:
        return f"it sends no {_shown(extra)}"
    for name, value in expected.items():
        if type(body.get(name)) is not type(value) or body[name] != value:
            return f"its {name} is {value}"
    return ""


def _shown(names: set[str]) -> str:
    """One of the names; what was sent may be anything."""
    plain = sorted(n for n in names if n.isidentifier() and n.isascii() and len(n) <= 30)
    return plain[0] if plain else "such key"
