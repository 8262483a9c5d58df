"""Step one: a model answers every item.  ``python -m posttrainbench.evaluation.generate REQUEST``

Runs as a process of its own, without network.  The model is loaded once and answers under every
seed; each seed's folder gets ``generated.eval`` (an inspect log without scores), then
``generated.json``.  A failure is told in ``error.json``.  On stdout it says
``{"done": n, "total": m}``.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..benchmarks import Benchmark, TaskSetup
from ..errors import DataError, EvaluationError
from ..records import publish, write_json
from ..records.hashing import model_hash
from ..registry import make
from ..templates import PLAIN
from . import Engine, EngineOptions
from .engines.choice import engine_factory
from .process import run_step
from .request import GENERATED, GENERATED_LOG, Generated, GenerateRequest, seed_folder
from .sampling import FEW_SHOT, ResolvedSampling, resolve_sampling
from .versions import library_versions

if TYPE_CHECKING:
    from inspect_ai import Task

OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "INSPECT_ASYNC_BACKEND": "asyncio"}
"""Environment of the step's process: libraries must not look anything up.  A program that measures
in its own process keeps its network; engines load with ``local_files_only`` anyway."""

ENGINE_LOG = "engine.log"
"""What a server process said, in the request's ``out``."""


Count = Callable[[int, int], None]
"""Called with the number of items done and of all items."""


def generate(request: GenerateRequest, count: Count) -> list[Generated]:
    """Load the model, answer all items under every seed, write the logs.

    Raises:
        DataError: the model or the items are not what they should be.
        EngineError: the engine died or ran out of memory.  Seeds that were done by then stand.
        EvaluationError: inspect could not finish.
    """
    model = Path(request.model)
    if request.model_hash is not None and (found := model_hash(model)) != request.model_hash:
        raise DataError(
            f"{model} has changed: its hash is {found}, recorded is {request.model_hash}",
            advice="collect the submission again",
        )
    started = time.monotonic()
    tasks = {seed: task_of(request, seed) for seed in request.seeds}
    total = sum(len(task.dataset) for task in tasks.values())
    options = EngineOptions(
        model=model,
        base=Path(request.base) if request.base else None,
        max_tokens=request.max_tokens,
        connections=request.connections,
        gpu_memory_utilization=request.gpu_memory_utilization,
        log=Path(request.out) / ENGINE_LOG,
    )
    engine = engine_factory(request.engine).load(options)
    try:
        loaded, done = time.monotonic() - started, 0
        made = []
        for seed, task in tasks.items():

            def on_done(count_here: int, before: int = done) -> None:
                count(before + count_here, total)

            facts = answer_items(request, seed, task, engine, on_done)
            facts = facts.model_copy(update={"load_seconds": loaded})
            write_json(Path(request.out) / seed_folder(seed) / GENERATED, facts)
            made.append(facts)
            done += len(task.dataset)
    finally:
        engine.close()
    return made


def task_of(request: GenerateRequest, seed: int) -> Task:
    """The benchmark's task under one run seed."""
    plugin: Benchmark = make("benchmark", request.benchmark)
    setup = TaskSetup(limit=request.limit, seed=seed, few_shot=request.few_shot)
    return plugin.task(Path(request.data), setup)


def answer_items(
    request: GenerateRequest,
    seed: int,
    task: Task,
    engine: Engine,
    on_done: Callable[[int], None] = lambda _done: None,
) -> Generated:
    """Answer one seed's items with a loaded engine, which stays open, and write the log.

    Args:
        on_done: told the number of items answered.

    Returns:
        The facts, which the caller writes.

    Raises:
        EngineError, DataError, EvaluationError: as in :func:`generate`.
    """
    started = time.monotonic()
    out = Path(request.out) / seed_folder(seed)
    out.mkdir(parents=True, exist_ok=True)
    resolved = ResolvedSampling(FEW_SHOT)
    if not request.few_shot:
        resolved = resolve_sampling(Path(request.model))
    sampling = {**asdict(resolved.sampling), "notes": list(resolved.notes)}
    log = _answer(request, seed, task, engine, resolved, out, on_done)
    outputs = [sample.output for sample in log.samples]
    usages = [output.usage for output in outputs if output.usage]
    return Generated(
        model_hash=request.model_hash,
        seed=seed,
        samples=len(outputs),
        max_tokens=request.max_tokens,
        connections=engine.capacity,
        sampling=sampling,
        engine=engine.name,
        versions={**library_versions(), **engine.versions()},
        gpu=engine.gpu,
        side_files_restored=engine.side_files_restored,
        prompt_tokens=sum(usage.input_tokens for usage in usages),
        completion_tokens=sum(usage.output_tokens for usage in usages),
        cut_off=sum(output.stop_reason == "max_tokens" for output in outputs),
        seconds=time.monotonic() - started,
    )


def _answer(
    request: GenerateRequest,
    seed: int,
    task: Task,
    engine: Engine,
    resolved: ResolvedSampling,
    out: Path,
    on_done: Callable[[int], None],
) -> Any:
    """The finished log, already under its name."""
    from inspect_ai import eval as evaluate
    from inspect_ai import task_with

    from .provider import Serving, remember_sample, serve

    total = len(task.dataset)
    serving = Serving(
        engine=engine,
        family=PLAIN if request.few_shot else request.family,
        sampling=resolved.sampling,
        seed=seed,
        max_tokens=request.max_tokens,
        on_done=lambda done: on_done(min(done, total)),
    )
    model = serve(serving)
    task = task_with(task, setup=[*([task.setup] if task.setup else []), remember_sample()])
    on_done(0)
    folder = out / ".inspect"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        logs = evaluate(
            task,
            model=model,
            score=False,
            display="none",
            log_level="error",
            log_dir=str(folder),
            log_format="eval",
            log_realtime=False,
            acp_server=False,
            ctl_server=False,
            max_samples=total,
            max_connections=total,
            max_tokens=request.max_tokens,
            metadata={
                "seed": seed,
                "model_hash": request.model_hash,
                "sampling": asdict(resolved.sampling),
                "few_shot": request.few_shot,
            },
        )
    finally:
        model.api.thread.close()
    if model.api.thread.failure is not None:
        raise model.api.thread.failure
    if not logs or logs[0].status == "cancelled":
        raise KeyboardInterrupt  # inspect took it for a wish to stop one task, and went on
    log = logs[0]
    if log.status != "success" or len(log.samples or []) != total:
        said = log.error.message if log.error else f"{len(log.samples or [])} of {total} answered"
        raise EvaluationError(f"generation ended as {log.status}: {said}")
    publish(Path(log.location), out / GENERATED_LOG)
    shutil.rmtree(folder, ignore_errors=True)
    return log


def main(argv: list[str]) -> int:
    """The process's way in."""
    return run_step(argv, GenerateRequest, generate)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
