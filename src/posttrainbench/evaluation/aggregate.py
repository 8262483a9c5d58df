"""A cell, what came of its seeds, and the record made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from .. import __version__
from ..benchmarks import Benchmark
from ..records import Evaluation, SeedResult, now
from ..registry import make
from ..spec import Frozen
from .request import GRADED_LOG, Generated, Grades

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
    subject: Literal["submission", "base"] = "submission"
    seeds: tuple[int, ...] = (1,)
    limit: int | None = None
    engine: str = "auto"


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
    seconds: float = 0.0


def record(
    cell: Cell,
    number: int,
    graded: Sequence[tuple[SeedAnswers, Generated, Grades]],
    error: str,
    generate_seconds: float,
    grade_seconds: float,
) -> Evaluation:
    """The evaluation's record; a failed one has no score.

    Args:
        graded: per seed what was answered, the facts of it, and the grades.
        error: why the evaluation failed; empty when it did not.
    """
    benchmark: Benchmark = make("benchmark", cell.benchmark)
    entry = benchmark.entry
    first = graded[0][1] if graded else None
    seeds = tuple(_seed_result(*part) for part in graded)
    errors = [seed.stderr for seed in seeds if seed.stderr is not None]
    complete = bool(seeds) and not error
    return Evaluation(
        at=now(),
        package_version=__version__,
        number=number,
        subject=cell.subject,
        status="complete" if complete else "failed",
        error=error,
        benchmark=cell.benchmark,
        model_hash=cell.model_hash,
        family=cell.family,
        score=fmean(seed.score for seed in seeds) if complete else None,
        # More seeds do not make more items: the sampling error of the items stays what it is.
        stderr=math.sqrt(fmean(e * e for e in errors)) if complete and errors else None,
        metric=entry.metric,
        comparable=entry.comparable and cell.limit is None,
        seeds=seeds,
        sampling=first.sampling if first else {},
        side_files_restored=first.side_files_restored if first else (),
        engine=first.engine if first else "",
        versions=first.versions if first else {},
        gpu=first.gpu if first else "",
        generate_seconds=generate_seconds,
        grade_seconds=grade_seconds,
    )


def _seed_result(answers: SeedAnswers, facts: Generated, grades: Grades) -> SeedResult:
    return SeedResult(
        seed=answers.seed,
        score=grades.score,
        stderr=grades.stderr,
        samples=facts.samples,
        log=f"{answers.folder}/{GRADED_LOG}",
        max_tokens=answers.max_tokens,
        token_stage=answers.token_stage,
        cached=answers.cached,
    )
