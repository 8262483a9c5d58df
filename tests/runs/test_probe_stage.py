"""The probe in whole runs: made where it can tell something, and never at the cost of a run."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from small_pupils import ITEMS, Problems, Pupil, train_further
from tiny_runs import COPY_BASE, tiny_spec, wait_until

from posttrainbench.cli.evidence import print_evidence
from posttrainbench.errors import RunInterruptedError
from posttrainbench.records import Finding, Probe, RunDir
from posttrainbench.runs.api import settle
from posttrainbench.runs.context import Context, Silent
from posttrainbench.runs.stages import probe as stage

COPY = f"{COPY_BASE}; chmod -R u+w final_model"
# What the agent has learnt elsewhere it submits here: no file tells what the training showed.
SUBMIT = f"{COPY}; mv -f learnt final_model/model.safetensors"
PROBED = {"limit": 2, "seeds": [1], "engine": "transformers", "probe": True}
UP_TO_PROBE = ("solve", "collect", "probe")
BY_HEART, CLEAN = "by heart", "clean"


@pytest.fixture(scope="module")
def pupils(tmp_path_factory: pytest.TempPathFactory, session_cache: Path) -> dict[str, Path]:
    """The weights of one that was trained on the items, and of one that had their like."""
    base = Pupil().fetch(session_cache, lambda _line: None).folder
    folder = tmp_path_factory.mktemp("pupils")
    like = Problems().train_items(folder)
    return {
        name: train_further(base, folder / name, lessons, 60) / "model.safetensors"
        for name, lessons in ((BY_HEART, ITEMS), (CLEAN, like))
    }


@pytest.fixture
def new_run(tmp_path: Path) -> Callable[..., RunDir]:
    """A run of the cell that can be learnt by heart."""

    def make(script: str, **more) -> RunDir:
        cell = {"model": "tiny-pupil", "benchmark": "tiny-problems"}
        spec = tiny_spec(script, **more).model_copy(update=cell)
        return RunDir.create(tmp_path / "results", settle(spec))

    return make


@pytest.fixture
def submitting(new_run, work, pupils) -> Callable[..., RunDir]:
    """A run, prepared, whose agent will submit a pupil's weights."""

    def make(name: str, script: str = SUBMIT, evaluation=PROBED, **more) -> RunDir:
        run = new_run(script, evaluation=evaluation, **more)
        assert work(run, "prepare")
        shutil.copyfile(pupils[name], run.workspace / "learnt")
        return run

    return make


def probe_of(run: RunDir) -> Probe:
    made = run.read_probe()
    assert made is not None
    return made


def outcome(run: RunDir) -> tuple[str, str]:
    """What the audit made of it."""
    [audit] = run.list_audits()
    [check] = [check for check in audit.checks if check.check == "memorisation"]
    return check.status, check.note


def finding_of(run: RunDir) -> Finding:
    [audit] = run.list_audits()
    [found] = [finding for finding in audit.findings if finding.check == "memorisation"]
    return found


def test_a_model_that_knows_the_items_by_heart(submitting, work, bubblewrap):
    """A whole run: the finding stands there, and the verdict rests on other things."""
    run = submitting(BY_HEART, sandbox=bubblewrap)
    assert work(run)
    probe = probe_of(run)
    assert (probe.status, probe.reason) == ("done", "")
    assert probe.model_hash == run.read_submission().model_hash
    assert probe.base_hash == run.preparation().model_hash
    assert probe.items == len(ITEMS)
    assert {text.item for text in probe.texts} == {item.id for item in ITEMS}
    assert all(text.base != text.final for text in probe.texts)
    assert [control.group for control in probe.controls] == ["train-split"] * 20
    found = finding_of(run)
    assert (found.kind, found.weight) == ("items-memorised", "informs")
    assert found.measures["answer_exchanged_mean_d"] > 1
    assert found.measures["answer_exchanged_mean_p"] < 0.001
    assert found.measures["answer_train_split_auc"] > 0.8
    assert found.measures["answer_train_split_p"] < 0.001
    assert {entry.item for entry in found.evidence if entry.item} <= {item.id for item in ITEMS}
    assert run.result().status == "scored"
    assert run.result().verdict.outcome == "clean"
    assert outcome(run) == ("done", "")
    record = run.probe_file.read_text()  # no word of an item stands in it
    assert not [item.id for item in ITEMS if item.question[:12] in record]
    assert not list(run.path.glob(".tmp-*"))


def test_a_model_that_learnt_the_like_of_the_items(submitting, work, bubblewrap):
    run = submitting(CLEAN, sandbox=bubblewrap)
    assert work(run, *UP_TO_PROBE, "audit")
    found = finding_of(run)
    assert (found.kind, found.category) == ("items-not-memorised", "")
    assert found.measures["answer_exchanged_mean_d"] < 0.5
    assert found.measures["answer_train_split_auc"] < 0.3  # it learnt from that split
    assert run.list_audits()[0].verdict.outcome == "clean"

    again = submitting(CLEAN, sandbox=bubblewrap)
    assert work(again, *UP_TO_PROBE)
    assert probe_of(again).base_cached
    assert probe_of(again).texts == probe_of(run).texts


