"""Evaluate one cell: generate and grade under every seed, or take both from the cache.

The two steps can be called on their own, at different times and on different machines; the folder
of the evaluation is all that they share::

    FOLDER/generation.json          Generation: which seeds were answered, or why not
           generate.log, grade.log  what the processes said
           engine.log               what a model server said
           seed-1/generated.eval    answers, without scores (not kept when the cache had them)
                  generated.json    facts about them
                  graded.eval       the same log with scores, for `inspect view`
                  grades.json       score of every item
"""

from __future__ import annotations

import time
from pathlib import Path

from ..benchmarks import Benchmark
from ..errors import EvaluationError, RecordError
from ..records import Evaluation, Try, read_json, write_json
from ..registry import make
from .aggregate import GENERATION, Cell, Generation, Graded, SeedAnswers, record, run_seeds
from .cache import EvaluationCache
from .launch import cell_facts, start_generate, start_grade
from .request import (
    GENERATED,
    GENERATED_LOG,
    GRADED_LOG,
    GRADES,
    Generated,
    Grades,
    seed_folder,
)
from .retry import Settings, next_try
from .steps import Place, Progress


def evaluate_cell(
    cell: Cell,
    place: Place,
    folder: Path,
    *,
    number: int = 1,
    cache: EvaluationCache | None = None,
    progress: Progress = lambda _: None,
) -> Evaluation:
    """Both steps, one after the other; see :func:`generate_cell` and :func:`grade_cell`."""
    cache = cache or EvaluationCache()
    generate_cell(cell, place, folder, cache=cache, progress=progress)
    return grade_cell(cell, place, folder, number=number, cache=cache, progress=progress)


def generate_cell(
    cell: Cell,
    place: Place,
    folder: Path,
    *,
    cache: EvaluationCache | None = None,
    progress: Progress = lambda _: None,
) -> Generation:
    """Answer every item under every seed and write ``generation.json``.

    One engine serves all seeds.  What an earlier, interrupted call finished in the same folder is
    kept.  After a failure of the engine :func:`posttrainbench.evaluation.retry.next_try` says with
    which settings the open seeds are tried again.  A model that cannot be evaluated gives a
    Generation with status ``failed``, not an exception.

    Raises:
        RunInterruptedError: ``place.should_stop`` said so; call again to go on.
        SandboxError: the sandbox could not be set up.
        InputError: benchmark, engine or family is unknown here.
    """
    started = time.monotonic()
    cache = cache or EvaluationCache()
    seeds, cached = run_seeds(cell), set()
    for seed in seeds:
        out = folder / seed_folder(seed)
        if cache.fetch(cell_facts(cell, seed, place), out):
            cached.add(seed)
    error, tries = "", list[Try]()
    try:
        _answer_open_seeds(cell, seeds, place, folder, tries, progress)
    except EvaluationError as refused:
        error = str(refused)
    done = {seed: _finished(cell, seed, folder / seed_folder(seed)) for seed in seeds}
    generation = Generation(
        status="failed" if error else "complete",
        error=error,
        seeds=tuple(
            SeedAnswers(
                seed=seed,
                folder=seed_folder(seed),
                token_stage=_ladder(cell).index(limit),
                max_tokens=limit,
                cached=seed in cached,
            )
            for seed, limit in done.items()
            if limit is not None
        ),
        tries=tuple(tries),
        seconds=time.monotonic() - started,
    )
    write_json(folder / GENERATION, generation)
    return generation


def grade_cell(
    cell: Cell,
    place: Place,
    folder: Path,
    *,
    number: int = 1,
    cache: EvaluationCache | None = None,
    progress: Progress = lambda _: None,
) -> Evaluation:
    """Score what :func:`generate_cell` left in ``folder``; the record is returned, not written.

    Args:
        number: the evaluation's number, for the record.

    Returns:
        A failed step gives status ``failed`` with its reason, never a score of 0.

    Raises:
        RecordError: there is no ``generation.json``.
        RunInterruptedError, SandboxError, InputError: as in :func:`generate_cell`.
        MissingRequirementError: the grader's key is not set; the answers stand.
    """
    started = time.monotonic()
    cache = cache or EvaluationCache()
    generation = read_json(folder / GENERATION, Generation)
    error = generation.error
    graded: list[Graded] = []
    try:
        todo = [answers.seed for answers in generation.seeds if not answers.cached]
        if todo and not error:
            start_grade(cell, tuple(todo), place, folder, progress)
            for seed in todo:
                cache.store(cell_facts(cell, seed, place), folder / seed_folder(seed))
        for answers in generation.seeds if not error else ():
            out = folder / answers.folder
            facts, grades = read_json(out / GENERATED, Generated), read_json(out / GRADES, Grades)
            graded.append(Graded(answers, facts, grades))
    except EvaluationError as refused:
        error = str(refused)
    return record(cell, number, generation, graded, error, time.monotonic() - started)


def _answer_open_seeds(
    cell: Cell,
    seeds: tuple[int, ...],
    place: Place,
    folder: Path,
    tries: list[Try],
    progress: Progress,
) -> None:
    """Start engines until every seed is answered, or nothing is left to try."""
    ladder = _ladder(cell)
    settings = Settings(connections=cell.connections)
    while todo := [s for s in seeds if _finished(cell, s, folder / seed_folder(s)) is None]:
        limit = ladder[settings.stage]
        try:
            start_generate(cell, tuple(todo), limit, settings.connections, place, folder, progress)
        except EvaluationError as error:
            tries.append(
                Try(max_tokens=limit, connections=settings.connections, error=error.what[:1000])
            )
            following = next_try(settings, error, len(ladder))
            if following is None:
                raise
            settings = following
            progress(
                f"{error.what}; trying again with {ladder[settings.stage]} tokens and "
                f"{settings.connections or 'any number of'} requests at once"
            )


def _finished(cell: Cell, seed: int, out: Path) -> int | None:
    """The token limit of answers that stand in ``out`` already; ``None``: there are none."""
    try:
        done = read_json(out / GENERATED, Generated)
    except RecordError:
        return None
    whole = (out / GENERATED_LOG).is_file() or (out / GRADED_LOG).is_file()
    same = (done.seed, done.model_hash) == (seed, cell.model_hash)
    return done.max_tokens if whole and same and done.max_tokens in _ladder(cell) else None


def _ladder(cell: Cell) -> tuple[int, ...]:
    benchmark: Benchmark = make("benchmark", cell.benchmark)
    return benchmark.entry.max_tokens
