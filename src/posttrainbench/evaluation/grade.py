"""Step two: score the answers.  ``python -m posttrainbench.evaluation.grade REQUEST``

Reads ``generated.eval`` and writes ``graded.eval`` (the same log with scores) and ``grades.json``,
or ``error.json``.  It can be repeated, and needs no GPU.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import EvaluationError, RecordError
from ..records import SampleScore, publish, temporary_beside, write_json
from ..registry import make
from .process import run_step
from .request import GENERATED_LOG, GRADED_LOG, GRADES, GradeRequest, Grades
from .versions import library_versions


def grade(request: GradeRequest, count: Callable[[int, int], None]) -> Grades:
    """Score every sample of the log.

    Raises:
        RecordError: there is no readable log.
        EvaluationError: a sample has no score, or the scorer failed.
    """
    from inspect_ai import score
    from inspect_ai.log import read_eval_log, write_eval_log
    from inspect_ai.scorer import value_to_float

    started = time.monotonic()
    out = Path(request.out)
    log_file = Path(request.generated) / GENERATED_LOG
    try:
        log = read_eval_log(str(log_file), resolve_attachments=True)
    except (OSError, ValueError, KeyError) as error:
        raise RecordError(
            f"{log_file} cannot be read: {error}", advice="have the answers generated again"
        ) from error
    benchmark = make("benchmark", request.benchmark)
    task = benchmark.task(Path(request.data), request.limit)
    expected = [str(sample.id) for sample in task.dataset]
    found = [str(sample.id) for sample in log.samples or []]
    if sorted(expected) != sorted(found):
        raise EvaluationError(
            f"{log_file} answers {len(found)} items, the benchmark asks {len(expected)} others"
            if len(expected) == len(found)
            else f"{log_file} answers {len(found)} of {len(expected)} items",
            advice="have the answers generated again",
        )
    graded = score(log, task.scorer, model="none/none", display="none", action="overwrite")
    to_float = value_to_float()
    samples = [_sample_score(sample, to_float) for sample in graded.samples or []]
    headline, stderr = _headline(graded)
    temporary = temporary_beside(out / GRADED_LOG).with_suffix(".eval")
    write_eval_log(graded, str(temporary), format="eval")
    publish(temporary, out / GRADED_LOG)
    document = Grades(
        metric=benchmark.entry.metric,
        score=headline,
        stderr=stderr,
        samples=tuple(samples),
        versions=library_versions(),
        seconds=time.monotonic() - started,
    )
    write_json(out / GRADES, document)
    count(len(samples), len(samples))
    return document


def _sample_score(sample: Any, to_float: Callable[[Any], float]) -> SampleScore:
    scores = list((sample.scores or {}).values())
    if not scores:
        raise EvaluationError(f"item {sample.id} has no score", advice="have it graded again")
    return SampleScore(
        id=str(sample.id),
        score=to_float(scores[0].value),
        stop_reason=str(sample.output.stop_reason) if sample.output.choices else "",
    )


def _headline(log: Any) -> tuple[float, float | None]:
    """The first metric of the first scorer, and its standard error where there is one."""
    if log.status != "success" or not log.results or not log.results.scores:
        raise EvaluationError(f"grading ended as {log.status} without results")
    metrics = log.results.scores[0].metrics
    values = [metric.value for name, metric in metrics.items() if name != "stderr"]
    if not values or not math.isfinite(values[0]):
        raise EvaluationError("grading gave no finite score")
    spread = metrics["stderr"].value if "stderr" in metrics else math.nan
    known = math.isfinite(spread) and log.results.completed_samples > 1
    return float(values[0]), float(spread) if known else None


def main(argv: list[str]) -> int:
    """The process's way in."""
    return run_step(argv, GradeRequest, grade)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