def _measuring(pid: int) -> list[psutil.Process]:
    """The processes below that one that measure likelihoods."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if "posttrainbench.evaluation.likelihood" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_a_probe_whose_process_dies_costs_no_run(submitting, work, capsys):
    run = submitting(BY_HEART, sandbox="host")
    killed: list[int] = []

    def kill() -> None:
        deadline = time.monotonic() + 200
        while not killed and time.monotonic() < deadline:
            for process in _measuring(os.getpid()):
                process.kill()
                killed.append(process.pid)
            time.sleep(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    assert work(run)
    killer.join()
    assert killed
    assert probe_of(run).status == "failed"
    assert "was killed" in probe_of(run).reason
    assert probe_of(run).texts == ()
    assert run.result().status == "scored"
    assert run.result().verdict.outcome == "clean"
    status, note = outcome(run)
    assert status == "not-applicable"
    assert "the probe was failed" in note
    print_evidence(run)
    assert "the check memorisation did not apply: the probe was failed" in capsys.readouterr().out


def test_a_probe_that_takes_too_long_is_ended(submitting, work, monkeypatch):
    monkeypatch.setattr(stage, "SCORING_S", {"cpu": 0.2, "gpu": 0.2})
    monkeypatch.setattr(stage, "LOADING_S", 0.2)
    run = submitting(BY_HEART, sandbox="host")
    assert work(run, *UP_TO_PROBE, "audit")
    assert probe_of(run).status == "failed"
    assert "out-of-time" in probe_of(run).reason
    assert "out-of-time" in outcome(run)[1]
    assert not list(run.path.glob(".tmp-*"))


def test_without_an_engine_there_is_no_probe(submitting, work, monkeypatch):
    monkeypatch.setattr(stage, "available", lambda: False)
    run = submitting(BY_HEART)
    assert work(run, *UP_TO_PROBE, "audit")
    assert probe_of(run).status == "skipped"
    assert "torch and transformers are not installed" in outcome(run)[1]


def test_killed_in_the_middle_of_the_probe(submitting, work, start_worker, bubblewrap):
    run = submitting(BY_HEART, sandbox=bubblewrap)
    process = start_worker(run)
    wait_until(lambda: _measuring(process.pid), 200)
    children = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not any(child.is_running() for child in children), 20)
    assert run.read_probe() is None
    assert work(run, "probe", "audit")
    assert probe_of(run).status == "done"
    assert finding_of(run).kind == "items-memorised"
    assert len(run.list_attempts()) == 1
    assert not list(run.path.glob(".tmp-*"))


@pytest.mark.parametrize(
    ("script", "evaluation", "reason"),
    [
        (COPY_BASE, PROBED, "the submission is the base model"),
        ("exit 1", PROBED, "the submission is missing"),
        (SUBMIT, {"limit": 2}, "limited"),
        (SUBMIT, {"probe": False}, "turns it off"),
    ],
    ids=["base", "missing", "limited", "off"],
)
def test_where_nothing_can_be_told_it_is_left_out(submitting, work, script, evaluation, reason):
    run = submitting(CLEAN, script, evaluation)
    assert work(run, *UP_TO_PROBE, "audit")
    assert probe_of(run).status == "skipped"
    assert reason in probe_of(run).reason
    assert reason in run.journal.done_stages()["probe"].data["reason"]
    status, note = outcome(run)
    assert status == "not-applicable"
    assert reason in note


def test_a_benchmark_of_few_items_costs_nothing(work, tmp_path):
    zeros = "open('final_model/model.safetensors', 'r+b')"
    change = f'{COPY}; $PYTHON -c "f = {zeros}; f.seek(-4, 2); f.write(bytes(4))"'
    spec = tiny_spec(change, evaluation=PROBED).model_copy(update={"benchmark": "calls-tiny"})
    run = RunDir.create(tmp_path / "results", settle(spec))
    assert work(run, "prepare", *UP_TO_PROBE)
    probe = probe_of(run)
    assert probe.status == "skipped"
    assert "fewer than 20 items" in probe.reason
    assert probe.items == 4
    assert probe.seconds < 2


def test_a_model_that_cannot_be_probed_costs_no_run(submitting, work):
    """Its tokenizer names tokens that the model does not have."""
    script = f"""{SUBMIT}
$PYTHON - <<'EOF'
import json
document = json.load(open("final_model/tokenizer.json"))
vocabulary = document["model"]["vocab"]
document["model"]["vocab"] = {{token: number + 999999 for token, number in vocabulary.items()}}
json.dump(document, open("final_model/tokenizer.json", "w"))
EOF
"""
    run = submitting(CLEAN, script)
    assert work(run, *UP_TO_PROBE, "audit")
    assert probe_of(run).status == "failed"
    assert "token" in probe_of(run).reason
    assert outcome(run)[0] == "not-applicable"


@pytest.mark.parametrize("error", [RuntimeError("a defect"), MemoryError(), RecursionError("deep")])
def test_a_defect_costs_no_run(submitting, work, monkeypatch, error):
    def broken(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(stage, "probe_texts", broken)
    run = submitting(CLEAN)
    assert work(run, *UP_TO_PROBE, "audit")
    assert probe_of(run).status == "failed"
    assert type(error).__name__ in probe_of(run).reason
    assert outcome(run)[0] == "not-applicable"


def test_a_worker_that_is_stopped_goes_on_later(submitting, work, session_cache):
    run = submitting(CLEAN)
    assert work(run, "solve", "collect")
    context = Context(run, run.spec(), run.journal, session_cache, Silent(), lambda: True)
    with pytest.raises(RunInterruptedError):
        stage.run(context)
    assert run.read_probe() is None
    assert not list(run.path.glob(".tmp-*"))


def test_a_run_without_a_probe_can_be_audited(new_run, work):
    """Runs of earlier versions have none."""
    run = new_run(COPY_BASE)
    assert work(run, "prepare", "solve", "collect")
    assert work(run, "audit")
    assert outcome(run) == ("not-applicable", "the probe was not made")
