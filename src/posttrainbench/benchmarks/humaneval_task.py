"""HumanEval as an inspect task.  Apart from the plug-in's module because inspect is heavy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib.metadata import version

import anyio
import anyio.to_thread
from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import TaskState, generate
from inspect_evals.humaneval.humaneval import INSTRUCTION, find_code

from . import TaskSetup
from .code_answers.execution import check_answer
from .code_answers.place import workers
from .grading.progress import item_done
from .items.humaneval import ITEMS_SHA256, HumanEvalItem
from .items.questions import question


def build_task(name: str, items: Sequence[HumanEvalItem], setup: TaskSetup) -> Task:
    """One sample an item; the versions that decide prompts and data stand in the metadata."""
    samples = [
        Sample(
            id=item.id,
            input=question(name, INSTRUCTION + item.prompt, setup),
            target=item.canonical_solution,
            metadata=item.model_dump(include={"prompt", "test", "entry_point"}),
        )
        for item in items
    ]
    return Task(
        name=name,
        dataset=MemoryDataset(samples, name=name),
        solver=generate(),
        scorer=verified(setup.sandbox),
        metadata={"items_sha256": ITEMS_SHA256, "inspect_evals": version("inspect-evals")},
    )


def _verified(sandbox: str = "auto") -> Scorer:
    """1 where the item's official test passes, else 0; the explanation says what failed.

    ``isolated`` in the metadata is False where the code could have read this machine's files.
    """
    limiter: anyio.CapacityLimiter | None = None

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001 - the protocol's
        nonlocal limiter
        if limiter is None:  # it belongs to the event loop
            limiter = anyio.CapacityLimiter(workers())
        code = find_code(state.output.completion)
        item = HumanEvalItem(
            id=str(state.sample_id), canonical_solution="", **{
                name: state.metadata[name] for name in ("prompt", "test", "entry_point")
            },
        )  # fmt: skip
        checked = await anyio.to_thread.run_sync(
            partial(check_answer, item, code, sandbox), limiter=limiter
        )
        item_done.get()()
        return Score(
            value=1 if checked.passed else 0,
            answer=code,
            explanation=checked.why or "the official test passed",
            metadata={"isolated": checked.isolated},
        )

    return score


verified = scorer(metrics=[accuracy(), stderr()], name="verified")(_verified)
