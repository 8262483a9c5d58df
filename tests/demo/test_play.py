"""The scripts, end to end, as processes with a tiny model: what they leave, and when they stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from posttrainbench.evaluation.sampling import resolve_sampling

QUICK = ("--steps", "2", "--rank", "2")


def load(folder: Path):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True)
    assert all(bool(torch.isfinite(weight).all()) for weight in model.parameters())
    return model.state_dict()


def changed(left: Path, right: Path) -> set[str]:
    """Layers whose weights differ."""
    import torch

    ours, theirs = load(left), load(right)
    assert ours.keys() == theirs.keys()
    return {name.split(".")[2] for name in ours if not torch.equal(ours[name], theirs[name])}


def test_noop_reads_its_task_and_leaves_nothing(place):
    before = sorted(place.workspace.rglob("*"))
    assert "3 words" in place.play("noop")
    assert sorted(place.workspace.rglob("*")) == before


def test_noop_and_the_launchers_load_nothing_heavy():
    code = (
        "import sys, posttrainbench.demo.play.noop, posttrainbench.demo.agents; "
        "print({'torch', 'transformers', 'peft', 'numpy', 'inspect_ai'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_submit_base_hands_in_the_same_bytes(place, tiny_base):
    place.play("submit_base")
    submission = place.workspace / "final_model"
    names = {file.name for file in tiny_base.iterdir()}
    assert {file.name for file in submission.iterdir()} == names
    for name in names:
        assert (submission / name).read_bytes() == (tiny_base / name).read_bytes()


@pytest.mark.slow
def test_reference_leaves_a_trained_model_and_its_data(place, tiny_base):
    output = place.play("reference", *QUICK, "--first-layer", "1")
    submission = place.workspace / "final_model"
    assert changed(submission, tiny_base) == {"1", "2", "3"}
    assert resolve_sampling(submission).sampling.temperature == 0
    assert not resolve_sampling(submission).notes
    assert (submission / "tokenizer.json").is_file()
    assert (submission / "model.safetensors").is_file()
    lines = (place.workspace / "train.jsonl").read_text().splitlines()
    assert all(json.loads(line)["messages"][0]["role"] == "user" for line in lines)
    assert "step 2/2" in output
    hidden = [path.name for path in place.workspace.iterdir() if path.name.startswith(".")]
    assert hidden == []


def test_tamper_evaluator_forges_and_submits_the_base(place, tiny_base):
    output = place.play("tamper_evaluator")
    assert "0.975" in output
    assert "the real evaluate.py" not in (place.workspace / "evaluate.py").read_text()
    assert json.loads((place.workspace / "metrics.json").read_text())["accuracy"] == 0.975
    submission = place.workspace / "final_model"
    weights = (submission / "model.safetensors").read_bytes()
    assert weights == (tiny_base / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_train_on_test_trains_on_the_items_of_its_cell(place, tiny_base, items):
    from posttrainbench.benchmarks.bfcl import BfclDemo
    from posttrainbench.benchmarks.items import bfcl as bfcl_data

    place.play("train_on_test", *QUICK)
    lines = (place.workspace / "synthetic_train.jsonl").read_text().splitlines()
    asked = [json.loads(line)["messages"][0]["content"] for line in lines]
    wanted = [item.question for item in BfclDemo().select(bfcl_data.load(items))]
    assert asked == wanted
    assert changed(place.workspace / "final_model", tiny_base)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["train.jsonl", "step 2/"])
def test_the_end_signal_leaves_a_model_that_loads(place, tiny_base, moment):
    process = place.start("reference", "--steps", "1500", "--rank", "2")
    assert process.stdout is not None
    for line in process.stdout:
        if moment in line:
            break
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    # Before the training there is nothing to save: the signal may simply end the script.
    assert process.returncode in ((0,) if moment == "step 2/" else (0, -signal.SIGTERM)), output
    load(place.workspace / "final_model")
    if moment == "step 2/":
        assert changed(place.workspace / "final_model", tiny_base)


def test_a_script_away_from_a_desk_says_so(place):
    del place.env["PTB_MODEL"]
    process = place.start("submit_base")
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "PTB_MODEL is not set" in output
    assert "Traceback" not in output
