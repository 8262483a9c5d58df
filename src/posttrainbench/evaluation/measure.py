"""Measure a folder in this very process: for the agent's evaluate.py and for ``ptb evaluate``.

No sandbox for the model, no cache of scores, no record: the same generation and grading as the
final evaluation, in a temporary folder that is deleted, so that no text of a benchmark item is left
lying about.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from ..benchmarks import Benchmark
from ..errors import EvaluationError, SpecError
from ..paths import cache_dir
from ..records import Concern, GraderUse
from ..registry import make
from ..spec import GraderChoice
from .aggregate import grader_total
from .engines.choice import engine_name
from .request import GenerateRequest, GradeRequest


@dataclass(frozen=True)
class Measured:
    """A score and how it came about."""

    score: float
    stderr: float | None
    samples: int
    """Items, answered once under every seed."""
    seeds: tuple[int, ...]
    seed_scores: tuple[float, ...]
    cut_off: int
    """Answers that ended because the token limit was reached."""
    ungraded: int
    """Answers without a verdict."""
    breakdown: dict[str, float]
    comparable: bool
    grader: GraderUse | None
    concerns: tuple[Concern, ...]
    side_files_restored: tuple[str, ...]
    notes: tuple[str, ...]
    """What was wrong with the generation config, and what the scorer has to say."""
    seconds: float


def measure(
    model: Path,
    *,
    benchmark: str,
    family: str,
    data: Path,
    base: Path | None = None,
    limit: int = -1,
    max_tokens: int | None = None,
    seeds: tuple[int, ...] = (1,),
    few_shot: bool = False,
    engine: str = "auto",
    connections: int | None = None,
    gpu_memory_utilization: float | None = None,
    grader: GraderChoice | None = None,
    keep_verdicts: bool = True,
    sandbox: str = "auto",
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Measured:
    """Evaluate ``model`` on a benchmark.

    Args:
        family: decides chat template and tool-call format; never taken from the folder.
        data: the benchmark's fetched items.
        base: the base model's folder, for tokenizer files that ``model`` lacks.
        limit: number of items, or -1 for all.
        max_tokens: limit of an answer; ``None`` takes the benchmark's own.
        few_shot: worked examples in plain text instead of the chat template.
        connections: requests at once; ``None`` leaves it to the engine.
        keep_verdicts: whether verdicts are taken from this user's cache and put into it.
        sandbox: where code that the model wrote is run.
        progress: called with the number of answers and of items.

    Raises:
        SpecError: a limit that makes no sense.
        MissingRequirementError: the grader's key or the engine is missing.
        DataError: the folder is no model, or is damaged.
        EngineError: out of memory, or the model gives NaN.
        GraderError: the grader cannot be reached or understood.
    """
    if limit < 1 and limit != -1:
        raise SpecError(f"--limit {limit} is not usable", advice="give 1 or more, or -1 for all")
    if max_tokens is not None and max_tokens < 1:
        raise SpecError(f"--max-tokens {max_tokens} is not usable", advice="give 1 or more")
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # see steps.py; before torch is loaded
    from .generate import generate
    from .grade import grade
    from .grader import require_grader

    plugin: Benchmark = make("benchmark", benchmark)
    graded = plugin.entry.graded
    choice = (grader or GraderChoice()) if graded else None
    if choice is not None:
        require_grader(choice)
    items = None if limit == -1 else limit
    with tempfile.TemporaryDirectory(prefix="ptb-evaluate-") as folder:
        request = GenerateRequest(
            benchmark=benchmark,
            family=family,
            engine=engine_name(engine),
            model=str(model),
            base=str(base) if base else None,
            data=str(data),
            out=folder,
            seeds=seeds,
            limit=items,
            few_shot=few_shot,
            max_tokens=max_tokens or plugin.entry.max_tokens[0],
            connections=connections,
            gpu_memory_utilization=gpu_memory_utilization,
        )
        made = generate(request, progress)
        grades = grade(
            GradeRequest(
                benchmark=benchmark,
                data=str(data),
                out=folder,
                seeds=seeds,
                limit=items,
                few_shot=few_shot,
                sandbox=sandbox,
                grader=choice,
                grader_cache=_grader_cache() if choice is not None and keep_verdicts else None,
            ),
            lambda _done, _total: None,
        )
    if not grades:
        raise EvaluationError("nothing was graded", advice="name at least one seed")
    spreads = [part.stderr for part in grades if part.stderr is not None]
    notes = [*made[0].sampling.get("notes", ()), *(note for part in grades for note in part.notes)]
    return Measured(
        score=fmean(part.score for part in grades),
        stderr=math.sqrt(fmean(s * s for s in spreads)) if spreads else None,
        samples=made[0].samples,
        seeds=seeds,
        seed_scores=tuple(part.score for part in grades),
        cut_off=sum(part.cut_off for part in made),
        ungraded=sum(part.ungraded for part in grades),
        breakdown=grades[0].breakdown,
        comparable=plugin.entry.comparable
        and items is None
        and all(part.comparable for part in grades),
        grader=grader_total(part.grader for part in grades),
        concerns=grades[0].concerns,
        side_files_restored=made[0].side_files_restored,
        notes=tuple(dict.fromkeys(notes)),
        seconds=made[0].load_seconds
        + sum(part.seconds for part in made)
        + sum(part.seconds for part in grades),
    )


def _grader_cache() -> str | None:
    """Where verdicts are kept; ``None`` where the cache cannot be written, as in a sandbox."""
    folder = cache_dir() / "grader"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(folder) if os.access(folder, os.W_OK) else None
