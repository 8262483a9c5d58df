"""GPQA main as an inspect task.  Apart from the plug-in's module because inspect is heavy."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.solver import Generate, MultipleChoiceTemplate, Solver, TaskState, solver

from . import TaskSetup
from .items.gpqa import GpqaItem
from .items.questions import question
from .reading.exact import named_choice


def build_task(name: str, items: Sequence[GpqaItem], setup: TaskSetup) -> Task:
    """One sample an item; the versions that decide prompts stand in the metadata.

    Args:
        name: of the benchmark.
        items: all of them, whatever the limit: the order of an item's choices depends on how many
            were shuffled before.
        setup: the seed of the shuffling, and how many items are asked.
    """
    samples = [
        Sample(
            id=item.id,
            input=question(name, item.question, setup),
            choices=list(item.choices),
            target="A",
            metadata={"canary": item.canary},
        )
        for item in items
    ]
    dataset = MemoryDataset(samples, name=name)
    dataset.shuffle_choices(seed=setup.seed)
    return Task(
        name=name,
        dataset=dataset[: setup.limit],
        solver=ask_for_letter(),
        scorer=named_choice(),
        metadata={"choices_seed": setup.seed, "inspect_ai": version("inspect-ai")},
    )


def _ask_for_letter() -> Solver:
    """inspect's ``multiple_choice(cot=True)``, which also reads the answer; here the scorer does.

    What it reads stands in no log, so that a log could not be graded again; and its reading of a
    long run of spaces takes days.
    """
    template = MultipleChoiceTemplate.SINGLE_ANSWER_COT.value

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.user_prompt.text = state.choices.prompt(state.user_prompt.text, template)
        return await generate(state)

    return solve


ask_for_letter = solver(name="ask_for_letter")(_ask_for_letter)
