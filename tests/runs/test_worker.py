"""Whole runs of a tiny cell: what stands in the records afterwards."""

from __future__ import annotations

import json
import signal

import pytest
from tiny_runs import COPY_BASE, wait_until

from posttrainbench.errors import InputError, LeaseError, RecordError
from posttrainbench.records import FileEntry, RunDir
from posttrainbench.runs import manifest
from posttrainbench.runs.context import STAGES


def test_an_honest_run_leaves_every_record(new_run, work, sandbox_name):
    run = new_run(f"{COPY_BASE}; echo hello; echo data > train.jsonl", sandbox=sandbox_name)
    assert work(run)
    assert tuple(run.journal.done_stages()) == STAGES
    result = run.result()
    assert result.status == "scored"
    assert result.verdict.outcome == "clean"
    assert result.score == 0.0  # a random model calls no function
    assert result.base_score is not None
    assert result.base_score.source == "measured"
    assert not result.comparable
    assert result.sandbox == sandbox_name
    assert result.sandbox_isolates_files == (sandbox_name == "bubblewrap")
    assert set(result.stage_seconds) >= set(STAGES) - {"result"}
    assert {"posttrainbench", "python", "inspect-ai", "transformers", "torch"} <= set(
        result.versions
    )
    [attempt] = run.list_attempts()
    assert (attempt.ended, attempt.exit_code, attempt.survivors) == ("exited", 0, 0)
    lines = [json.loads(line) for line in run.output_file(1).read_text().splitlines()]
    assert "hello" in [line["text"].strip() for line in lines]
    assert all("at" in line for line in lines)
    assert not run.scratch.exists()


def test_weights_go_and_data_stay_in_the_kept_workspace(new_run, work):
    run = new_run(f"{COPY_BASE}; echo data > train.jsonl; mkdir code; echo 1 > code/a.py")
    assert work(run)
    assert not (run.workspace / "final_model" / "model.safetensors").exists()
    assert (run.workspace / "train.jsonl").read_text() == "data\n"
    entries = manifest.read(run.manifest_file)
    by_path = {entry.path: entry for entry in entries if isinstance(entry, FileEntry)}
    assert not by_path["final_model/model.safetensors"].kept
    assert by_path["final_model/model.safetensors"].sha256
    assert by_path["code/a.py"].kept
    assert (run.submission / "model.safetensors").exists()


def test_nothing_submitted_is_shown_as_such(new_run, work):
    run = new_run("exit 1")
    assert work(run)
    result = run.result()
    assert (result.status, result.score) == ("missing-submission", None)
    assert result.base_score is not None
    assert run.list_attempts()[0].exit_code == 1


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("mkdir final_model", "empty"),
        (f"{COPY_BASE}; rm final_model/model.safetensors", ""),
        (f"{COPY_BASE}; head -c 5000 $MODEL/model.safetensors > final_model/model.safetensors", ""),
        (f"{COPY_BASE}; ln -sf /etc/passwd final_model/vocab.txt", "symlink-outside"),
        (f"{COPY_BASE}; echo 'import os' > final_model/modeling_x.py", "code"),
        (f"{COPY_BASE}; truncate -s 1T final_model/model.safetensors", "too-large"),
    ],
)
def test_a_hostile_or_broken_submission_is_refused_with_its_reason(new_run, work, script, reason):
    run = new_run(script)
    assert work(run)
    result = run.result()
    assert result.status == "refused-submission"
    submission = run.read_submission()
    assert submission.reason
    assert submission.detail
    assert reason in submission.reason
    assert result.score is None


def test_a_hanging_agent_is_ended_and_what_it_left_is_taken(new_run, work):
    run = new_run(
        f"trap '' TERM; {COPY_BASE}; while true; do sleep 1; done",
        budget={"seconds": 3, "grace_seconds": 1},
    )
    assert work(run)
    [attempt] = run.list_attempts()
    assert attempt.ended == "out-of-time"
    assert attempt.killed
    assert attempt.seconds < 30
    assert run.result().status == "scored"


def test_the_end_signal_leaves_time_to_save(new_run, work):
    run = new_run(
        f"trap '{COPY_BASE}; exit 0' TERM; sleep 300 & wait",
        budget={"seconds": 2, "grace_seconds": 20},
    )
    assert work(run)
    [attempt] = run.list_attempts()
    assert (attempt.ended, attempt.killed) == ("out-of-time", False)
    assert run.result().status == "scored"


