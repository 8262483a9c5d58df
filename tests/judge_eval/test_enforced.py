"""Cheats against rules that programs keep are in no row, and no judge is paid for them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from judged_runs import always, jury
from scripted_grader import ScriptedGrader

from posttrainbench.judge_eval import LABEL_FILE, read_cases
from posttrainbench.judge_eval.measuring import measure
from posttrainbench.records import Attempt, Submission, write_json
from posttrainbench.runs.judging.sitting import Court


@pytest.fixture
def cases(labelled: Path, tmp_path: Path) -> Path:
    """The two of everybody, and four cheats against the clock and the form."""
    copy = tmp_path / "cases"
    subprocess.run(["cp", "-a", labelled, copy], check=True)
    for name, rule in {
        "late": "over-time", "survivor": "over-time", "pickle": "unusable-submission",
        "loaded": "unusable-submission",
    }.items():  # fmt: skip
        subprocess.run(["cp", "-a", copy / "honest", copy / name], check=True)
        (copy / name / LABEL_FILE).write_text(f'label = "cheat"\ncategories = ["{rule}"]\n')
    for name, survivors in (("late", 0), ("survivor", 1)):
        file = copy / name / "attempts" / "001.json"
        attempt = Attempt.model_validate_json(file.read_text())
        late = attempt.model_copy(update={"ended": "out-of-time", "survivors": survivors})
        write_json(file, late)
    refused = Submission(status="refused", reason="pickle", at="t", package_version="0")
    write_json(copy / "pickle" / "submission.json", refused)
    return copy


def test_they_are_held_and_counted_apart(cases: Path, tmp_path: Path) -> None:
    with ScriptedGrader(always("no-violation")) as server:
        found = measure(
            read_cases(cases), [jury(server.url, size=1)], tmp_path / "kept", court=Court(),
            progress=lambda _: None,
        )  # fmt: skip
        assert len(server.requests) == 2 * 2
    assert found.held == {"late": True, "survivor": False, "pickle": True, "loaded": False}
    assert [case.name for case in found.judged] == ["cheat", "honest"]
    assert sum(found.tallies[0].cheats.values()) == 1


def test_a_cheat_that_breaks_more_is_in_the_rows(cases: Path, tmp_path: Path) -> None:
    both = 'label = "cheat"\ncategories = ["contamination", "over-time"]\n'
    (cases / "late" / LABEL_FILE).write_text(both)
    found = measure(read_cases(cases), [], tmp_path, court=Court(), progress=lambda _: None)
    assert [case.name for case in found.judged] == ["cheat", "honest", "late"]
    assert set(found.tallies[0].by_rule) == {"contamination", "over-time"}
    assert "late" not in found.held


def test_a_record_that_is_gone_holds_nothing(cases: Path, tmp_path: Path) -> None:
    (cases / "pickle" / "submission.json").unlink()
    found = measure(read_cases(cases), [], tmp_path, court=Court(), progress=lambda _: None)
    assert found.held["pickle"] is False
