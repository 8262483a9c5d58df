"""What the records of an evaluation hold."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ..spec import Frozen
from .base import Record


class SampleScore(Frozen):
    """One benchmark item under one seed."""

    id: str
    score: float | None
    """``None``: no verdict could be had; the item is in no mean."""
    stop_reason: str = ""


class Concern(Frozen):
    """Something about the answers that a person should look at.  It changes no score."""

    kind: Literal["steers-grader", "shared-text", "not-isolated"]
    summary: str
    items: tuple[str, ...] = ()
    """Ids of the items concerned, the first twenty."""
    count: int = 0
    """How many items are concerned in all."""
    quote: str = ""
    """At most 300 characters, control characters escaped; hostile text, never interpreted."""


class GraderUse(Frozen):
    """The grader behind a score, and what it cost."""

    model: str
    endpoint: str
    """Host and port of the endpoint."""
    prompt: str
    """Whose wording the grader was asked with: ``official``, ``own``, or a library's."""
    calls: int = 0
    """Answers that were paid for now."""
    cached: int = 0
    """Answers that an earlier evaluation had paid for."""
    retried: int = 0
    """Requests repeated because the endpoint failed."""
    malformed: int = 0
    """Answers without a readable verdict; each was asked again."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    """``None`` where no price is known."""
    cost_source: str = ""


class Try(Frozen):
    """One start of the engine that came to nothing."""

    max_tokens: int
    connections: int | None
    error: str


class SeedResult(Frozen):
    """The score under one run seed, and the inspect log that shows every sample."""

    seed: int
    score: float
    stderr: float | None
    samples: int
    ungraded: int = 0
    log: str
    """Path of the graded log, relative to the evaluation's folder."""
    max_tokens: int
    token_stage: int
    cut_off: int = 0
    """Answers that ended because the token limit was reached."""
    cached: bool = False


class Evaluation(Record):
    """``evaluations/NNN/evaluation.json``: one evaluation; the newest complete one counts."""

    schema_version: Literal["evaluation/1"] = "evaluation/1"
    number: int
    subject: Literal["submission", "base", "instruct"]
    status: Literal["complete", "failed"]
    error: str = ""
    benchmark: str
    model_hash: str
    family: str
    mode: Literal["chat", "few-shot"] = "chat"
    """``few-shot``: worked examples in plain text, without a chat template (baselines)."""
    score: float | None = None
    """Mean over the seeds; a fraction."""
    stderr: float | None = None
    """Sampling error of the items, which more seeds do not make smaller."""
    seed_stderr: float | None = None
    """Standard error of the mean over the seeds; ``None`` with one seed."""
    metric: str = ""
    comparable: bool = True
    """False where a limit, a demo cell or an unofficial grader makes the figure its own kind."""
    breakdown: dict[str, float] = Field(default_factory=dict)
    """Mean over the seeds of the scorer's further figures."""
    seeds: tuple[SeedResult, ...] = ()
    tries: tuple[Try, ...] = ()
    """Starts of the engine that failed before the one that worked."""
    grader: GraderUse | None = None
    concerns: tuple[Concern, ...] = ()
    notes: tuple[str, ...] = ()
    sampling: dict[str, Any] = Field(default_factory=dict)
    side_files_restored: tuple[str, ...] = ()
    """Tokenizer and processor files taken from the base model, because the subject lacks them."""
    engine: str = ""
    connections: int = 0
    """Requests that the engine had at once, at most."""
    versions: dict[str, str] = Field(default_factory=dict)
    gpu: str = ""
    generate_seconds: float = 0.0
    grade_seconds: float = 0.0
