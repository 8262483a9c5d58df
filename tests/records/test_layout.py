from __future__ import annotations

import re
from pathlib import Path

import pytest

from posttrainbench.errors import RecordError, StorageError
from posttrainbench.records import Audit, RunDir, Verdict, write_json
from posttrainbench.spec import RunSpec

SPEC = RunSpec(model="qwen3-4b", benchmark="gsm8k", agent="noop")


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir.create(tmp_path / "results", SPEC)


def audit(number: int) -> Audit:
    return Audit(
        at="", package_version="0", number=number, checks=(), findings=(),
        verdict=Verdict(outcome="clean"),
    )  # fmt: skip


def test_a_new_run_holds_its_spec_and_a_first_event(run: RunDir) -> None:
    assert run.spec() == SPEC
    assert [event.event for event in run.journal.events()] == ["run-created"]
    assert RunDir.open(run.path).run_id == run.run_id


def test_names_are_unique_and_safe_for_a_shell(tmp_path: Path) -> None:
    odd = RunSpec(model="a/../b", benchmark="c d;$(e)", agent="f'\"\n")
    runs = [RunDir.create(tmp_path, odd) for _ in range(20)]
    assert len({run.path for run in runs}) == 20
    for run in runs:
        assert run.path.parent == tmp_path
        assert re.fullmatch(r"[A-Za-z0-9._-]+", run.run_id)


def test_existing_folder_is_not_reused(run: RunDir) -> None:
    with pytest.raises(StorageError, match="exists already") as refusal:
        RunDir.create_at(run.path, SPEC)
    assert f"ptb worker {run.path}" in refusal.value.advice


def test_results_folder_that_cannot_be_written() -> None:
    with pytest.raises(StorageError, match="/proc"):
        RunDir.create(Path("/proc/results"), SPEC)


def test_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no run directory"):
        RunDir.open(tmp_path)


def test_numbered_records_grow_and_are_listed_in_order(run: RunDir) -> None:
    assert (run.next_attempt(), run.next_audit(), run.next_evaluation()) == (1, 1, 1)
    for number in (1, 2, 10, 999, 1000):
        write_json(run.audit_file(number), audit(number))
    (run.audits / "notes.json").write_text("not ours")
    assert [record.number for record in run.list_audits()] == [1, 2, 10, 999, 1000]
    assert run.next_audit() == 1001


def test_an_output_file_alone_takes_its_number(run: RunDir) -> None:
    run.attempts.mkdir()
    run.output_file(3).touch()
    assert run.next_attempt() == 4
    assert run.list_attempts() == []


def test_unfinished_evaluations_are_not_listed(run: RunDir) -> None:
    run.evaluation_dir(1).mkdir(parents=True)
    assert run.list_evaluations() == []
    assert run.next_evaluation() == 2


def test_sweep_deletes_only_what_a_crash_left(run: RunDir, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    run.audits.mkdir()
    (run.path / ".tmp-result.json-1").touch()
    (run.path / ".tmp-submission-2").mkdir()
    (run.path / ".tmp-submission-2" / "half").touch()
    (run.audits / ".tmp-001.json-3").symlink_to(outside)
    run.workspace.mkdir()
    (run.workspace / ".tmp-of-the-agent").touch()
    run.sweep()
    assert sorted(p.name for p in run.path.iterdir()) == [
        "audits", "journal.jsonl", "spec.json", "workspace",
    ]  # fmt: skip
    assert list(run.audits.iterdir()) == []
    assert (outside / "kept").exists()
    assert (run.workspace / ".tmp-of-the-agent").exists()
