"""Measure a folder in this very process: for the agent's evaluate.py and for ``ptb evaluate``.

No sandbox, no cache, no record: the same generation and grading as the final evaluation, in a
temporary folder that is deleted, so that no text of a benchmark item is left lying about.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..benchmarks import Benchmark
from ..errors import SpecError
from ..registry import make
from .engines.choice import engine_name
from .request import GenerateRequest, GradeRequest


@dataclass(frozen=True)
class Measured:
    """A score and how it came about."""

    score: float
    stderr: float | None
    samples: int
    cut_off: int
    """Answers that ended because the token limit was reached."""
    side_files_restored: tuple[str, ...]
    notes: tuple[str, ...]
    """What was wrong with the generation config."""
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
    seed: int = 1,
    engine: str = "auto",
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Measured:
    """Evaluate ``model`` on a benchmark.

    Args:
        family: decides chat template and tool-call format; never taken from the folder.
        data: the benchmark's fetched items.
        base: the base model's folder, for tokenizer files that ``model`` lacks.
        limit: number of items, or -1 for all.
        max_tokens: limit of an answer; ``None`` takes the benchmark's own.
        progress: called with the number of answers and of items.

    Raises:
        SpecError: a limit that makes no sense.
        DataError: the folder is no model, or is damaged.
        EngineError: out of memory, or the model gives NaN.
    """
    if limit < 1 and limit != -1:
        raise SpecError(f"--limit {limit} is not usable", advice="give 1 or more, or -1 for all")
    if max_tokens is not None and max_tokens < 1:
        raise SpecError(f"--max-tokens {max_tokens} is not usable", advice="give 1 or more")
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # see steps.py; before torch is loaded
    from .generate import generate
    from .grade import grade

    plugin: Benchmark = make("benchmark", benchmark)
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
            seed=seed,
            limit=items,
            max_tokens=max_tokens or plugin.entry.max_tokens[0],
        )
        made = generate(request, progress)
        grades = grade(
            GradeRequest(
                benchmark=benchmark, data=str(data), generated=folder, out=folder, limit=items
            ),
            lambda _done, _total: None,
        )
    return Measured(
        score=grades.score,
        stderr=grades.stderr,
        samples=made.samples,
        cut_off=made.cut_off,
        side_files_restored=made.side_files_restored,
        notes=tuple(made.sampling.get("notes", ())),
        seconds=made.seconds + grades.seconds,
    )
