"""Whatever a person types: a sentence with the way out, an exit code, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

RUN = ("run", "--model", "smollm2-135m", "--benchmark", "bfcl-demo", "--agent", "noop")


def refused(done: subprocess.CompletedProcess[str], *words: str, code: int = 2) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "nearest"),
    [
        ("--model", "qwen3-1.7", "qwen3-1.7b"),
        ("--benchmark", "bfcl-dmeo", "bfcl-demo"),
        ("--agent", "refrence", "reference"),
        ("--sandbox", "bublewrap", "bubblewrap"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(ptb, option, value, nearest):
    refused(ptb(*RUN, option, value), f"'{value}'", f"did you mean {nearest}")


@pytest.mark.parametrize(
    "budget", ["0", "0h", "-1h", "nan", "nanh", "10", "inf", "1e3h", "", "3 x"]
)
def test_a_budget_that_is_none(ptb, budget, tmp_path):
    refused(ptb(*RUN, f"--budget={budget}"), "time span", "10h")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("value", [0, -5, float("nan"), float("inf")])
def test_a_budget_in_a_spec_file(ptb, value, tmp_path):
    spec = {"model": "m", "benchmark": "b", "agent": "a", "budget": {"seconds": value}}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    refused(ptb("run", "--spec", "spec.json"), "budget")


def test_a_spec_file_with_an_unknown_key(ptb, tmp_path):
    spec = {"model": "smollm2-135m", "benchmark": "bfcl-demo", "agent": "noop", "bugdet": "3m"}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    refused(ptb("run", "--spec", "spec.json"), "bugdet")


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "\x00\xff", "[" * 100_000])
def test_a_spec_file_that_is_none(ptb, tmp_path, content):
    (tmp_path / "spec.json").write_text(content)
    refused(ptb("run", "--spec", "spec.json"), "spec.json")


def test_options_that_are_missing(ptb):
    refused(ptb("run", "--model", "smollm2-135m"), "--benchmark is missing")


def test_a_file_where_the_results_folder_should_be(ptb, tmp_path):
    (tmp_path / "results").write_text("")
    refused(ptb(*RUN), "cannot write", "results", code=1)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_loses_nothing(ptb, tmp_path):
    """The run stops in words, and goes on when there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    try:
        (disk / "ballast").write_bytes(bytes(48_000))
        done = ptb("run", "--spec", _tiny_spec(tmp_path), "--results", disk)
        refused(done, "cannot write", "No space left", code=1)
        [run] = [path for path in disk.iterdir() if path.is_dir()] or [None]
        if run is not None and (run / "spec.json").exists():
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            done = ptb("worker", run)
            assert done.returncode == 0, done.stderr
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _tiny_spec(folder: Path) -> Path:
    spec = {
        "model": "tiny-llama",
        "benchmark": "bfcl-tiny",
        "agent": {"name": "script", "options": {"script": 'cp -r "$MODEL" final_model'}},
        "budget": "60s",
        "evaluation": {"limit": 2},
    }
    path = folder / "tiny.json"
    path.write_text(json.dumps(spec))
    return path


@pytest.mark.parametrize("command", ["worker", "show", "score"])
def test_a_folder_that_is_no_run(ptb, command, tmp_path):
    (tmp_path / "empty").mkdir()
    done = ptb(command, "empty")
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert "->" in done.stderr


def test_evaluate_a_folder_that_is_no_model(ptb, tmp_path):
    (tmp_path / "empty").mkdir()
    evaluate = ("evaluate", "--benchmark", "bfcl-tiny", "--base", "tiny-llama", "--limit", "2")
    refused(ptb(*evaluate, "empty"), "no model", code=1)
    refused(ptb(*evaluate, "absent"), "does not exist", code=1)
    refused(ptb("evaluate", "--benchmark", "bfcl-tiny", "empty"), "--base")


def test_evaluate_a_corrupt_model(ptb, tmp_path, tiny_model):
    evaluate = ("evaluate", "--benchmark", "bfcl-tiny", "--base", "tiny-llama", "--limit", "2")
    weights = tiny_model / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    refused(ptb(*evaluate, tiny_model), "safetensors", code=1)
    weights.write_bytes(b"")
    refused(ptb(*evaluate, tiny_model), "safetensors", code=1)


def test_a_record_of_a_newer_schema(ptb, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "spec.json").write_text('{"schema_version": "run-spec/9"}')
    refused(ptb("worker", "run"), "run-spec/9", "run-spec/1", code=1)
