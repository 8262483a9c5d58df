"""Evaluate one cell: for every seed generate and grade, or take both from the cache.

The two steps can be called on their own, at different times and on different machines; the folder
of the evaluation is all that they share::

    FOLDER/generation.json          Generation: which seeds were answered, or why not
           seed-1/generated.eval    answers, without scores (not kept when the cache had them)
                  generated.json    facts about them
                  graded.eval       the same log with scores, for `inspect view`
                  grades.json       score of every item
                  generate.log      what the processes said
"""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import Any

from ..benchmarks import Benchmark
from ..errors import EngineError, EvaluationError, RecordError
from ..records import Evaluation, read_json, write_json
from ..records.hashing import model_hash
from ..registry import make
from ..sandboxes import Mount
from .aggregate import GENERATION, Cell, Generation, SeedAnswers, record
from .cache import EvaluationCache, protocol_facts
from .engines.choice import engine_name
from .request import (
    GENERATED,
    GENERATED_LOG,
    GRADED_LOG,
    GRADES,
    Generated,
    GenerateRequest,
    GradeRequest,
    Grades,
)
from .steps import BASE, DATA, MODEL, OUT, Place, Progress, Where, run_step


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

    What an earlier, interrupted call finished in the same folder is kept.  An engine that ran out
    of memory or died is tried again with the benchmark's next smaller token limit.  A model that
    cannot be evaluated gives a Generation with status ``failed``, not an exception.

    Raises:
        RunInterruptedError: ``place.should_stop`` said so; call again to go on.
        SandboxError: the sandbox could not be set up.
        InputError: benchmark, engine or family is unknown here.
    """
    started = time.monotonic()
    cache = cache or EvaluationCache()
    seeds: list[SeedAnswers] = []
    error = ""
    try:
        for seed in cell.seeds:
            seeds.append(_answer(cell, seed, place, folder, cache, progress))
    except EvaluationError as refused:
        error = str(refused)
    generation = Generation(
        status="failed" if error else "complete",
        error=error,
        seeds=tuple(seeds),
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
    """
    started = time.monotonic()
    cache = cache or EvaluationCache()
    generation = read_json(folder / GENERATION, Generation)
    error = generation.error
    graded: list[tuple[SeedAnswers, Generated, Grades]] = []
    try:
        for answers in generation.seeds if not error else ():
            out = folder / answers.folder
            if not answers.cached:
                _grade(cell, answers.seed, place, out, cache, progress)
            facts = read_json(out / GENERATED, Generated)
            graded.append((answers, facts, read_json(out / GRADES, Grades)))
    except EvaluationError as refused:
        error = str(refused)
    return record(cell, number, graded, error, generation.seconds, time.monotonic() - started)


def _answer(
    cell: Cell,
    seed: int,
    place: Place,
    folder: Path,
    cache: EvaluationCache,
    progress: Progress,
) -> SeedAnswers:
    """The answers under one seed: from the cache, from an earlier call, or made now."""
    out = folder / f"seed-{seed}"
    limits = _benchmark(cell).entry.max_tokens
    cached = cache.fetch(_facts(cell, seed, place), out)
    done = _finished(cell, seed, out)
    stage = limits.index(done) if done in limits else 0
    while done is None:
        try:
            _generate(cell, seed, limits[stage], place, out, progress)
            break
        except EngineError as error:
            if not error.retry or stage + 1 == len(limits):
                raise
            stage += 1
            progress(f"{error.what}; trying again with {limits[stage]} tokens")
    return SeedAnswers(
        seed=seed,
        folder=out.name,
        token_stage=stage,
        max_tokens=limits[stage],
        cached=cached,
    )


def _finished(cell: Cell, seed: int, out: Path) -> int | None:
    """The token limit of answers that stand in ``out`` already; ``None``: there are none."""
    try:
        done = read_json(out / GENERATED, Generated)
    except RecordError:
        return None
    whole = (out / GENERATED_LOG).is_file() or (out / GRADED_LOG).is_file()
    same = (done.seed, done.model_hash) == (seed, cell.model_hash)
    return done.max_tokens if whole and same else None


def _generate(
    cell: Cell, seed: int, max_tokens: int, place: Place, out: Path, progress: Progress
) -> None:
    mounts = (Mount(cell.model, MODEL), Mount(cell.base, BASE), Mount(cell.data, DATA))

    def request(where: Where) -> GenerateRequest:
        return GenerateRequest(
            benchmark=cell.benchmark,
            family=cell.family,
            engine=engine_name(cell.engine),
            model=where(MODEL),
            model_hash=cell.model_hash,
            base=where(BASE),
            data=where(DATA),
            out=where(OUT),
            seed=seed,
            limit=cell.limit,
            max_tokens=max_tokens,
        )

    progress("loading the model")
    run_step(place, "generate", request, mounts, out, progress)


def _grade(
    cell: Cell, seed: int, place: Place, out: Path, cache: EvaluationCache, progress: Progress
) -> None:
    def request(where: Where) -> GradeRequest:
        return GradeRequest(
            benchmark=cell.benchmark,
            data=where(DATA),
            generated=where(OUT),
            out=where(OUT),
            limit=cell.limit,
        )

    run_step(place, "grade", request, (Mount(cell.data, DATA),), out, progress)
    cache.store(_facts(cell, seed, place), out)


def _facts(cell: Cell, seed: int, place: Place) -> dict[str, Any]:
    return protocol_facts(
        benchmark=cell.benchmark,
        family=cell.family,
        model_hash=cell.model_hash,
        data_sha256=model_hash(cell.data),
        seed=seed,
        limit=cell.limit,
        max_tokens=_benchmark(cell).entry.max_tokens,
        engine=cell.engine,
        device=" ".join(place.devices) or platform.machine(),
    )


def _benchmark(cell: Cell) -> Benchmark:
    plugin: Benchmark = make("benchmark", cell.benchmark)
    return plugin
