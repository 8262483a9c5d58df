"""A cell in a real sandbox: two real processes, no network, and what can go wrong with them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from posttrainbench.errors import (
    BrokenModelError,
    EngineError,
    EvaluationError,
    RunInterruptedError,
)
from posttrainbench.evaluation import cell as cell_module
from posttrainbench.evaluation.cache import EvaluationCache
from posttrainbench.evaluation.cell import Cell, evaluate_cell, generate_cell, grade_cell
from posttrainbench.evaluation.process import failure
from posttrainbench.evaluation.steps import Place, _raise_failure
from posttrainbench.records import Enforcement, write_json
from posttrainbench.records.hashing import model_hash
from posttrainbench.sandboxes import Ending, Limits
from posttrainbench.sandboxes.choose import choose


@pytest.fixture
def cell(tiny_model: Path, items: Path) -> Cell:
    return Cell(
        benchmark="bfcl-demo",
        family="smollm2",
        model=tiny_model,
        model_hash=model_hash(tiny_model),
        base=tiny_model,
        data=items,
        limit=2,
    )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(choose("host"), tmp_path / "scratch")


@pytest.fixture
def cache(tmp_path: Path) -> EvaluationCache:
    return EvaluationCache(tmp_path / "cache")


@pytest.mark.slow
def test_a_cell_from_model_to_record(
    cell: Cell, cache: EvaluationCache, tmp_path: Path, sandbox_name: str
) -> None:
    place = Place(choose(sandbox_name), tmp_path / "scratch")
    said: list[str] = []
    first = evaluate_cell(cell, place, tmp_path / "1", number=7, cache=cache, progress=said.append)
    assert (first.status, first.error, first.number) == ("complete", "", 7)
    assert (first.score, first.stderr) == (0.0, 0.0)
    assert first.comparable is False  # a limit, and a demo cell
    [seed] = first.seeds
    assert (seed.samples, seed.max_tokens, seed.token_stage, seed.cached) == (2, 96, 0, False)
    assert (tmp_path / "1" / seed.log).is_file()
    assert first.sampling["temperature"] == 1.0
    assert first.engine == "transformers"
    assert {
        "torch",
        "transformers",
        "inspect-ai",
        "inspect-evals",
        "dtype",
    } <= first.versions.keys()
    assert said[0] == "loading the model"
    assert "2 of 2 answers" in said
    assert not place.scratch.exists()

    again = evaluate_cell(cell, place, tmp_path / "2", cache=cache)
    assert again.score == first.score
    assert again.seeds[0].cached
    assert (tmp_path / "2" / again.seeds[0].log).is_file()


@pytest.mark.slow
def test_the_steps_can_be_apart_and_repeated(
    cell: Cell, place: Place, cache: EvaluationCache, tmp_path: Path
) -> None:
    folder = tmp_path / "evaluation"
    generation = generate_cell(cell, place, folder, cache=cache)
    assert generation.status == "complete"
    answers = folder / "seed-1" / "generated.eval"
    written = answers.stat().st_mtime_ns
    generate_cell(cell, place, folder, cache=cache)  # goes on where it stood: all is done
    assert answers.stat().st_mtime_ns == written
    moved = shutil.move(folder, tmp_path / "elsewhere")
    evaluation = grade_cell(cell, place, Path(moved), number=2, cache=cache)
    assert evaluation.status == "complete"


def poison(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"][:] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.slow
def test_a_broken_model_is_a_failed_evaluation_never_a_zero(
    cell: Cell, place: Place, cache: EvaluationCache, model_copy: Path, tmp_path: Path
) -> None:
    poison(model_copy)
    broken = replace(cell, model=model_copy, model_hash=model_hash(model_copy))
    evaluation = evaluate_cell(broken, place, tmp_path / "out", cache=cache)
    assert evaluation.status == "failed"
    assert "NaN" in evaluation.error
    assert evaluation.score is None
    assert evaluation.seeds == ()
    assert "NaN" in (tmp_path / "out" / "seed-1" / "generate.log").read_text()


def test_a_model_that_changed_since_is_not_evaluated(
    cell: Cell, place: Place, cache: EvaluationCache, tmp_path: Path
) -> None:
    evaluation = evaluate_cell(
        replace(cell, model_hash="0" * 64), place, tmp_path / "out", cache=cache
    )
    assert evaluation.status == "failed"
    assert "has changed" in evaluation.error


def test_a_process_that_dies_is_told_with_its_last_words(
    cell: Cell, place: Place, cache: EvaluationCache, tmp_path: Path
) -> None:
    slow = replace(place, limits=Limits(seconds=0.2, grace_seconds=0.2))
    evaluation = evaluate_cell(cell, slow, tmp_path / "out", cache=cache)
    assert evaluation.status == "failed"
    assert "out-of-time" in evaluation.error


def test_a_stop_is_no_failure(
    cell: Cell, place: Place, cache: EvaluationCache, tmp_path: Path
) -> None:
    stopped = replace(place, should_stop=lambda: True)
    with pytest.raises(RunInterruptedError):
        generate_cell(cell, stopped, tmp_path / "out", cache=cache)
    assert not (tmp_path / "out" / "generation.json").exists()


class Steps:
    """Stands for the processes: fails with the errors of a list, then succeeds."""

    def __init__(self, *errors: EvaluationError) -> None:
        self.errors = list(errors)
        self.limits: list[int] = []

    def __call__(self, _place, step, make_request, _mounts, _out, _progress):
        self.limits.append(make_request(str).max_tokens)
        if self.errors:
            raise self.errors.pop(0)


def test_a_dead_engine_is_tried_again_with_fewer_tokens(
    cell: Cell, place: Place, cache: EvaluationCache, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    steps = Steps(EngineError("out of memory"), EngineError("died"))
    monkeypatch.setattr(cell_module, "run_step", steps)
    full = replace(cell, benchmark="bfcl")
    generation = generate_cell(full, place, tmp_path / "out", cache=cache)
    assert steps.limits == [16000, 12000, 8000]
    assert generation.seeds[0].token_stage == 2
    assert generation.seeds[0].max_tokens == 8000


@pytest.mark.parametrize(
    ("errors", "tries"),
    [([EngineError("a"), EngineError("b"), EngineError("c")], 3), ([EvaluationError("x")], 1)],
)
def test_when_no_stage_works(
    cell: Cell, place: Place, cache: EvaluationCache, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, errors: list[EvaluationError], tries: int,
) -> None:  # fmt: skip
    steps = Steps(*errors)
    monkeypatch.setattr(cell_module, "run_step", steps)
    generation = generate_cell(
        replace(cell, benchmark="bfcl"), place, tmp_path / "out", cache=cache
    )
    assert generation.status == "failed"
    assert len(steps.limits) == tries


def ending(**changes: object) -> Ending:
    """How a process ended that exited with 1."""
    return replace(Ending("exited", 1, None, False, 1.0, None, None, 0, Enforcement()), **changes)


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        (ending(), EngineError, "exit code 1.*the last words"),
        (ending(exit_code=None, signal=11), EngineError, "signal 11"),
        (ending(exit_code=None, signal=9), EngineError, "want of memory"),
        (ending(exit_code=137), EngineError, "want of memory"),
        (ending(ended="out-of-memory", exit_code=None), EngineError, "want of memory"),
        (ending(ended="out-of-disk"), EngineError, "out-of-disk"),
        (ending(ended="interrupted"), RunInterruptedError, "stopped"),
    ],
)
def test_every_end_of_a_process_is_told(
    tmp_path: Path, how: Ending, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        _raise_failure("generate", how, tmp_path, "the last words")


def test_an_error_file_is_the_error_itself(tmp_path: Path) -> None:
    write_json(tmp_path / "error.json", failure(BrokenModelError("NaN", advice="train on")))
    with pytest.raises(BrokenModelError, match="NaN") as caught:
        _raise_failure("generate", ending(), tmp_path, "")
    assert caught.value.advice == "train on"
    (tmp_path / "error.json").write_text("{")
    with pytest.raises(EvaluationError, match="the last words"):
        _raise_failure("generate", ending(), tmp_path, "the last words")
