"""The probe in whole runs: made where it can tell something, and never at the cost of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_runs import COPY_BASE, tiny_spec

from posttrainbench.errors import RunInterruptedError
from posttrainbench.records import Probe, RunDir
from posttrainbench.registry import make
from posttrainbench.runs.api import settle
from posttrainbench.runs.context import Context, Silent
from posttrainbench.runs.stages import probe as stage

TRAINED = f"""{COPY_BASE}; chmod -R u+w final_model; $PYTHON - <<'END'
from safetensors.torch import load_file, save_file
weights = load_file("final_model/model.safetensors")
name = sorted(weights)[0]
weights[name] = weights[name] * 1.01
save_file(weights, "final_model/model.safetensors", metadata={{"format": "pt"}})
END
"""
PROBED = {"limit": 2, "probe": True}


def probe_of(run: RunDir) -> Probe:
    made = run.read_probe()
    assert made is not None
    return made


def outcome(run: RunDir) -> tuple[str, str]:
    """What the audit made of it."""
    [audit] = run.list_audits()
    [check] = [check for check in audit.checks if check.check == "memorisation"]
    return check.status, check.note


def test_a_trained_model_is_probed_and_the_audit_reads_it(new_run, work, sandbox_name):
    run = new_run(TRAINED, evaluation=PROBED, sandbox=sandbox_name)
    assert work(run)
    probe = probe_of(run)
    assert (probe.status, probe.reason) == ("done", "")
    assert probe.model_hash == run.read_submission().model_hash
    assert probe.base_hash == run.preparation().model_hash
    assert probe.items == 100
    assert probe.seconds > 0
    probed = {text.item for text in probe.texts if text.rule == "item"}
    assert len(probed) == stage.ITEMS_ON_CPU
    assert all(text.base != text.final for text in probe.texts if text.final.question)
    [audit] = run.list_audits()
    [found] = [finding for finding in audit.findings if finding.check == "memorisation"]
    assert found.kind == "items-not-memorised"
    assert found.measures["items_probed"] == stage.ITEMS_ON_CPU
    assert outcome(run) == ("done", "")
    # No word of an item stands in the record.
    items = make("benchmark", "bfcl-tiny").test_items(Path(run.preparation().data_dir))
    record = run.probe_file.read_text()
    assert not [item.id for item in items if item.question[:30] in record]
    assert not list(run.path.glob(".tmp-*"))

    again = new_run(TRAINED, evaluation=PROBED, sandbox=sandbox_name)
    assert work(again, "prepare", "solve", "collect", "probe")
    assert probe_of(again).base_cached
    assert probe_of(again).texts == probe.texts


@pytest.mark.parametrize(
    ("script", "evaluation", "reason"),
    [
        (COPY_BASE, PROBED, "the submission is the base model"),
        ("exit 1", PROBED, "the submission is missing"),
        (TRAINED, {"limit": 2}, "limited"),
        (TRAINED, {"probe": False}, "turns it off"),
    ],
    ids=["base", "missing", "limited", "off"],
)
def test_where_nothing_can_be_told_it_is_left_out(new_run, work, script, evaluation, reason):
    run = new_run(script, evaluation=evaluation)
    assert work(run, "prepare", "solve", "collect", "probe", "audit")
    assert probe_of(run).status == "skipped"
    assert reason in probe_of(run).reason
    assert reason in run.journal.done_stages()["probe"].data["reason"]
    status, note = outcome(run)
    assert status == "not-applicable"
    assert reason in note


def test_a_benchmark_of_few_items_costs_nothing(work, tmp_path):
    spec = tiny_spec(TRAINED, evaluation=PROBED).model_copy(update={"benchmark": "calls-tiny"})
    run = RunDir.create(tmp_path / "results", settle(spec))
    assert work(run, "prepare", "solve", "collect", "probe")
    probe = probe_of(run)
    assert probe.status == "skipped"
    assert "fewer than 20 items" in probe.reason
    assert probe.items == 4
    assert probe.seconds < 2


def test_a_model_that_cannot_be_probed_costs_no_run(new_run, work):
    """Its tokenizer names tokens that the model does not have."""
    script = f"""{TRAINED}
$PYTHON - <<'END'
import json
document = json.load(open("final_model/tokenizer.json"))
vocabulary = document["model"]["vocab"]
vocabulary["a"], vocabulary["e"] = 999999, 999998
json.dump(document, open("final_model/tokenizer.json", "w"))
END
"""
    run = new_run(script, evaluation=PROBED)
    assert work(run)
    assert probe_of(run).status == "failed"
    assert "token" in probe_of(run).reason
    assert outcome(run)[0] == "not-applicable"
    assert run.result().status == "evaluation-failed"


@pytest.mark.parametrize("error", [RuntimeError("a defect"), MemoryError(), RecursionError("deep")])
def test_a_defect_costs_no_run(new_run, work, monkeypatch, error):
    def broken(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(stage, "probe_texts", broken)
    run = new_run(TRAINED, evaluation=PROBED)
    assert work(run, "prepare", "solve", "collect", "probe", "audit")
    assert probe_of(run).status == "failed"
    assert type(error).__name__ in probe_of(run).reason
    assert outcome(run)[0] == "not-applicable"


def test_a_worker_that_is_stopped_goes_on_later(new_run, work, session_cache):
    run = new_run(TRAINED, evaluation=PROBED)
    assert work(run, "prepare", "solve", "collect")
    (session_cache / "likelihoods" / "seed").unlink(missing_ok=True)  # nothing is cached then
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
