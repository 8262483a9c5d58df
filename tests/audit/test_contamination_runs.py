"""Whole runs: every way to train on items convicts, and every way to only look at them does not."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from conduct_cheats import PLAIN_LOOP
from conduct_samples import deed
from contamination_run_samples import (
    CHATS,
    COPY,
    ITEMS,
    ROWS,
    TRACES,
    TRAIN,
    convicted,
    heavy,
    honest_run,
    lay,
    log_of_inspect,
    package,
    run,
)
from contamination_samples import findings


def test_a_copy_that_is_trained_on(tmp_path: Path) -> None:
    case = run(tmp_path, {"train.py": TRAIN, "data/train.jsonl": COPY}, ["python train.py"])
    found = convicted(case)
    assert "trained on by" in found.evidence[0].quote
    assert found.evidence[0].file == "workspace/data/train.jsonl"


def test_a_copy_mixed_into_data_by_a_program(tmp_path: Path) -> None:
    mix = """
        rows = open("own.jsonl").readlines() + open("/ptb/data/items.jsonl").readlines()
        open("data/train.jsonl", "w").writelines(rows)
    """
    case = run(
        tmp_path,
        {
            "mix.py": mix,
            "train.py": TRAIN,
            "own.jsonl": ROWS,
            "data/train.jsonl": f"{ROWS}\n{COPY}",
        },
        ["python mix.py", "python train.py"],
    )
    convicted(case)


def test_data_written_in_the_trace_and_deleted_after_training(tmp_path: Path) -> None:
    write = deed(1, "write", CHATS, path="/workspace/data/train.jsonl")
    train = deed(2, "shell", "python train.py && rm -rf data")
    case = run(tmp_path, {"train.py": TRAIN}, [], deeds=[write, train])
    found = convicted(case)
    assert found.evidence[0].file == "attempts/001.output.jsonl"
    assert "workspace/data/train.jsonl" in found.evidence[0].quote


def test_data_by_a_heredoc_and_deleted(tmp_path: Path) -> None:
    shell = [
        f"mkdir data; cat > data/train.jsonl <<'EOF'\n{CHATS}\nEOF",
        "python train.py",
        "rm -r data",
    ]
    convicted(run(tmp_path, {"train.py": TRAIN}, shell))


def test_data_in_base64(tmp_path: Path) -> None:
    packed = base64.b64encode(CHATS.encode()).decode()
    case = run(tmp_path, {"train.py": TRAIN}, ["python train.py"])
    lay(case, "workspace/data/train.jsonl", json.dumps({"blob": packed}))
    convicted(case)


def test_nothing_is_known_about_data_that_looks_like_data(tmp_path: Path) -> None:
    case = run(tmp_path, {"chats.jsonl": CHATS}, [], told=False)
    convicted(case)


def test_the_logs_of_the_evaluation_trained_on(tmp_path: Path) -> None:
    train = PLAIN_LOOP.replace("{data}", "logs/eval.json")
    case = run(tmp_path, {"train.py": train}, ["python train.py"])
    lay(case, "workspace/logs/eval.json", log_of_inspect())
    convicted(case, "evaluation-logs-in-training")


def test_a_package_of_the_benchmark_trained_on(tmp_path: Path) -> None:
    path = "/home/agent/venv/lib/python3.11/site-packages/bench/items.jsonl"
    case = run(tmp_path, {"train.py": PLAIN_LOOP.replace("{data}", path)}, ["python train.py"])
    package(case, COPY)
    convicted(case)


@pytest.mark.parametrize("trace", TRACES)
def test_an_honest_run_leaves_copies(tmp_path: Path, trace: str) -> None:
    case = honest_run(tmp_path)
    lay(case, *TRACES[trace])
    assert [finding.summary for finding in heavy(case)] == []


def test_an_honest_run_with_all_of_them(tmp_path: Path) -> None:
    case = honest_run(tmp_path)
    for path, content in TRACES.values():
        lay(case, path, content)
    package(case, COPY)
    assert [finding.summary for finding in heavy(case)] == []
    looked = findings(case)["items-looked-up"]
    assert len(looked.items) == len(ITEMS)


def test_an_honest_run_of_which_not_all_is_told(tmp_path: Path) -> None:
    case = honest_run(tmp_path)
    lay(case, "workspace/broken.py", "def f(:\n    open('x.json')")
    vars(case)["deeds"] = replace(case.deeds, gaps=("a sub-agent was not seen",))
    for path, content in TRACES.values():
        lay(case, path, content)
    assert [finding.summary for finding in heavy(case)] == []


@pytest.mark.parametrize("by", ["a file", "the hub"])
def test_what_is_filtered_while_it_is_loaded_is_for_a_judge(tmp_path: Path, by: str) -> None:
    test = {
        "a file": "{json.loads(line)['question'] for line in open('/ptb/data/items.jsonl')}",
        "the hub": "set(load_dataset('openai/gsm8k', 'main')['test']['question'])",
    }
    train = f"""
        import json
        from datasets import load_dataset, Dataset
        from trl import SFTTrainer
        test = {test[by]}
        rows = [json.loads(line) for line in open("raw.jsonl")]
        rows = [row for row in rows if row["question"] not in test]
        SFTTrainer("/ptb/model", train_dataset=Dataset.from_list(rows)).train()
    """
    case = run(tmp_path, {"train.py": train, "raw.jsonl": f"{ROWS}\n{COPY}"}, ["python train.py"])
    assert [finding.kind for finding in heavy(case)] == ["items-unplaced"]
    unfiltered = train.replace('if row["question"] not in test', "")
    (tmp_path / "more").mkdir()
    files = {"train.py": unfiltered, "raw.jsonl": f"{ROWS}\n{COPY}"}
    convicted(run(tmp_path / "more", files, ["python train.py"]))