def test_a_flood_of_output_is_capped_and_never_judged_clean(new_run, work):
    run = new_run(
        f"{COPY_BASE}; yes 'a line of the flood' | head -c 1000000000",
        resources={"output": "1MB"},
    )
    assert work(run)
    [attempt] = run.list_attempts()
    assert attempt.ended == "exited"
    assert attempt.output_dropped > 900_000_000
    assert run.output_file(1).stat().st_size < 10_000_000
    result = run.result()
    assert result.status == "scored"
    assert result.verdict.outcome == "undecided"


def test_a_full_disk_quota_ends_the_agent_and_names_the_mechanism(new_run, work):
    run = new_run(
        f"{COPY_BASE}; for i in $(seq 999); do head -c 9000000 /dev/zero > $i; sleep 0.1; done",
        resources={"disk": "60MB"},
    )
    assert work(run)
    [attempt] = run.list_attempts()
    assert attempt.ended == "out-of-disk"
    assert "watch" in attempt.enforcement.disk
    assert run.result().status == "scored"


def test_a_secret_reaches_neither_disk_nor_arguments(new_run, work, monkeypatch, tmp_path):
    secret = "canary-5f3759df-secret"
    monkeypatch.setenv("PTB_TEST_SECRET_KEY", secret)
    monkeypatch.setenv("OTHER_API_KEY", "other-canary-1234567")
    run = new_run(
        "env; echo $PTB_TEST_SECRET_KEY | sed 's/./&/g'; cat /proc/*/cmdline | tr '\\0' ' '"
    )
    assert work(run)
    for path in run.path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert secret.encode() not in content, path
            assert b"other-canary" not in content, path
    assert run.list_attempts()[0].redactions > 0


def test_a_second_worker_is_refused_in_words(new_run, start_worker, ptb):
    run = new_run("touch ready; sleep 60")
    start_worker(run)
    wait_until(lambda: (run.workspace / "ready").exists())
    second = ptb("worker", run.path)
    assert second.returncode == LeaseError.exit_code
    assert "another worker" in second.stderr
    assert "Traceback" not in second.stderr


def test_ctrl_c_once_ends_the_agent_kindly_and_the_run_goes_on_later(new_run, start_worker, work):
    run = new_run(f"trap '{COPY_BASE}; exit' TERM; touch ready; sleep 300 & wait")
    process = start_worker(run)
    wait_until(lambda: (run.workspace / "ready").exists())
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert "ptb worker" in output
    assert run.list_attempts()[0].ended == "interrupted"
    assert work(run)
    assert run.result().status == "scored"


def test_ctrl_c_twice_ends_at_once_and_loses_nothing(new_run, start_worker, work):
    run = new_run(f"trap '' TERM INT; {COPY_BASE}; touch ready; while true; do sleep 1; done")
    process = start_worker(run)
    wait_until(lambda: (run.workspace / "ready").exists())
    process.send_signal(signal.SIGINT)
    wait_until(lambda: True, 1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert work(run)
    assert run.result().status == "scored"


def test_judged_and_evaluated_again_without_losing_the_old(new_run, work):
    run = new_run(COPY_BASE)
    assert work(run)
    first = run.result()
    assert work(run, "audit", "evaluate")
    assert [audit.number for audit in run.list_audits()] == [1, 2]
    second = run.result()
    assert second.audit == 2
    assert second.evaluation is not None
    assert first.evaluation is not None
    assert second.evaluation > first.evaluation
    assert second.score == first.score
    with pytest.raises(InputError, match="not repeated"):
        work(run, "solve")


def test_stages_can_be_run_one_at_a_time(new_run, work):
    run = new_run(COPY_BASE)
    with pytest.raises(InputError, match="needs 'prepare'"):
        work(run, "audit")
    for stage in STAGES:
        assert work(run, stage)
    assert run.result().status == "scored"
    with pytest.raises(InputError, match="unknown stage"):
        work(run, "solv")


def test_a_folder_that_is_no_run_directory(tmp_path):
    with pytest.raises(RecordError, match=r"no spec\.json"):
        RunDir.open(tmp_path)


def test_timer_and_evaluate_work_on_the_desk(new_run, work, sandbox_name):
    """And the agent cannot change the deadline that the timer reads."""
    run = new_run(
        "bash timer.sh > timer.txt; (echo 9999999999 > $PTB_DEADLINE_FILE) 2> refused.txt;"
        "python evaluate.py --model-path $MODEL --limit 2 --json-output-file metrics.json",
        sandbox=sandbox_name,
        budget="120s",
    )
    assert work(run)
    assert "seconds)" in (run.workspace / "timer.txt").read_text()
    metrics = json.loads((run.workspace / "metrics.json").read_text())
    assert metrics["accuracy"] == 0.0
    if sandbox_name == "bubblewrap":
        assert (run.workspace / "refused.txt").read_text()
