from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from posttrainbench.errors import InputError
from posttrainbench.records import RunDir, Verdict
from posttrainbench.scoring import Contestant, read_results
from posttrainbench.spec import RunSpec

Lay = Callable[..., RunDir]


def test_reads_finished_runs_at_any_depth(finished: Lay, tmp_path: Path) -> None:
    finished("a")
    finished("deep/er/b", score=0.25, verdict=Verdict(outcome="flagged", categories=("x",)))
    cells, problems = read_results(tmp_path / "results")
    assert problems == []
    assert [Path(cell.run).name for cell in cells] == ["a", "b"]
    second = cells[1]
    assert second.contestant == Contestant("noop", budget_seconds=36000.0)
    assert (second.model, second.benchmark) == ("qwen3-4b", "gsm8k")
    assert (second.raw, second.base, second.verdict) == (0.25, 0.1, "flagged")
    assert second.categories == ("x",)


def test_a_run_directory_itself(finished: Lay) -> None:
    cells, _ = read_results(finished("a").path)
    assert len(cells) == 1


def test_what_an_agent_left_is_no_run(finished: Lay) -> None:
    run = finished("a")
    shutil.copytree(run.path, run.workspace / "results" / "fake")
    cells, problems = read_results(run.path.parent)
    assert len(cells) == 1
    assert problems == []


def test_symlinked_runs_do_not_count_twice(finished: Lay) -> None:
    run = finished("a")
    run.path.with_name("again").symlink_to(run.path)
    assert len(read_results(run.path.parent)[0]) == 1


def test_repeats_and_copies_count_but_copies_are_told(finished: Lay, tmp_path: Path) -> None:
    run = finished("a")
    finished("b")
    shutil.copytree(run.path, tmp_path / "results" / "copy" / "a")
    cells, problems = read_results(tmp_path / "results")
    assert len(cells) == 3
    assert [(p.kind, p.run.parent.name) for p in problems] == [("same-name", "copy")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("[]", "schema None"),
        ('{"schema_version": "result/9"}', "schema 'result/9'"),
        ('{"schema_version": "result/1"}', "damaged"),
    ],
)
def test_broken_result_is_reported_and_hides_nothing(
    finished: Lay, content: str, told: str
) -> None:
    broken = finished("broken")
    broken.result_file.write_text(content)
    finished("whole")
    cells, problems = read_results(broken.path.parent)
    assert [Path(cell.run).name for cell in cells] == ["whole"]
    assert [(p.run, p.kind) for p in problems] == [(broken.path, "unreadable")]
    assert told in problems[0].detail


@pytest.mark.parametrize("score", ["NaN", "Infinity", "-0.1", "42.0"])
def test_score_that_is_no_fraction(finished: Lay, score: str) -> None:
    run = finished("a")
    data = json.loads(run.result_file.read_text())
    data["score"] = float(score)
    run.result_file.write_text(json.dumps(data))
    cells, problems = read_results(run.path)
    assert cells == []
    assert "no fraction from 0 to 1" in problems[0].detail


def test_result_of_another_run(finished: Lay) -> None:
    run = finished("a")
    other = finished("b", benchmark="bfcl")
    shutil.copy(other.result_file, run.result_file)
    cells, problems = read_results(run.path)
    assert cells == []
    assert "'bfcl'" in problems[0].detail


def test_unfinished_run(tmp_path: Path) -> None:
    spec = RunSpec(model="qwen3-4b", benchmark="gsm8k", agent="noop")
    RunDir.create_at(tmp_path / "r", spec)
    cells, problems = read_results(tmp_path)
    assert cells == []
    assert problems[0].kind == "unfinished"
    assert "ptb worker" in problems[0].detail


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent"):
        read_results(tmp_path / "absent")
