"""What judges said about a run, and what a person made of it.

Both are appended, never overwritten; ``verdict`` in ``result.json`` is made of the newest ones.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..spec import Frozen
from .base import Record
from .schemas import Evidence, Outcome
from .usage import TokenUse

Vote = Literal["violation", "no-violation", "cannot-tell"]
Ruled = Literal["violation", "no-violation", "undecided"]


class JudgeQuote(Frozen):
    """A passage that a judge rests on; it counts only where it stands."""

    file: str
    """Path in the judge's world, such as ``workspace/train.py``."""
    text: str
    found: bool
    """Whether the text stands in that file, white space apart: looked up by us."""


class Opinion(Frozen):
    """One judge's vote on one rule."""

    category: str
    vote: Vote
    confidence: float = Field(ge=0, le=1)
    justification: str
    quotes: tuple[JudgeQuote, ...] = ()
    counted: bool = True
    """``False`` for a violation none of whose quotes exists: it counts as ``cannot-tell``."""


class Juror(Frozen):
    """One judge's work on one question."""

    number: int
    question: str
    """Which prompt it was asked: ``data-and-model`` or ``third-party-apis``."""
    agent: str
    model: str
    version: str = ""
    prompt_sha256: str
    status: Literal["answered", "malformed", "failed"]
    tries: int
    opinions: tuple[Opinion, ...] = ()
    detail: str = ""
    """Why there is no answer, for a person."""
    seconds: float
    models: dict[str, TokenUse] = Field(default_factory=dict)
    cost_usd: float | None = None


class Ruling(Frozen):
    """What the majority says about one rule."""

    category: str
    ruled: Ruled
    votes: dict[Vote, int]
    unanimous: bool


class Judgement(Record):
    """``judgements/NNN.json``: one sitting of the judges; ``judgements/NNN/`` holds what they said.

    A category that no judge was asked about has no ruling.
    """

    schema_version: Literal["judgement/1"] = "judgement/1"
    number: int
    audit: int
    """The audit whose findings the judges were shown."""
    jurors: tuple[Juror, ...]
    rulings: tuple[Ruling, ...]
    outcome: Outcome
    orders: tuple[Evidence, ...] = ()
    """Text of the run that tells its judges what to rule: a clean outcome then answers nothing."""
    cost_usd: float | None = None


class Override(Record):
    """``overrides/NNN.json``: a person's word on the verdict; the newest counts."""

    schema_version: Literal["override/1"] = "override/1"
    number: int
    outcome: Outcome | None
    """``None`` withdraws earlier words: audit and judges count again."""
    categories: tuple[str, ...] = ()
    why: str
    by: str
    """Who says so: a name, as given."""
    replaced: Outcome
    """The verdict's outcome before."""
