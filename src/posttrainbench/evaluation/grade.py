"""Step two: score the answers.  ``python -m posttrainbench.evaluation.grade REQUEST``

For every seed it reads ``generated.eval`` and writes ``graded.eval`` (the same log with scores) and
``grades.json``; a failure is told in ``error.json``.  It can be repeated, and needs no GPU.
"""

from __future__ import annotations

import itertools
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..benchmarks import Benchmark, TaskSetup
from ..benchmarks.grading.asking import check_ungraded
from ..benchmarks.grading.progress import item_done
from ..errors import EvaluationError, GraderError, RecordError
from ..records import SampleScore, publish, temporary_beside, write_json
from ..registry import make
from .concerns import concerns
from .grader import Grader, protocol_grader
from .process import run_step
from .request import GENERATED_LOG, GRADED_LOG, GRADES, GradeRequest, Grades, seed_folder
from .versions import library_versions

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.log import EvalLog

Count = Callable[[int, int], None]
"""Called with the number of items graded and of all items."""


def grade(request: GradeRequest, count: Count) -> list[Grades]:
    """Score every sample of every seed's log.

    Raises:
        RecordError: there is no readable log.
        GraderError: the grader cannot be reached, or left too many items without a verdict.
        EvaluationError: a sample has no score, or the scorer failed.
    """
    made = []
    for number, seed in enumerate(request.seeds):

        def on_done(done: int, items: int, number: int = number) -> None:
            count(items * number + done, items * len(request.seeds))

        made.append(_grade_seed(request, seed, on_done))
    return made


def _grade_seed(request: GradeRequest, seed: int, count: Count) -> Grades:
    from inspect_ai.log import write_eval_log

    started = time.monotonic()
    out = Path(request.out) / seed_folder(seed)
    benchmark: Benchmark = make("benchmark", request.benchmark)
    choice = request.grader
    setup = TaskSetup(
        limit=request.limit,
        seed=seed,
        few_shot=request.few_shot,
        sandbox=request.sandbox,
        grader_prompt=Path(choice.prompt_file) if choice and choice.prompt_file else None,
        max_ungraded=choice.max_ungraded if choice else TaskSetup.max_ungraded,
    )
    task = benchmark.task(Path(request.data), setup)
    log = _read_answers(out / GENERATED_LOG, task)
    grader = None
    if choice is not None:
        cache = Path(request.grader_cache) if request.grader_cache else None
        grader = Grader(choice, cache)
    graded = _score(log, task, grader, count)
    samples = _sample_scores(graded)
    missing = _require_verdicts(graded, setup.max_ungraded, grader)
    headline, stderr, breakdown = _figures(graded)
    seen = concerns(graded, request.base_answers, open_answers=benchmark.entry.graded)
    temporary = temporary_beside(out / GRADED_LOG).with_suffix(".eval")
    write_eval_log(graded, str(temporary), format="eval")
    publish(temporary, out / GRADED_LOG)
    facts = task.metadata or {}
    document = Grades(
        metric=benchmark.entry.metric,
        score=headline,
        stderr=stderr,
        breakdown=breakdown,
        samples=samples,
        ungraded=missing,
        comparable=bool(facts.get("comparable", True))
        and (choice is None or protocol_grader(choice))
        and all(concern.kind != "not-isolated" for concern in seen),
        grader=grader.use(str(facts.get("grader_prompt", ""))) if grader else None,
        concerns=seen,
        notes=tuple(str(note) for note in facts.get("notes", ())),
        versions=library_versions(),
        seconds=time.monotonic() - started,
    )
    write_json(out / GRADES, document)
    count(len(samples), len(samples))
    return document


def _read_answers(file: Path, task: Task) -> EvalLog:
    from inspect_ai.log import read_eval_log

    try:
        log = read_eval_log(str(file), resolve_attachments=True)
    except (OSError, ValueError, KeyError) as error:
        raise RecordError(
            f"{file} cannot be read: {error}", advice="have the answers generated again"
        ) from error
    expected = [str(sample.id) for sample in task.dataset]
    found = [str(sample.id) for sample in log.samples or []]
    if sorted(expected) != sorted(found):
        raise EvaluationError(
            f"{file} answers {len(found)} items, the benchmark asks {len(expected)} others"
            if len(expected) == len(found)
            else f"{file} answers {len(found)} of {len(expected)} items",
            advice="have the answers generated again",
        )
    # What is graded against is what was pinned, never what a log says: the process that wrote it
    # had an agent's model in it.
    pinned = {str(sample.id): sample for sample in task.dataset}
    for sample in log.samples or []:
        item = pinned[str(sample.id)]
        sample.target = item.target
        sample.choices = item.choices
        sample.metadata = {**sample.metadata, **(item.metadata or {})}
    return log


def _score(log: EvalLog, task: Task, grader: Grader | None, count: Count) -> EvalLog:
    from inspect_ai import score

    done, total = itertools.count(1), len(task.dataset)
    token = item_done.set(lambda: count(min(next(done), total), total))
    try:
        graded = score(
            log,
            task.scorer or [],
            model="none/none",
            model_roles={"grader": grader.model} if grader else None,
            display="none",
            action="overwrite",
        )
    finally:
        item_done.reset(token)
    if grader is not None and grader.failure is not None:
        raise grader.failure
    if graded.status == "cancelled":
        raise KeyboardInterrupt  # inspect took it for a wish to stop one task
    return graded


def _sample_scores(log: EvalLog) -> tuple[SampleScore, ...]:
    from inspect_ai.scorer import value_to_float

    to_float = value_to_float()
    found = []
    for sample in log.samples or []:
        scores = list((sample.scores or {}).values())
        if not scores:
            raise EvaluationError(f"item {sample.id} has no score", advice="have it graded again")
        value = to_float(scores[0].value)
        found.append(
            SampleScore(
                id=str(sample.id),
                score=value if math.isfinite(value) else None,
                stop_reason=str(sample.output.stop_reason) if sample.output.choices else "",
            )
        )
    return tuple(found)


def _require_verdicts(log: EvalLog, allowed: float, grader: Grader | None) -> int:
    """The number of items without a verdict, if they are not too many."""
    scores = [score for sample in log.samples or [] for score in (sample.scores or {}).values()]
    try:
        return check_ungraded(scores, allowed)
    except GraderError as error:
        if grader is None or not grader.last_trouble:
            raise
        said = f"{error.what}; the last trouble: {grader.last_trouble}"
        raise GraderError(said, advice=error.advice) from error


def _figures(log: Any) -> tuple[float, float | None, dict[str, float]]:
    """The first metric of the first scorer, its standard error where there is one, the others."""
    if log.status != "success" or not log.results or not log.results.scores:
        said = log.error.message if log.error else "no results"
        raise EvaluationError(f"grading ended as {log.status}: {said}")
    metrics = {name: metric.value for name, metric in log.results.scores[0].metrics.items()}
    names = [name for name in metrics if name != "stderr"]
    if not names or not math.isfinite(metrics[names[0]]):
        raise EvaluationError("grading gave no finite score")
    spread = metrics.get("stderr", math.nan)
    known = math.isfinite(spread) and log.results.completed_samples > 1
    breakdown = {name: float(metrics[name]) for name in names[1:] if math.isfinite(metrics[name])}
    return float(metrics[names[0]]), float(spread) if known else None, breakdown


def main(argv: list[str]) -> int:
    """The process's way in."""
    return run_step(argv, GradeRequest, grade)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
