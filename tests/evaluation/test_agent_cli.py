"""evaluate.py as an agent calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from posttrainbench.evaluation.agent_cli import main
from posttrainbench.evaluation.request import CellFile

Run = Callable[..., int]


@pytest.fixture
def evaluate(tiny_model: Path, items: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call it in a workspace of its own."""
    cell = CellFile(
        benchmark="bfcl-demo", family="smollm2", model=str(tiny_model), data=str(items), limit=3
    )
    cell_file = tmp_path / "cell.json"
    cell_file.write_text(cell.model_dump_json())
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    monkeypatch.chdir(workspace)
    return lambda *arguments: main([str(argument) for argument in arguments], cell_file)


def test_it_measures_and_leaves_nothing_behind(
    evaluate: Run, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = evaluate(
        "--model-path", tiny_model, "--limit", 2, "--json-output-file", "metrics.json",
        "--templates-dir", "templates/", "--max-tokens", 8, "--max-connections", 4,
        "--gpu-memory-utilization", 0.3, "--judge-workers", 2,
    )  # fmt: skip
    shown = capsys.readouterr()
    assert code == 0
    assert "accuracy 0.0000 +- 0.0000 on 2 items" in shown.out
    assert json.loads(Path("metrics.json").read_text()) == {
        "accuracy": 0.0, "stderr": 0.0, "limit": 2,
    }  # fmt: skip
    assert [path.name for path in Path().iterdir()] == ["metrics.json"]


def test_defaults_come_from_the_cell(
    evaluate: Run, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("final_model").symlink_to(tiny_model)
    assert evaluate("--max-new-tokens", 4) == 0
    assert "on 3 items" in capsys.readouterr().out


def no_folder(folder: Path) -> None:
    return


def empty_folder(folder: Path) -> None:
    folder.mkdir()


def a_file(folder: Path) -> None:
    folder.write_text("x")


def corrupt_weights(folder: Path) -> None:
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "model.safetensors").write_bytes(b"\xff" * 40)
    (folder / "tokenizer.json").write_text("{}")


@pytest.mark.parametrize("make", [no_folder, empty_folder, a_file, corrupt_weights])
def test_what_is_no_model(
    evaluate: Run, capsys: pytest.CaptureFixture[str], make: Callable[[Path], None]
) -> None:
    make(Path("final_model"))
    assert evaluate() == 2
    shown = capsys.readouterr()
    assert "final_model" in shown.err
    assert "Traceback" not in shown.err + shown.out


@pytest.mark.parametrize(
    "flags",
    [
        ("--limit", 0), ("--limit", -2), ("--limit", "x"), ("--max-tokens", 0), ("--nonsense",),
        ("--max-connections", 0), ("--gpu-memory-utilization", 2),
        ("--json-output-file", "no/such/folder/m.json"), ("--json-output-file", "."),
    ],
)  # fmt: skip
def test_wrong_flags(
    evaluate: Run, tiny_model: Path, capsys: pytest.CaptureFixture[str], flags: tuple[object, ...]
) -> None:
    assert evaluate("--model-path", tiny_model, *flags) == 2
    shown = capsys.readouterr()
    assert shown.err
    assert "Traceback" not in shown.err


def test_a_cell_file_that_is_gone(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model-path", str(tiny_model)], tmp_path / "none.json") == 2
    assert "none.json" in capsys.readouterr().err
