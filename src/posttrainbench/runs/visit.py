"""Without a run: the agent's desk laid for a person, and one evaluation of a folder."""

from __future__ import annotations

from pathlib import Path

from ..benchmarks import Benchmark
from ..catalog import ModelPlugin, Progress
from ..errors import InputError, StorageError
from ..evaluation.measure import Measured, measure
from ..paths import cache_dir
from ..records import write_bytes, write_json
from ..records.files import storage_error
from ..registry import make, names
from ..spec import Budget, GraderChoice, RunSpec
from . import desk
from .prompt import Places, prompt


def lay_for_person(
    folder: Path, model: str, benchmark: str, budget: str, progress: Progress
) -> None:
    """Lay the desk of a cell into ``folder``, with PROMPT.md and a cell file of its own.

    evaluate.py works there as it does for an agent; no clock runs.

    Raises:
        UnknownNameError, SpecError, DataError: the cell cannot be had.
        StorageError: ``folder`` holds something already, or cannot be written.
    """
    spec = RunSpec(
        model=model, benchmark=benchmark, agent="a person", budget=Budget.model_validate(budget)
    )
    weights_plugin: ModelPlugin = make("model", model)
    items_plugin: Benchmark = make("benchmark", benchmark)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StorageError(f"{folder} is not empty", advice="name a new or an empty folder")
    cache = cache_dir()
    weights = weights_plugin.fetch(cache, progress)
    items = items_plugin.fetch(cache, progress)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(folder, error) from error
    desk.lay(folder, weights_plugin.entry.family)
    cell = desk.cell(
        weights_plugin.entry,
        items_plugin.entry,
        spec.evaluation,
        str(weights.folder),
        str(items.folder),
    )
    write_json(folder / ".ptb" / "cell.json", cell)
    places = Places(workspace=str(folder.absolute()), model=str(weights.folder), python="python")
    text = prompt(spec, weights_plugin.entry, items_plugin.entry, places)
    write_bytes(folder / "PROMPT.md", text.encode())


def evaluate_folder(
    model: str,
    *,
    base: str | None,
    benchmark: str,
    limit: int,
    seeds: tuple[int, ...],
    output: Path | None,
    progress: Progress,
    engine: str = "auto",
    few_shot: bool = False,
    connections: int | None = None,
    max_tokens: int | None = None,
    grader: GraderChoice | None = None,
) -> Measured:
    """Evaluate a folder, or a base model by its name, as the final evaluation would.

    Args:
        base: the base model that the folder descends from; it decides the family.  Not needed
            where ``model`` is a base model's name.
        output: where to write ``{"accuracy": ..., "stderr": ..., "samples": ...}``.

    Raises:
        InputError: the folder's base model is not named.
        DataError, EngineError: the folder is no model, or cannot be evaluated.
    """
    items_plugin: Benchmark = make("benchmark", benchmark)
    named = model in names("model") and not Path(model).exists()
    if base is None and not named:
        raise InputError(
            f"which base model does {model} descend from?",
            advice=f"say --base, one of: {', '.join(names('model'))}; it decides the chat template",
        )
    plugin: ModelPlugin = make("model", model if named else str(base))
    cache = cache_dir()
    weights = plugin.fetch(cache, progress)
    items = items_plugin.fetch(cache, progress)
    measured = measure(
        weights.folder if named else Path(model),
        benchmark=benchmark,
        family=plugin.entry.family,
        data=items.folder,
        base=weights.folder,
        limit=limit,
        seeds=seeds,
        engine=engine,
        few_shot=few_shot,
        connections=connections,
        max_tokens=max_tokens,
        grader=grader,
        progress=lambda done, total: progress(f"{done} of {total} answers"),
    )
    if output is not None:
        write_json(
            output,
            {
                "accuracy": measured.score,
                "stderr": measured.stderr,
                "samples": measured.samples,
                "seeds": dict(zip(map(str, measured.seeds), measured.seed_scores, strict=True)),
                "limit": limit,
                "ungraded": measured.ungraded,
                "comparable": measured.comparable,
                "breakdown": measured.breakdown,
                "grader": measured.grader.model_dump() if measured.grader else None,
                "concerns": [concern.model_dump() for concern in measured.concerns],
                "notes": list(measured.notes),
            },
        )
    return measured
