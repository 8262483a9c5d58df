"""AIME 2025 as an inspect task.  Apart from the plug-in's module because inspect is heavy."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_evals.utils.aime_common import aime_solver

from . import TaskSetup
from .items.aime import ANSWERS_SHA256, AimeItem
from .items.questions import question
from .reading.exact import gold_number, number_on_last_line


def build_task(name: str, items: Sequence[AimeItem], setup: TaskSetup) -> Task:
    """One sample an item; the versions that decide prompts and data stand in the metadata.

    Raises:
        DataError: an answer is no number.
    """
    for item in items:
        gold_number(item.answer)
    samples = [
        Sample(id=item.id, input=question(name, item.problem, setup), target=item.answer)
        for item in items
    ]
    return Task(
        name=name,
        dataset=MemoryDataset(samples, name=name),
        solver=aime_solver(),
        scorer=number_on_last_line(),
        metadata={"answers_sha256": ANSWERS_SHA256, "inspect_evals": version("inspect-evals")},
    )
