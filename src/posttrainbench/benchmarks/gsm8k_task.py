"""GSM8K as an inspect task.  Apart from the plug-in's module because inspect is heavy to import."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.solver import generate, prompt_template, system_message
from inspect_evals.gsm8k.gsm8k import MATH_PROMPT_TEMPLATE, sample_to_fewshot

from .items.gsm8k import ITEMS_SHA256, Gsm8kItem
from .reading.exact import gold_number, number_anywhere


def build_task(name: str, items: Sequence[Gsm8kItem], shots: Sequence[Gsm8kItem]) -> Task:
    """One sample an item; the versions that decide prompts and data stand in the metadata.

    Args:
        name: of the benchmark.
        items: the questions.
        shots: the worked examples of the system message.

    Raises:
        DataError: an answer is no number.
    """
    for item in items:
        gold_number(item.answer)
    samples = [Sample(id=item.id, input=item.question, target=item.answer) for item in items]
    examples = "\n\n".join(sample_to_fewshot(_with_reasoning(shot)) for shot in shots)
    return Task(
        name=name,
        dataset=MemoryDataset(samples, name=name),
        solver=[system_message(examples), prompt_template(MATH_PROMPT_TEMPLATE), generate()],
        scorer=number_anywhere(),
        metadata={"items_sha256": ITEMS_SHA256, "inspect_evals": version("inspect-evals")},
    )


def _with_reasoning(item: Gsm8kItem) -> Sample:
    return Sample(input=item.question, target=item.answer, metadata={"reasoning": item.reasoning})
