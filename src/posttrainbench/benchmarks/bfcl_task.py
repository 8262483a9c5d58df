"""BFCL as an inspect task.  Apart from the plug-in's module because inspect is heavy to import."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_evals.bfcl.data import CATEGORIES, _get_language_specific_hint
from inspect_evals.bfcl.solve import single_turn_solve

from ..errors import DataError
from . import TaskSetup
from .items.bfcl import ITEMS_SHA256, BfclItem
from .items.questions import question
from .reading.calls import Call, mismatch, parse_call


def build_task(name: str, items: Sequence[BfclItem], setup: TaskSetup, *, hint: bool) -> Task:
    """One sample an item; the versions that decide prompts and data stand in the metadata.

    Args:
        name: of the benchmark.
        items: the questions.
        setup: whether worked examples stand before them.
        hint: end a function's description with the remark that inspect-evals adds.

    Raises:
        DataError: a ground truth is no call.
    """
    for item in items:
        _truth(item.ground_truth)
    remark = _get_language_specific_hint(CATEGORIES["exec_simple"]) if hint else ""
    samples = [
        Sample(
            id=item.id,
            input=question(name, item.question, setup),
            target=item.ground_truth,
            metadata={"tools": [_with_remark(item.function, remark)]},
        )
        for item in items
    ]
    return Task(
        name=name,
        dataset=MemoryDataset(samples, name=name),
        solver=call_once(),
        scorer=exact_call(),
        metadata={"items_sha256": ITEMS_SHA256, "inspect_evals": version("inspect-evals")},
    )


def _with_remark(function: dict[str, Any], remark: str) -> dict[str, Any]:
    return {**function, "description": function["description"] + remark}


def _truth(text: str) -> Call:
    try:
        return parse_call(text)
    except ValueError as error:
        raise DataError(f"a ground truth cannot be read: {error}") from error


def _call_once() -> Solver:
    """Offer the sample's function and take one answer; calls are recorded, not run."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return await single_turn_solve(state, generate)

    return solve


def _exact_call() -> Scorer:
    """1 for exactly the expected call, else 0; the explanation says what differs."""

    async def score(state: TaskState, target: Target) -> Score:
        made = (state.output.message.tool_calls or []) if state.output.choices else []
        calls = [Call(call.function, call.arguments) for call in made]
        unreadable = next((call.parse_error for call in made if call.parse_error), None)
        why = unreadable or mismatch(calls, _truth(target.text))
        shown = "; ".join(call.brief() for call in calls[:4]) or "no call"
        return Score(value=0 if why else 1, answer=shown, explanation=why or "equal")

    return score


call_once = solver(name="call_once")(_call_once)
exact_call = scorer(metrics=[accuracy(), stderr()], name="exact_call")(_exact_call)
