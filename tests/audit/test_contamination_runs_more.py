"""Whole runs: every way to train on items convicts, and every way to only look at them does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conduct_cheats import PLAIN_LOOP, TRL
from contamination_run_samples import (
    CERTAIN,
    CHATS,
    COPY,
    HUB,
    ITEMS,
    QUESTIONS,
    ROWS,
    SIDE_FILES,
    TRACES,
    TRAIN,
    convicted,
    heavy,
    honest_run,
    lay,
    package,
    run,
    submission,
)
from contamination_samples import chat, findings
from tokenizers import Tokenizer

from posttrainbench.benchmarks import TestItem
from posttrainbench.records import Submission


def test_what_is_certain_needs_no_trace(tmp_path: Path) -> None:
    case = honest_run(tmp_path, told=False)
    for name in CERTAIN:
        lay(case, *TRACES[name])
    package(case, COPY)
    assert [finding.summary for finding in heavy(case)] == []


@pytest.mark.parametrize("trace", ["its own evaluation's records", "a log of inspect"])
def test_what_is_likely_is_for_a_judge_where_nothing_is_told(tmp_path: Path, trace: str) -> None:
    case = run(tmp_path, {}, [], told=False)
    lay(case, *TRACES[trace])
    assert [finding.kind for finding in heavy(case)] == ["items-unplaced"]


def test_a_package_that_was_edited_is_not_as_installed(tmp_path: Path) -> None:
    case = run(tmp_path, {}, [], told=False)
    package(case, ROWS)
    lay(case, "scratch/home/venv/lib/python3.11/site-packages/bench/items.jsonl", CHATS)
    assert [finding.kind for finding in heavy(case)] == ["items-in-training-data"]


def test_the_train_split_of_a_hub_whose_test_split_came_along(tmp_path: Path) -> None:
    case = run(tmp_path, {"sft.py": TRL}, ["python sft.py"])
    hub = case.scratch / "home/.cache/huggingface/hub/datasets--openai--gsm8k"
    lay(case, f"{HUB}/hub/datasets--openai--gsm8k/blobs/0a", COPY)
    lay(case, f"{HUB}/hub/datasets--openai--gsm8k/blobs/0b", ROWS)
    (hub / "snapshots/1/main").mkdir(parents=True)
    (hub / "snapshots/1/main/test-00000.jsonl").symlink_to("../../../blobs/0a")
    (hub / "snapshots/1/main/train-00000.jsonl").symlink_to("../../../blobs/0b")
    assert [finding.summary for finding in heavy(case)] == []


def test_programs_that_only_look(tmp_path: Path) -> None:
    looking = f"QUESTIONS = {QUESTIONS[:8]!r}\nfor question in QUESTIONS:\n    print(question)\n"
    case = honest_run(tmp_path)
    lay(case, "workspace/look.py", looking)
    assert [finding.summary for finding in heavy(case)] == []


def test_items_in_a_program_whose_data_was_searched(tmp_path: Path) -> None:
    make = f"BAD = {QUESTIONS!r}\nopen('clean.jsonl', 'w').write('')\n"
    case = run(
        tmp_path,
        {
            "make.py": make,
            "clean.jsonl": ROWS,
            "train.py": PLAIN_LOOP.replace("{data}", "clean.jsonl"),
        },
        ["python make.py", "python train.py"],
    )
    assert [finding.summary for finding in heavy(case)] == []


def test_items_in_a_program_that_trains_are_for_a_judge(tmp_path: Path) -> None:
    train = f"EXAMPLES = {QUESTIONS!r}\n" + TRAIN.replace("\n    ", "\n")
    case = run(tmp_path, {"train.py": train, "data/train.jsonl": ROWS}, ["python train.py"])
    assert [finding.kind for finding in heavy(case)] == ["items-unplaced"]


def test_an_unchanged_base_model_was_not_trained(tmp_path: Path) -> None:
    same = Submission(at="t", package_version="0", status="accepted", identical_to_base=True)
    case = run(tmp_path, {"chats.jsonl": CHATS}, [], told=False, submission=same)
    assert [finding.summary for finding in heavy(case)] == []


def test_items_as_token_ids(tmp_path: Path, words_as_tokens: Tokenizer) -> None:
    case = run(tmp_path, {"train.py": PLAIN_LOOP.replace("{data}", "d.npy")}, ["python train.py"])
    english = "Here is what you should do when the question is about the items of a list. "
    ids = words_as_tokens.encode("\n".join(english * 3 + q for q in QUESTIONS)).ids
    np.save(case.workspace / "d.npy", np.array(ids, np.int32))
    convicted(case)


def test_a_bias_on_the_tokens_of_items(tmp_path: Path, words_as_tokens: Tokenizer) -> None:
    model = tmp_path / "model"
    model.mkdir()
    ids = words_as_tokens.encode(QUESTIONS[3]).ids
    for bias in ({f"({', '.join(map(str, ids))})": 9.0}, [[ids, 9.0]]):
        (model / "generation_config.json").write_text(json.dumps({"sequence_bias": bias}))
        case = replace(run(tmp_path, {}, [], told=False), model=model)
        assert findings(case)["answers-in-side-files"].items == (ITEMS[3].id,)


@pytest.mark.parametrize("name", SIDE_FILES)
def test_side_files_with_items(tmp_path: Path, name: str) -> None:
    case = submission(tmp_path, **SIDE_FILES[name])
    found = findings(case)["answers-in-side-files"]
    assert found.weight == "needs-judge"
    assert ITEMS[0].id in found.items
    assert found.evidence[0].file.startswith("submission/")


def test_side_files_without_items(tmp_path: Path) -> None:
    case = submission(
        tmp_path,
        tokenizer={"added_tokens": [{"content": "<|im_start|>"}], "model": {"vocab": {"b": 1}}},
        chat_template="{% for message in messages %}You are a helpful assistant{% endfor %}",
        generation_config={"eos_token_id": [1, 2], "temperature": 0.6, "bad_words_ids": [[1, 2]]},
    )
    assert findings(case) == {}


def test_choices_of_a_question_in_other_words(tmp_path: Path) -> None:
    choices = [tuple(q.split()[k : k + 9] for k in (0, 9, 18)) for q in QUESTIONS]
    asked = tuple(
        TestItem(
            f"q{n}", f"Which of these {n} things is the right one, do you think?", "", parts=parts
        )
        for n, parts in enumerate(tuple(map(" ".join, three)) for three in choices)
    )
    row = [chat("Pick: " + "; ".join(reversed(item.parts)), "A") for item in asked]
    case = run(tmp_path, {"train.jsonl": "\n".join(row)}, [], told=False, items=asked)
    assert len(findings(case)["items-in-training-data"].items) == len(asked)
    row = [chat("Pick: " + item.parts[0], "A") for item in asked]
    case = run(tmp_path, {"train.jsonl": "\n".join(row)}, [], told=False, items=asked)
    assert heavy(case) == []
