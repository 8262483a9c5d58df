"""A cell, what came of its seeds, and the record made of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Literal

from .. import __version__
from ..benchmarks import Benchmark
from ..records import Concern, Evaluation, GraderUse, SeedResult, Try, now
from ..registry import make
from ..spec import Frozen, GraderChoice
from .request import GRADED_LOG, Generated, Grades
from .sampling import FEW_SHOT, GREEDY_BELOW, resolve_sampling

GENERATION = "generation.json"


@dataclass(frozen=True)
class Cell:
    """One model on one benchmark."""

    benchmark: str
    family: str
    model: Path
    model_hash: str
    """Checked at every load."""
    base: Path
    """The base model's folder, for tokenizer files that the model lacks."""
    data: Path
    subject: Literal["submission", "base", "instruct"] = "submission"
    seeds: tuple[int, ...] | None = None
    """``None``: the benchmark's own, see :func:`run_seeds`."""
    limit: int | None = None
    engine: str = "auto"
    few_shot: bool = False
    connections: int | None = None
    gpu_memory_utilization: float | None = None
    grader: GraderChoice = field(default_factory=GraderChoice)
    base_answers: Path | None = None
    """Log of the untouched base model's answers, to compare with."""


class SeedAnswers(Frozen):
    """The answers under one seed."""

    seed: int
    folder: str
    token_stage: int
    max_tokens: int
    cached: bool


class Generation(Frozen):
    """``generation.json``: the first step of an evaluation."""

    schema_version: Literal["generation/1"] = "generation/1"
    status: Literal["complete", "failed"]
    error: str = ""
    seeds: tuple[SeedAnswers, ...] = ()
    tries: tuple[Try, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Graded:
    """One seed, answered and graded."""

    answers: SeedAnswers
    facts: Generated
    grades: Grades


def run_seeds(cell: Cell) -> tuple[int, ...]:
    """The run seeds of an evaluation.

    What the person asked for; else the benchmark's own.  Of these the first alone where nothing
    depends on the seed: decoding is greedy, and the questions are the same under every seed.
    """
    if cell.seeds is not None:
        return cell.seeds
    benchmark: Benchmark = make("benchmark", cell.benchmark)
    sampling = FEW_SHOT if cell.few_shot else resolve_sampling(cell.model).sampling
    if sampling.temperature < GREEDY_BELOW and not benchmark.entry.seeded_items:
        return benchmark.entry.seeds[:1]
    return benchmark.entry.seeds


def record(
    cell: Cell,
    number: int,
    generation: Generation,
    graded: Sequence[Graded],
    error: str,
    grade_seconds: float,
) -> Evaluation:
    """The evaluation's record; a failed one has no score.

    Args:
        error: why the evaluation failed; empty when it did not.
    """
    benchmark: Benchmark = make("benchmark", cell.benchmark)
    entry = benchmark.entry
    seeds = tuple(_seed_result(part) for part in graded)
    errors = [seed.stderr for seed in seeds if seed.stderr is not None]
    complete = bool(seeds) and not error
    grades = [part.grades for part in graded]
    evaluation = Evaluation(
        at=now(),
        package_version=__version__,
        number=number,
        subject=cell.subject,
        status="complete" if complete else "failed",
        error=error or ("" if seeds else "no seed was answered"),
        benchmark=cell.benchmark,
        model_hash=cell.model_hash,
        family=cell.family,
        mode="few-shot" if cell.few_shot else "chat",
        metric=entry.metric,
        comparable=entry.comparable
        and cell.limit is None
        and all(part.comparable for part in grades),
        seeds=seeds,
        tries=generation.tries,
        generate_seconds=generation.seconds,
        grade_seconds=grade_seconds,
    )
    if not graded:
        return evaluation
    first = graded[0].facts
    scores = [seed.score for seed in seeds]
    return evaluation.model_copy(
        update={
            "score": fmean(scores) if complete else None,
            "stderr": math.sqrt(fmean(e * e for e in errors)) if complete and errors else None,
            "seed_stderr": stdev(scores) / math.sqrt(len(scores))
            if complete and len(scores) > 1
            else None,
            "breakdown": _breakdown(grades),
            "grader": grader_total(_paid_now(part) for part in graded),
            "concerns": _concerns(graded),
            "notes": tuple(dict.fromkeys(note for part in grades for note in part.notes)),
            "sampling": first.sampling,
            "side_files_restored": first.side_files_restored,
            "engine": first.engine,
            "connections": max(part.facts.connections for part in graded),
            "versions": {**first.versions, **grades[0].versions},
            "gpu": first.gpu,
        }
    )


def _seed_result(part: Graded) -> SeedResult:
    return SeedResult(
        seed=part.answers.seed,
        score=part.grades.score,
        stderr=part.grades.stderr,
        samples=part.facts.samples,
        ungraded=part.grades.ungraded,
        log=f"{part.answers.folder}/{GRADED_LOG}",
        max_tokens=part.answers.max_tokens,
        token_stage=part.answers.token_stage,
        cut_off=part.facts.cut_off,
        cached=part.answers.cached,
    )


def _breakdown(grades: Sequence[Grades]) -> dict[str, float]:
    names = dict.fromkeys(name for part in grades for name in part.breakdown)
    return {
        name: fmean(part.breakdown[name] for part in grades if name in part.breakdown)
        for name in names
    }


def _paid_now(part: Graded) -> GraderUse | None:
    """The grader's use under one seed; grades from the cache were paid for by somebody else."""
    use = part.grades.grader
    if use is None or not part.answers.cached:
        return use
    return GraderUse(
        model=use.model,
        endpoint=use.endpoint,
        prompt=use.prompt,
        cached=use.calls + use.cached,
        cost_usd=0.0,
        cost_source="nothing was paid for",
    )


def grader_total(found: Iterable[GraderUse | None]) -> GraderUse | None:
    """The uses under all seeds in one; a cost is known only where it is known for each."""
    uses = [use for use in found if use is not None]
    if not uses:
        return None
    costs = [use.cost_usd for use in uses]
    counted = (
        "calls", "cached", "retried", "malformed", "prompt_tokens", "completion_tokens",
    )  # fmt: skip
    return uses[0].model_copy(
        update={
            **{name: sum(getattr(use, name) for use in uses) for name in counted},
            "cost_usd": None if None in costs else sum(cost for cost in costs if cost is not None),
        }
    )


def _concerns(graded: Sequence[Graded]) -> tuple[Concern, ...]:
    """One a kind and summary: the seeds repeat each other."""
    found: dict[tuple[str, str], Concern] = {}
    for part in graded:
        for concern in part.grades.concerns:
            key = (concern.kind, concern.summary)
            if key not in found or concern.count > found[key].count:
                found[key] = concern
    return tuple(found.values())
