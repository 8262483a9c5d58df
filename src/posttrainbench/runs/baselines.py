"""Models that no agent post-trained, through the same evaluation: base, few-shot, instruct.

What comes of it is kept in the cache: the evaluation with all its answers, and the score with its
provenance, which from then on serves as the cell's reference.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .. import __version__
from ..benchmarks import Benchmark, FetchedData
from ..catalog import FetchedModel, MeasuredScore, ModelPlugin, Progress, ReferenceKind
from ..catalog.hub import instruct_model
from ..catalog.measured import write_measured
from ..errors import EvaluationError, InputError
from ..evaluation.aggregate import Cell
from ..evaluation.cache import EvaluationCache
from ..evaluation.cell import evaluate_cell
from ..evaluation.grader import require_grader
from ..evaluation.steps import Place
from ..records import Evaluation, now, write_json
from ..registry import make
from ..sandboxes import Limits
from ..sandboxes.accelerators import gpu_devices
from ..sandboxes.choose import choose
from ..spec import PROTOCOL_VERSION, EvaluationChoice


def run_baseline(
    kind: ReferenceKind,
    model: str,
    benchmark: str,
    choice: EvaluationChoice,
    cache: Path,
    progress: Progress,
    *,
    sandbox: str = "auto",
) -> MeasuredScore:
    """Evaluate one reference model in one cell and keep its score.

    An interrupted call goes on where it stopped when it is made again.

    Args:
        kind: ``base`` and ``instruct`` are asked as a submission is; ``base-few-shot`` gets worked
            examples in plain text, at temperature 0.6 and top-p 0.95, without a chat template.

    Raises:
        InputError: the model has no instruct counterpart; a name is unknown; a key is missing.
        DataError: weights or items cannot be had.
        EvaluationError: the evaluation failed.
    """
    plugin: ModelPlugin = make("model", model)
    items_plugin: Benchmark = make("benchmark", benchmark)
    if items_plugin.entry.graded:
        require_grader(choice.grader)
    base = plugin.fetch(cache, progress)
    weights = _weights(kind, plugin, base, cache, progress)
    items = items_plugin.fetch(cache, progress)
    folder = _folder(cache, kind, model, benchmark, weights, items)
    with tempfile.TemporaryDirectory(prefix="ptb-baseline-") as scratch:
        place = Place(
            sandbox=choose(sandbox),
            scratch=Path(scratch) / "evaluator",
            limits=Limits(seconds=choice.time_limit),
            devices=gpu_devices(),
        )
        evaluation = evaluate_cell(
            Cell(
                benchmark=benchmark,
                family=plugin.entry.family,
                model=weights.folder,
                model_hash=weights.source.sha256,
                base=base.folder,
                data=items.folder,
                subject="instruct" if kind == "instruct" else "base",
                seeds=choice.seeds,
                limit=choice.limit,
                engine=choice.engine,
                few_shot=kind == "base-few-shot",
                connections=choice.connections,
                gpu_memory_utilization=choice.gpu_memory_utilization,
                grader=choice.grader,
            ),
            place,
            folder,
            cache=EvaluationCache(cache / "evaluations"),
            progress=progress,
        )
    write_json(folder / "evaluation.json", evaluation)
    if evaluation.score is None:
        raise EvaluationError(
            f"{model} ({kind}) on {benchmark}: {evaluation.error}",
            advice=f"the logs stand in {folder}",
        )
    score = _measured(kind, model, evaluation, weights, items, folder, plugin.entry.comparable)
    write_measured(cache, score)
    return score


def _weights(
    kind: ReferenceKind, plugin: ModelPlugin, base: FetchedModel, cache: Path, progress: Progress
) -> FetchedModel:
    if kind != "instruct":
        return base
    if plugin.entry.instruct_id is None:
        raise InputError(
            f"{plugin.entry.key} has no instruct counterpart",
            advice="choose a kind that it has: base or base-few-shot",
        )
    return instruct_model(plugin.entry).fetch(cache, progress)


def _folder(
    cache: Path,
    kind: ReferenceKind,
    model: str,
    benchmark: str,
    weights: FetchedModel,
    items: FetchedData,
) -> Path:
    """One folder for one pair of weights and items: a second call finds what the first did."""
    key = f"{weights.source.sha256[:12]}-{items.source.sha256[:12]}"
    return cache / "baselines" / "evaluations" / kind / model / benchmark / key


def _measured(
    kind: ReferenceKind,
    model: str,
    evaluation: Evaluation,
    weights: FetchedModel,
    items: FetchedData,
    folder: Path,
    comparable: bool,
) -> MeasuredScore:
    assert evaluation.score is not None
    return MeasuredScore(
        at=now(),
        package_version=__version__,
        protocol_version=PROTOCOL_VERSION,
        kind=kind,
        model=model,
        benchmark=evaluation.benchmark,
        value=evaluation.score,
        stderr=evaluation.stderr,
        seeds=tuple(seed.seed for seed in evaluation.seeds),
        seed_scores=tuple(seed.score for seed in evaluation.seeds),
        token_stage=max(seed.token_stage for seed in evaluation.seeds),
        comparable=comparable and evaluation.comparable,
        model_source=weights.source,
        model_hash=evaluation.model_hash,
        data_source=items.source,
        engine=evaluation.engine,
        gpu=evaluation.gpu,
        sampling=evaluation.sampling,
        versions=evaluation.versions,
        grader=evaluation.grader.model if evaluation.grader else "",
        evaluation=str(folder),
    )
