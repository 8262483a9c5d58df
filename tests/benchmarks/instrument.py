"""What the tests of exact scorers share: real items, the library's tasks, documented examples."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageUser, ModelName, ModelOutput
from inspect_ai.scorer import Scorer, Target
from inspect_ai.solver import Solver, TaskState
from inspect_ai.solver._chain import chain
from outside_world import PUBLICATIONS, gpqa_rows, quiet, table

PAGE = Path(__file__).parents[2] / "docs" / "instrument.md"


def place(key: str, shared: Path, root: Path) -> Path:
    """The folder of a benchmark's items: the real ones, GPQA's made up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PTB_DATA", str(shared))
        if key == "gpqamain":
            (root / "gpqa_main.csv").write_bytes(table(gpqa_rows()))
            patch.setenv("PTB_DATA", str(root))
        folder: Path = PUBLICATIONS[key].module.fetch(root / "cache", quiet).folder
    return folder


def state_of(sample: Sample, completion: str = "") -> TaskState:
    """A sample as solvers and scorers get it."""
    messages = (
        [ChatMessageUser(content=sample.input)]
        if isinstance(sample.input, str)
        else [message.model_copy() for message in sample.input]
    )
    return TaskState(
        model=ModelName("none/none"),
        sample_id=sample.id or "",
        epoch=1,
        input=sample.input,
        messages=messages,
        target=Target(sample.target),
        choices=sample.choices or [],
        output=ModelOutput.from_content("none", completion),
        metadata=dict(sample.metadata or {}),
    )


def asked(task: Task) -> dict[str, dict[str, Any]]:
    """By sample id: the messages and tools that the task would send to a model."""
    solver: Solver = chain(task.solver) if isinstance(task.solver, list) else task.solver

    async def ask(sample: Sample) -> dict[str, Any]:
        sent: dict[str, Any] = {}

        async def generate(state: TaskState, **_: Any) -> TaskState:
            sent["messages"] = [(message.role, message.content) for message in state.messages]
            sent["tools"] = [tool.model_dump() for tool in state.tools]
            return state

        await solver(state_of(sample), generate)
        return sent

    async def ask_all() -> dict[str, dict[str, Any]]:
        return {str(sample.id): await ask(sample) for sample in task.dataset}

    return asyncio.run(ask_all())


def scores(scorer: Scorer, states: Iterable[tuple[TaskState, str]]) -> list[float]:
    """The value of every state under a scorer, for its target."""

    async def score_all() -> list[float]:
        made = [await scorer(state, Target(target)) for state, target in states]
        return [{"C": 1.0, "I": 0.0, "N": 0.0}.get(one.value, one.value) for one in made]

    return asyncio.run(score_all())


def score_items(task: Task, answer: Callable[[Sample], str]) -> set[float]:
    """The different values that all items of a task get for scripted answers."""
    [scorer] = task.scorer
    found = scores(scorer, [(state_of(s, answer(s)), str(s.target)) for s in task.dataset])
    assert len(found) == len(task.dataset)
    return set(found)


def completed(completion: str, choices: int = 0) -> Any:
    """As much of a state as inspect's parsers of completions need."""
    return SimpleNamespace(output=SimpleNamespace(completion=completion), choices=[None] * choices)


def documented(heading: str, number: int = 0) -> list[list[str]]:
    """The rows of a table of docs/instrument.md, without code marks, signs for white space undone.

    Args:
        heading: under which the table stands.
        number: which of the tables there.
    """
    text = PAGE.read_text(encoding="utf-8")
    section = re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)
    tables = re.findall(r"(?:^\|.*\n)+", section[0], re.MULTILINE)
    rows = [line.strip("|").split("|") for line in tables[number].splitlines()[2:]]
    return [[_shown(cell.strip()) for cell in row] for row in rows]


def _shown(cell: str) -> str:
    if cell.startswith("`"):
        cell = cell[1:-1]
    return cell.replace("⏎", "\n").replace("␣", " ")


def rows(file: Path) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
