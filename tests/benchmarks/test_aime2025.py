"""AIME 2025 on its 30 real items: the library's prompts, byte by byte, and exact scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from instrument import asked, place, score_items

from posttrainbench.benchmarks import TaskSetup
from posttrainbench.benchmarks.aime2025 import Aime2025
from posttrainbench.benchmarks.items.shots import shots


@pytest.fixture
def data(shared: Path, tmp_path: Path) -> Path:
    return place("aime2025", shared, tmp_path)


@pytest.fixture
def librarys(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """inspect-evals' own task, its data set found in the working directory instead of the hub."""
    import datasets

    folder = tmp_path / "here" / "math-ai" / "aime25"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_bytes((shared / "aime2025.jsonl").read_bytes())
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache-of-inspect"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache-of-datasets")
    from inspect_evals.aime2025 import aime2025

    return aime2025()


def test_the_librarys_prompts(data: Path, librarys: Any) -> None:
    ours = Aime2025().task(data, TaskSetup())
    expected = asked(librarys)
    assert len(expected) == 30
    assert asked(ours) == expected
    assert [s.target for s in ours.dataset] == [s.target for s in librarys.dataset]


def test_worked_examples_stand_before_the_same_question(data: Path) -> None:
    plain, shown = (asked(Aime2025().task(data, TaskSetup(few_shot=few))) for few in (False, True))
    examples = shots("aime2025")
    assert examples
    turns = [turn for s in examples for turn in (("user", s.user), ("assistant", s.assistant))]
    for key, sent in shown.items():
        assert sent["messages"] == [*turns, *plain[key]["messages"]]


def test_gold_answers_score_one_and_others_nothing(data: Path) -> None:
    task = Aime2025().task(data, TaskSetup())
    right = [
        lambda s: f"12 + 30 = 42.\n\nANSWER: {s.target}",
        lambda s: f"**ANSWER: $\\boxed{{{s.target}}}$**\n$$\n",
        lambda s: f"<think>\nIt is 7.\n</think>\nANSWER: 0{s.target}.",
    ]
    wrong = [
        lambda s: f"ANSWER: 7{s.target}",
        lambda s: f"ANSWER: {s.target}\nThat is all.",
        lambda s: f"ANSWER: -{s.target}",
        lambda s: f"<think>ANSWER: {s.target}</think>",
        lambda s: f"ANSWER: {s.target}\n10⁹⁹⁹",
        lambda s: "\\boxed{" * 20_000 + str(s.target),
        lambda _: "",
    ]
    assert all(score_items(task, answer) == {1} for answer in right)
    assert all(score_items(task, answer) == {0} for answer in wrong)


def test_items_for_the_audit_and_the_limit(data: Path) -> None:
    items = Aime2025().test_items(data)
    assert len(items) == Aime2025().entry.items == 30
    assert len(Aime2025().task(data, TaskSetup(limit=4)).dataset) == 4
