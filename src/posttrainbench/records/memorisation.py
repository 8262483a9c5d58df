"""What the memorisation probe measured: how likely two models find texts, and nothing of the texts.

An item's text and its twins' stand in no record, only their numbers do.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..spec import Frozen
from .base import Record

Rule = Literal["item", "exchanged", "renamed", "reworded", "other-choice"]


Group = Literal["train-split", "sibling", "remade"]
"""Texts of the same kind that are no twins: published for training, of a sibling benchmark, or made
by rule from items that are not probed."""


class Likelihood(Frozen):
    """How likely a model finds one text, given what stands before it."""

    tokens: int
    mean: float
    """Mean log-probability of its tokens, in nats; at most 0."""
    low: float
    """The same over the fifth of the tokens that the model finds least likely (Min-K%)."""


class TextLikelihood(Frozen):
    """One text of the probe under one model; ``None`` for a part that it does not have."""

    question: Likelihood | None = None
    answer: Likelihood | None = None
    """Given the question."""


class ProbedText(Frozen):
    """One text of the probe under both models."""

    item: str
    """The benchmark item that it is, or was made from."""
    rule: Rule
    """``item`` for the item itself, else by which rule it was changed."""
    number: int = 0
    """Several texts are made from one item."""
    base: TextLikelihood
    final: TextLikelihood


class ProbedControl(Frozen):
    """One text that stands beside items and twins, under both models."""

    group: Group
    number: int
    base: TextLikelihood
    final: TextLikelihood


class Probe(Record):
    """``memorisation.json``: the submission and the base model on items and their twins."""

    schema_version: Literal["probe/1"] = "probe/1"
    status: Literal["done", "skipped", "failed"]
    reason: str = ""
    """Why it was skipped or failed."""
    model_hash: str | None = None
    base_hash: str = ""
    texts_sha256: str = ""
    """Checksum of all texts that were to be scored."""
    items: int = 0
    """Items of the benchmark."""
    texts: tuple[ProbedText, ...] = ()
    controls: tuple[ProbedControl, ...] = ()
    """Not matched to items; what they say informs."""
    base_cached: bool = False
    """Whether the base model's part had been measured before."""
    device: str = ""
    """Name of the GPU; empty on a CPU."""
    versions: dict[str, str] = Field(default_factory=dict)
    seconds: float = 0.0
