"""A benchmark is one module: its items, its inspect task, its scorer, its texts for the audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ..catalog import BenchmarkEntry
from ..errors import SpecError
from ..records import Source

if TYPE_CHECKING:
    from inspect_ai import Task

Progress = Callable[[str], None]
"""Called with one short line for a person whenever long work gets on."""

GraderGuard = Callable[[object], str]
"""Told the ``messages`` of a request to the grader, as they came out of JSON.  Empty if the scorer
would send exactly these about one of the items and some answer; else why not, in words without any
text of an item."""


@dataclass(frozen=True)
class FetchedData:
    """Benchmark items on this machine: a folder of ours, and where its content came from."""

    folder: Path
    source: Source


@dataclass(frozen=True)
class TestItem:
    """One item as the contamination scan needs it: the texts by which a copy is recognised."""

    __test__ = False

    id: str
    question: str
    answer: str
    aliases: tuple[str, ...] = ()
    """Further texts each of which alone makes the item known: one turn of a conversation."""
    parts: tuple[str, ...] = ()
    """Texts of which several together make it known: its choices, the criteria of its rubric."""
    code: str = ""
    """For a programming task: the whole function in Python, with its docstring and solution."""
    tests: str = ""
    """For a programming task: Python with the asserts that check a solution."""
    entry_point: str = ""
    """For a programming task: the function's name."""
    function: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """For a tool call: the function on offer, as BFCL describes one."""
    call: str = ""
    """For a tool call: the right call, as a Python expression."""
    gold: str = ""
    """The bare answer where it is short (a number, a letter): runs of them can be recognised."""
    canary: str = ""
    """A string that the publisher put beside every item to make copies known."""


@dataclass(frozen=True)
class TaskSetup:
    """How a benchmark's items are asked and graded this time."""

    limit: int | None = None
    """Only the first ``limit`` items; ``None`` takes all."""
    seed: int = 1
    """The run seed, for a benchmark whose questions it changes (the order of choices)."""
    few_shot: bool = False
    """Worked examples before the question, for base models asked without a chat template."""
    sandbox: str = "auto"
    """In which sandbox a scorer runs code that the model wrote."""
    grader_prompt: Path | None = None
    """A file with the official wording of a grader's task, where that is not ours to ship."""
    max_ungraded: float = 0.02
    """A larger share of items without a verdict fails the evaluation."""

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise SpecError(
                f"limit {self.limit} asks for no item", advice="give 1 or more, or -1: all"
            )


class Benchmark(Protocol):
    """One benchmark."""

    entry: BenchmarkEntry

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        """Get the items into ``cache`` (once) and check them against the pinned checksum.

        Raises:
            DataError: no source can be reached, or what came is not what was pinned.
        """

    def test_items(self, data: Path) -> list[TestItem]:
        """All items of the full evaluation, for the audit."""

    def task(self, data: Path, setup: TaskSetup) -> Task:
        """The inspect task: dataset, solver and scorer; generation settings are the engine's.

        A graded benchmark's scorer asks inspect's model role ``grader``.

        Raises:
            DataError: the folder does not hold the pinned items.
        """


@runtime_checkable
class HasTrainItems(Protocol):
    """What a benchmark with a train split has besides, as a control for memorised test items."""

    def train_items(self, data: Path) -> list[TestItem]:
        """Items of the train split that are on this machine; training on them is allowed.

        Raises:
            DataError: the folder does not hold the pinned items.
        """


@runtime_checkable
class AsksGrader(Protocol):
    """What a graded benchmark has besides, so that its grader's key can be lent to an agent."""

    def grader_guard(self, data: Path, setup: TaskSetup) -> GraderGuard:
        """Tells the scorer's own questions from all others.

        Raises:
            DataError: the folder does not hold the pinned items.
            SpecError: the grader's prompt file is not usable.
        """
