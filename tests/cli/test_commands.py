"""The commands as a person uses them, on the tiny cell."""

from __future__ import annotations

import json
import sys

import pytest


@pytest.fixture
def finished(ptb, tmp_path):
    """A results folder with one finished run."""
    spec = {
        "model": "tiny-llama",
        "benchmark": "bfcl-tiny",
        "agent": {"name": "script", "options": {"script": "echo 'x[bold]' > 'na[red]me'"}},
        "budget": "60s",
        "evaluation": {"limit": 2},
    }
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    done = ptb("run", "--spec", "spec.json")
    assert done.returncode == 0, done.stderr
    [run] = (tmp_path / "results").iterdir()
    return run


def test_run_then_show_then_score(ptb, finished):
    shown = ptb("show", finished)
    assert shown.returncode == 0, shown.stderr
    for word in ("prepare", "solve", "collect", "audit", "generate", "grade", "result", "missing"):
        assert word in shown.stdout
    scored = ptb("score", "results")
    assert scored.returncode == 0, scored.stderr
    assert "missing-submission" in scored.stdout
    assert "Not comparable" in scored.stdout
    observed = ptb("score", "results", "--view", "observed")
    assert observed.returncode == 0
    assert "missing-submission" in observed.stdout
    assert ptb("score", "results", "--view", "rosy").returncode == 2


def test_lists(ptb):
    models = ptb("list", "models")
    assert models.returncode == 0, models.stderr
    for name in (
        "qwen3-1.7b",
        "Qwen/Qwen3-4B",
        "smollm3-3b",
        "gemma-3-4b",
        "tiny-llama",
        "smollm2",
    ):
        assert name in models.stdout
    benchmarks = ptb("list", "benchmarks").stdout
    for name in ("aime2025", "arenahardwriting", "bfcl", "gpqamain", "gsm8k", "healthbench",
                 "humaneval", "bfcl-demo", "0.2265"):  # fmt: skip
        assert name in benchmarks
    agents = ptb("list", "agents").stdout
    for name in ("noop", "submit-base", "reference", "tamper-evaluator", "train-on-test"):
        assert name in agents
    assert ptb("list", "sandboxes").returncode == 0


def test_the_desk_for_a_person_works(ptb, tmp_path, ptb_env):
    import subprocess

    done = ptb("desk", "--model", "tiny-llama", "--benchmark", "bfcl-tiny", "desk")
    assert done.returncode == 0, done.stderr
    desk = tmp_path / "desk"
    assert {path.name for path in desk.iterdir()} == {
        ".ptb", "evaluate.py", "timer.sh", "templates", "PROMPT.md",
    }  # fmt: skip
    assert "final_model" in (desk / "PROMPT.md").read_text()
    timer = subprocess.run(["sh", "timer.sh"], cwd=desk, capture_output=True, text=True, check=True)
    assert "no clock" in timer.stdout
    model = json.loads((desk / ".ptb" / "cell.json").read_text())["model"]
    flags = ("--limit", "2", "--json-output-file", "m.json", "--templates-dir", "templates/")
    more = ("--max-connections", "2", "--gpu-memory-utilization", "0.3", "--max-tokens", "4")
    measured = subprocess.run(
        [sys.executable, "evaluate.py", "--model-path", model, *flags, *more],
        cwd=desk, env=ptb_env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert measured.returncode == 0, measured.stderr
    assert json.loads((desk / "m.json").read_text())["accuracy"] == 0.0
    assert ptb("desk", "--model", "tiny-llama", "--benchmark", "bfcl-tiny", "desk").returncode == 1


def test_evaluate_a_base_model_by_name(ptb, tmp_path):
    done = ptb(
        "evaluate", "tiny-llama", "--benchmark", "bfcl-tiny", "--limit", "2",
        "--json-output-file", "metrics.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "0.0 %" in done.stdout
    assert json.loads((tmp_path / "metrics.json").read_text())["samples"] == 2
