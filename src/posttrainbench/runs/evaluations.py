"""Which evaluations a run needs, and the folders in which they grow.

An evaluation is begun by `generate` and finished by `grade`.  Its folder holds ``plan.json`` from
the start and ``evaluation.json`` at the end; a folder with only the former is unfinished, and a
later worker goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from ..catalog import best_reference, measured_score
from ..evaluation.aggregate import Cell
from ..evaluation.cache import EvaluationCache
from ..evaluation.request import GENERATED_LOG, GRADED_LOG, seed_folder
from ..evaluation.steps import Place
from ..records import RunDir, publish, read_json, temporary_beside, write_json
from ..sandboxes import Limits
from ..sandboxes.accelerators import gpu_devices
from ..spec import Frozen
from .context import Context

Subject = Literal["submission", "base"]


class Plan(Frozen):
    """``evaluations/NNN/plan.json``: whose evaluation the folder is for."""

    schema_version: Literal["evaluation-plan/1"] = "evaluation-plan/1"
    subject: Subject


def subjects(context: Context) -> list[Subject]:
    """The submission, if there is one; the base model, unless a known score of it serves or the
    submission is the base model to the last byte."""
    wanted: list[Subject] = []
    submission = context.run.read_submission()
    if submission.status == "accepted":
        wanted.append("submission")
        if submission.model_hash == context.run.preparation().model_hash:
            return wanted
    known = best_reference(context.cache, context.spec.model, context.spec.benchmark)
    if known is None or context.spec.evaluation.limit is not None:
        wanted.append("base")
    return wanted


def cell(context: Context, subject: Subject) -> Cell:
    """What is to be evaluated, on what, how."""
    run, evaluation = context.run, context.spec.evaluation
    preparation = run.preparation()
    base = Path(preparation.model_dir)
    digest = run.read_submission().model_hash if subject == "submission" else None
    return Cell(
        benchmark=context.spec.benchmark,
        family=context.model.entry.family,
        model=run.submission if subject == "submission" else base,
        model_hash=digest or preparation.model_hash,
        base=base,
        data=Path(preparation.data_dir),
        subject=subject,
        seeds=evaluation.seeds,
        limit=evaluation.limit,
        engine=evaluation.engine,
        connections=evaluation.connections,
        gpu_memory_utilization=evaluation.gpu_memory_utilization,
        grader=evaluation.grader,
        base_answers=_base_answers(context) if subject == "submission" else None,
    )


def _base_answers(context: Context) -> Path | None:
    """A log of the base model's answers in this cell: of this run, or of a baseline."""
    for number in range(1, context.run.next_evaluation()):
        folder = context.run.evaluation_dir(number)
        plan = folder / "plan.json"
        if plan.is_file() and read_json(plan, Plan).subject == "base":
            logs = [p for n in (GRADED_LOG, GENERATED_LOG) for p in folder.glob(f"seed-*/{n}")]
            if logs:
                return logs[0]
    measured = measured_score(context.cache, context.spec.model, context.spec.benchmark)
    if measured is None or not measured.seeds:
        return None
    log = Path(measured.evaluation) / seed_folder(measured.seeds[0]) / GRADED_LOG
    return log if log.is_file() else None


def place(context: Context) -> Place:
    """The evaluator's sandbox: of the agent's kind, but with a home of its own and no network."""
    return Place(
        sandbox=context.sandbox,
        scratch=context.run.path / "scratch-evaluator",
        limits=Limits(seconds=context.spec.evaluation.time_limit),
        devices=gpu_devices() if context.spec.resources.gpus else (),
        should_stop=context.should_stop,
    )


def cache(context: Context) -> EvaluationCache:
    """Finished evaluations of all runs."""
    return EvaluationCache(context.cache / "evaluations")


def told(context: Context, subject: Subject) -> Callable[[str], None]:
    """Progress that says whose evaluation it is about."""
    return lambda text: context.report.progress(f"{subject}: {text}")


def begin(run: RunDir, subject: Subject) -> int:
    """The number of an unfinished evaluation of this subject, or of a new one."""
    for number, plan in unfinished(run):
        if plan.subject == subject:
            return number
    number = run.next_evaluation()
    folder = run.evaluation_dir(number)
    temporary = temporary_beside(folder)
    write_json(temporary / "plan.json", Plan(subject=subject))
    publish(temporary, folder)
    return number


def unfinished(run: RunDir) -> Iterator[tuple[int, Plan]]:
    """Evaluations that were begun and have no record yet, oldest first."""
    for number in range(1, run.next_evaluation()):
        folder = run.evaluation_dir(number)
        if (folder / "plan.json").is_file() and not (folder / "evaluation.json").exists():
            yield number, read_json(folder / "plan.json", Plan)
