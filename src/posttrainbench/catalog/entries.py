"""The shapes of catalogue entries."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..spec import Frozen

Family = str
"""Decides chat template and tool-call format.  From the catalogue only, never from a path or from a
submitted config: both have been used to cheat."""


class ModelEntry(Frozen):
    """A base model that agents may be given."""

    key: str
    title: str
    base_id: str
    """Hugging Face id of the weights to be trained."""
    instruct_id: str | None = None
    """The official instruct counterpart: forbidden as a start, used as a reference."""
    family: Family
    parameters: float
    """Number of parameters, for display."""
    comparable: bool = True
    """False for demo models, which no leaderboard compares."""


class BenchmarkEntry(Frozen):
    """A benchmark, with its final-evaluation protocol."""

    key: str
    title: str
    """As the agent is told."""
    dataset_id: str
    config: str = ""
    items: int
    metric: str
    max_tokens: tuple[int, ...]
    """Token limit of an answer, then the fallbacks after out-of-memory, server death or timeout."""
    agent_limit: int
    """Default ``--limit`` of the agent's own evaluate.py; -1 means all items."""
    weight: float | None = None
    """Share in an agent's score; ``None`` for a demo cell, which has none."""
    graded: bool = False
    """Whether a paid grader model reads the answers."""
    grader_calls: int = 1
    """Questions to the grader about one item: their mean, rounded up."""
    executes: bool = False
    """Whether grading runs code that the model wrote."""
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    """Run seeds of a full evaluation, unless the person says otherwise."""
    seeded_items: bool = False
    """Whether the run seed changes the questions, so that greedy decoding needs all seeds, too."""
    gated: bool = False
    comparable: bool = True
    token_flag: Literal["--max-tokens", "--max-new-tokens"] = Field(default="--max-tokens")
    """The option of evaluate.py that sets the answer's limit."""


class ReferenceScore(Frozen):
    """The score of a model nobody post-trained: published, or measured here."""

    value: float
    kind: Literal["base", "instruct", "base-few-shot"]
    source: str
    comparable: bool = True
    measured: bool = False
