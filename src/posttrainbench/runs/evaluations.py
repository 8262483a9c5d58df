"""Which evaluations a run needs, and the folders in which they grow.

An evaluation is begun by `generate` and finished by `grade`.  Its folder holds ``plan.json`` from
the start and ``evaluation.json`` at the end; a folder with only the former is unfinished, and a
later worker goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from ..catalog import reference_score
from ..evaluation.aggregate import Cell
from ..evaluation.cache import EvaluationCache
from ..evaluation.steps import Place
from ..records import RunDir, publish, read_json, temporary_beside, write_json
from ..sandboxes import Limits
from ..spec import Frozen
from .context import Context

Subject = Literal["submission", "base"]


class Plan(Frozen):
    """``evaluations/NNN/plan.json``: whose evaluation the folder is for."""

    schema_version: Literal["evaluation-plan/1"] = "evaluation-plan/1"
    subject: Subject


def subjects(context: Context) -> list[Subject]:
    """The submission, if there is one; the base model, unless its published score serves or the
    submission is the base model to the last byte."""
    wanted: list[Subject] = []
    submission = context.run.read_submission()
    if submission.status == "accepted":
        wanted.append("submission")
        if submission.model_hash == context.run.preparation().model_hash:
            return wanted
    published = reference_score(context.spec.model, context.spec.benchmark)
    if published is None or context.spec.evaluation.limit is not None:
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
    )


def place(context: Context) -> Place:
    """The evaluator's sandbox: of the agent's kind, but with a home of its own and no network."""
    return Place(
        sandbox=context.sandbox,
        scratch=context.run.path / "scratch-evaluator",
        limits=Limits(seconds=context.spec.evaluation.time_limit),
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
