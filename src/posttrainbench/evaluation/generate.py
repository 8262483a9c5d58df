"""Step one: a model answers every item.  ``python -m posttrainbench.evaluation.generate REQUEST``

Runs as a process of its own, without network, and writes ``generated.eval`` (an inspect log without
scores) and ``generated.json``, or ``error.json``.  On stdout it says ``{"done": n, "total": m}``.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..benchmarks import Benchmark
from ..errors import DataError, EvaluationError
from ..records import publish, write_json
from ..records.hashing import model_hash
from ..registry import make
from . import Engine
from .engines.choice import engine_factory
from .process import run_step
from .request import GENERATED, GENERATED_LOG, Generated, GenerateRequest
from .sampling import resolve_sampling
from .versions import library_versions

if TYPE_CHECKING:
    from inspect_ai import Task

OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "INSPECT_ASYNC_BACKEND": "asyncio"}
"""Environment of this step: libraries must not look anything up."""

Count = Callable[[int, int], None]
"""Called with the number of items done and of all items."""


def generate(request: GenerateRequest, count: Count) -> Generated:
    """Load the model, answer all items, write the log.

    Raises:
        DataError: the model or the items are not what they should be.
        EngineError: the engine died or ran out of memory.
        EvaluationError: inspect could not finish.
    """
    os.environ.update(OFFLINE)
    model = Path(request.model)
    if request.model_hash is not None and (found := model_hash(model)) != request.model_hash:
        raise DataError(
            f"{model} has changed: its hash is {found}, recorded is {request.model_hash}",
            advice="collect the submission again",
        )
    started = time.monotonic()
    plugin: Benchmark = make("benchmark", request.benchmark)
    task = plugin.task(Path(request.data), request.limit)
    factory = engine_factory(request.engine)
    engine = factory.load(model, Path(request.base) if request.base else None)
    try:
        return answer_items(request, task, engine, count, time.monotonic() - started)
    finally:
        engine.close()


def answer_items(
    request: GenerateRequest, task: Task, engine: Engine, count: Count, load_seconds: float = 0.0
) -> Generated:
    """The same with an engine that is loaded already; it stays open.

    Raises:
        EngineError, DataError, EvaluationError: as in :func:`generate`.
    """
    started = time.monotonic()
    log, sampling = _answer(request, task, engine, count)
    outputs = [sample.output for sample in log.samples]
    usages = [output.usage for output in outputs if output.usage]
    document = Generated(
        model_hash=request.model_hash,
        seed=request.seed,
        samples=len(outputs),
        max_tokens=request.max_tokens,
        sampling=sampling,
        engine=engine.name,
        versions={**library_versions(), **engine.versions()},
        gpu=engine.gpu,
        side_files_restored=engine.side_files_restored,
        prompt_tokens=sum(usage.input_tokens for usage in usages),
        completion_tokens=sum(usage.output_tokens for usage in usages),
        cut_off=sum(output.stop_reason == "max_tokens" for output in outputs),
        load_seconds=load_seconds,
        seconds=load_seconds + time.monotonic() - started,
    )
    write_json(Path(request.out) / GENERATED, document)
    return document


def _answer(
    request: GenerateRequest, task: Task, engine: Engine, count: Count
) -> tuple[Any, dict[str, Any]]:
    """The finished log, already under its name, and the decoding settings that were used."""
    from inspect_ai import eval as evaluate
    from inspect_ai import task_with

    from .provider import Serving, remember_sample, serve

    resolved = resolve_sampling(Path(request.model))
    sampling = {**asdict(resolved.sampling), "notes": list(resolved.notes)}
    total = len(task.dataset)
    serving = Serving(
        engine=engine,
        family=request.family,
        sampling=resolved.sampling,
        seed=request.seed,
        max_tokens=request.max_tokens,
        on_done=lambda done: count(min(done, total), total),
    )
    model = serve(serving)
    task = task_with(task, setup=[*([task.setup] if task.setup else []), remember_sample()])
    count(0, total)
    folder = Path(request.out) / ".inspect"
    [log] = evaluate(
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
        metadata={"seed": request.seed, "model_hash": request.model_hash, "sampling": sampling},
    )
    if model.api.collector.failure is not None:
        raise model.api.collector.failure
    if log.status != "success" or len(log.samples or []) != total:
        said = log.error.message if log.error else f"{len(log.samples or [])} of {total} answered"
        raise EvaluationError(f"generation ended as {log.status}: {said}")
    publish(Path(log.location), Path(request.out) / GENERATED_LOG)
    shutil.rmtree(folder, ignore_errors=True)
    return log, sampling


def main(argv: list[str]) -> int:
    """The process's way in."""
    return run_step(argv, GenerateRequest, generate)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
