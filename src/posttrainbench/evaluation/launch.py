"""How each step of a cell is started: its request, its mounts, its permissions, its cache key."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from ..benchmarks import Benchmark
from ..paths import cache_dir
from ..records.hashing import model_hash
from ..registry import make
from ..sandboxes import Mount
from .aggregate import Cell
from .cache import protocol_facts
from .engines.choice import engine_factory, engine_name
from .grader import endpoint_environment, require_grader
from .request import GenerateRequest, GradeRequest
from .steps import (
    BASE,
    BASE_ANSWERS,
    DATA,
    GRADER_CACHE,
    GRADER_PROMPT,
    MODEL,
    OUT,
    Grants,
    Place,
    Progress,
    Where,
    run_step,
)


def start_generate(
    cell: Cell,
    seeds: tuple[int, ...],
    max_tokens: int,
    connections: int | None,
    place: Place,
    folder: Path,
    progress: Progress,
) -> None:
    """Run the first step for some seeds, without network.

    Raises:
        EvaluationError, RunInterruptedError, SandboxError: as :func:`run_step`.
        MissingRequirementError: the engine is not installed.
    """
    needs = engine_factory(cell.engine).needs()
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
            seeds=seeds,
            limit=cell.limit,
            few_shot=cell.few_shot,
            max_tokens=max_tokens,
            connections=connections,
            gpu_memory_utilization=cell.gpu_memory_utilization,
        )

    progress("loading the model")
    grants = Grants(mounts=(*mounts, *needs.mounts), env=dict(needs.env))
    run_step(place, "generate", request, grants, folder, progress)


def start_grade(
    cell: Cell, seeds: tuple[int, ...], place: Place, folder: Path, progress: Progress
) -> None:
    """Run the second step for some seeds; with a network only where a grader is asked.

    Raises:
        EvaluationError, RunInterruptedError, SandboxError: as :func:`run_step`.
        MissingRequirementError: the grader's key is not set.
    """
    entry = _benchmark(cell).entry
    grader = cell.grader if entry.graded else None
    mounts = [Mount(cell.data, DATA)]
    env: dict[str, str] = {}
    if grader is not None:
        require_grader(grader)
        paid = cache_dir() / "grader"
        paid.mkdir(parents=True, exist_ok=True)
        mounts.append(Mount(paid, GRADER_CACHE, writable=True))
        env = endpoint_environment(grader)
        if grader.prompt_file is not None:
            mounts.append(Mount(Path(grader.prompt_file).absolute(), GRADER_PROMPT))
    if cell.base_answers is not None:
        mounts.append(Mount(cell.base_answers, BASE_ANSWERS))

    def request(where: Where) -> GradeRequest:
        asked = grader
        if grader is not None and grader.prompt_file is not None:
            asked = grader.model_copy(update={"prompt_file": where(GRADER_PROMPT)})
        return GradeRequest(
            benchmark=cell.benchmark,
            data=where(DATA),
            out=where(OUT),
            seeds=seeds,
            limit=cell.limit,
            few_shot=cell.few_shot,
            sandbox=place.sandbox.name,
            grader=asked,
            grader_cache=where(GRADER_CACHE) if grader is not None else None,
            base_answers=where(BASE_ANSWERS) if cell.base_answers is not None else None,
        )

    grants = Grants(
        mounts=tuple(mounts), env=env, network=grader is not None, on_host=entry.executes
    )
    run_step(place, "grade", request, grants, folder, progress)


def cell_facts(cell: Cell, seed: int, place: Place) -> dict[str, Any]:
    """Everything that the score under one seed depends on, as the cache's key."""
    entry = _benchmark(cell).entry
    return protocol_facts(
        benchmark=cell.benchmark,
        family=cell.family,
        model_hash=cell.model_hash,
        data_sha256=model_hash(cell.data),
        seed=seed,
        limit=cell.limit,
        few_shot=cell.few_shot,
        max_tokens=entry.max_tokens,
        engine=cell.engine,
        device=" ".join(place.devices) or platform.machine(),
        grader=_grader_facts(cell) if entry.graded else {},
        sandbox=place.sandbox.name if entry.executes else "",
    )


def _grader_facts(cell: Cell) -> dict[str, Any]:
    """What of the grader decides a verdict; where it runs does not."""
    choice = cell.grader
    facts: dict[str, Any] = choice.model_dump(
        include={"model", "reasoning_effort", "max_tokens", "max_ungraded"}
    )
    facts["prompt"] = ""
    if choice.prompt_file is not None and Path(choice.prompt_file).is_file():
        facts["prompt"] = Path(choice.prompt_file).read_text(encoding="utf-8", errors="replace")
    facts["endpoint"] = choice.base_url or os.environ.get("OPENAI_BASE_URL", "")
    return facts


def _benchmark(cell: Cell) -> Benchmark:
    plugin: Benchmark = make("benchmark", cell.benchmark)
    return plugin
