"""A cell in a real sandbox: two real processes, no network, and what can go wrong with them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from posttrainbench.errors import (
    BrokenModelError,
    DataError,
    EngineError,
    EngineTimeoutError,
    EvaluationError,
    OutOfMemoryError,
    RunInterruptedError,
)
from posttrainbench.evaluation import launch as launch_module
from posttrainbench.evaluation.aggregate import run_seeds
from posttrainbench.evaluation.cache import EvaluationCache
from posttrainbench.evaluation.cell import Cell, evaluate_cell, generate_cell, grade_cell
from posttrainbench.evaluation.process import failure
from posttrainbench.evaluation.request import Generated
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
    assert "NaN" in (tmp_path / "out" / "generate.log").read_text()


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

    def __init__(self, *errors: EvaluationError, succeed: int = 0) -> None:
        self.errors = list(errors)
        self.starts: list[tuple[tuple[int, ...], int, int | None]] = []
        self.succeed = succeed
        """How many seeds each failing start answers before it fails."""

    def __call__(self, _place, _step, make_request, _grants, out, _progress):
        request = make_request(str)
        self.starts.append((request.seeds, request.max_tokens, request.connections))
        done = request.seeds[: self.succeed] if self.errors else request.seeds
        for seed in done:
            folder = out / f"seed-{seed}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "generated.eval").write_bytes(b"x")
            facts = Generated(
                model_hash=request.model_hash, seed=seed, samples=2, connections=1, sampling={},
                max_tokens=request.max_tokens, engine="x", versions={},
            )  # fmt: skip
            write_json(folder / "generated.json", facts)
        if self.errors:
            raise self.errors.pop(0)


def test_every_cause_has_its_own_next_try(
    cell: Cell, place: Place, cache: EvaluationCache, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    steps = Steps(OutOfMemoryError("memory"), OutOfMemoryError("memory"), EngineError("died"))
    monkeypatch.setattr(launch_module, "run_step", steps)
    full = replace(cell, benchmark="bfcl", seeds=(1,))
    generation = generate_cell(full, place, tmp_path / "out", cache=cache)
    assert [start[1:] for start in steps.starts] == [
        (16000, None), (16000, 8), (16000, 4), (16000, 4),
    ]  # fmt: skip
    assert generation.status == "complete"
    assert [t.error for t in generation.tries] == ["memory", "memory", "died"]
    assert (generation.seeds[0].token_stage, generation.seeds[0].max_tokens) == (0, 16000)


def test_a_later_seed_may_need_shorter_answers(
    cell: Cell, place: Place, cache: EvaluationCache, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    steps = Steps(EngineTimeoutError("too slow"), succeed=2)
    monkeypatch.setattr(launch_module, "run_step", steps)
    full = replace(cell, benchmark="bfcl")
    generation = generate_cell(full, place, tmp_path / "out", cache=cache)
    assert [start[:2] for start in steps.starts] == [((1, 2, 3, 4, 5), 16000), ((3, 4, 5), 12000)]
    assert [seed.token_stage for seed in generation.seeds] == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("error", "starts"),
    [
        (OutOfMemoryError, 5),  # fewer requests twice, then both shorter stages
        (EngineError, 6),  # each of the three stages twice
        (EngineTimeoutError, 3),
        (BrokenModelError, 1),
        (EvaluationError, 1),
        (DataError, 1),
    ],
)
def test_there_is_an_end_to_trying(
    cell: Cell, place: Place, cache: EvaluationCache, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, error: type[EvaluationError], starts: int,
) -> None:  # fmt: skip
    steps = Steps(*[error("again") for _ in range(20)])
    monkeypatch.setattr(launch_module, "run_step", steps)
    generation = generate_cell(
        replace(cell, benchmark="bfcl"), place, tmp_path / "out", cache=cache
    )
    assert generation.status == "failed"
    assert len(steps.starts) == len(generation.tries) == starts


def test_run_seeds_follow_the_protocol(cell: Cell, model_copy: Path) -> None:
    assert run_seeds(replace(cell, benchmark="bfcl")) == (1, 2, 3, 4, 5)
    assert run_seeds(replace(cell, benchmark="bfcl", seeds=(9,))) == (9,)
    assert run_seeds(cell) == (1,)  # the demo cell
    (model_copy / "generation_config.json").write_text('{"temperature": 0.0}')
    greedy = replace(cell, model=model_copy)
    assert run_seeds(replace(greedy, benchmark="bfcl")) == (1,)
    assert run_seeds(replace(greedy, benchmark="bfcl", few_shot=True)) == (1, 2, 3, 4, 5)


def ending(**changes: object) -> Ending:
    """How a process ended that exited with 1."""
    return replace(Ending("exited", 1, None, False, 1.0, None, None, 0, Enforcement()), **changes)


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        (ending(), EngineError, "exit code 1.*the last words"),
        (ending(exit_code=None, signal=11), EngineError, "signal 11"),
        (ending(exit_code=None, signal=9), OutOfMemoryError, "want of memory"),
        (ending(exit_code=137), OutOfMemoryError, "want of memory"),
        (ending(ended="out-of-memory", exit_code=None), OutOfMemoryError, "want of memory"),
        (ending(ended="out-of-disk"), EngineError, "out-of-disk"),
        (ending(ended="out-of-time"), EngineTimeoutError, "out-of-time"),
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
