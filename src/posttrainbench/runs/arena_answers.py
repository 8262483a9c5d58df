"""Arena-Hard's baseline answers: what every submission is compared with."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..benchmarks import Benchmark
from ..benchmarks.grading.repetition import graded_text
from ..benchmarks.items import arena as arena_data
from ..catalog import ModelPlugin, Progress
from ..catalog.hub import instruct_model
from ..errors import EvaluationError, InputError
from ..evaluation.aggregate import Cell
from ..evaluation.cell import generate_cell
from ..evaluation.request import GENERATED_LOG
from ..evaluation.steps import Place
from ..registry import make
from ..sandboxes.accelerators import gpu_devices
from ..sandboxes.choose import choose

BENCHMARK = "arenahardwriting"


def make_answers(model: str, cache: Path, engine: str, progress: Progress) -> arena_data.Baseline:
    """Have the instruct counterpart of ``model`` answer every question, once.

    Raises:
        InputError: the model has no instruct counterpart.
        DataError: weights or questions cannot be had.
        EvaluationError: the model could not answer.
    """
    plugin: ModelPlugin = make("model", model)
    benchmark: Benchmark = make("benchmark", BENCHMARK)
    if plugin.entry.instruct_id is None:
        raise InputError(
            f"{model} has no instruct counterpart", advice="name a model that has: qwen3-1.7b"
        )
    weights = instruct_model(plugin.entry).fetch(cache, progress)
    items = benchmark.fetch(cache, progress)
    folder = cache / "baselines" / BENCHMARK / f"answers-{weights.source.sha256[:12]}"
    with tempfile.TemporaryDirectory(prefix="ptb-answers-") as scratch:
        generation = generate_cell(
            Cell(
                benchmark=BENCHMARK,
                family=plugin.entry.family,
                model=weights.folder,
                model_hash=weights.source.sha256,
                base=weights.folder,
                data=items.folder,
                subject="instruct",
                seeds=(1,),
                engine=engine,
            ),
            Place(choose("auto"), Path(scratch) / "evaluator", devices=gpu_devices()),
            folder,
            progress=progress,
        )
    if generation.status != "complete":
        raise EvaluationError(
            f"{plugin.entry.instruct_id} could not answer: {generation.error}",
            advice=f"the logs stand in {folder}",
        )
    log = folder / generation.seeds[0].folder / GENERATED_LOG
    meta = {
        "model": plugin.entry.instruct_id,
        "revision": weights.source.revision,
        "model_hash": weights.source.sha256,
        "seed": "1",
        "max_tokens": str(generation.seeds[0].max_tokens),
    }
    arena_data.write_baseline(cache, _answers(log), meta)
    return arena_data.load_baseline(benchmark.fetch(cache, progress).folder)


def take_answers(source: Path, cache: Path, progress: Progress) -> arena_data.Baseline:
    """Keep the answers of a file, in Arena-Hard's own layout or in ours.

    Raises:
        DataError: the file cannot be read, or does not answer every question.
    """
    benchmark: Benchmark = make("benchmark", BENCHMARK)
    benchmark.fetch(cache, progress)  # the questions, which say what is complete
    progress(f"reading {source}")
    answers = arena_data.read_answers(source)
    arena_data.write_baseline(cache, answers, {"file": source.name}, where=str(source))
    return arena_data.load_baseline(benchmark.fetch(cache, progress).folder)


def _answers(log_file: Path) -> dict[str, str]:
    """Each question's answer, as a grader would be shown it."""
    from inspect_ai.log import read_eval_log

    log = read_eval_log(str(log_file), resolve_attachments=True)
    return {str(s.id): graded_text(s.output.completion) for s in log.samples or []}
