"""GSM8K on its 1319 real items: the library's prompts, byte by byte, and exact scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from instrument import asked, place, rows, score_items
from outside_world import parquet

from posttrainbench.benchmarks import TaskSetup
from posttrainbench.benchmarks.gsm8k import Gsm8k
from posttrainbench.benchmarks.items import gsm8k as gsm8k_data


@pytest.fixture
def data(shared: Path, tmp_path: Path) -> Path:
    return place("gsm8k", shared, tmp_path)


@pytest.fixture
def librarys(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """inspect-evals' own task, its data set found in the working directory instead of the hub."""
    import datasets

    folder = tmp_path / "here" / "openai" / "gsm8k" / "main"
    folder.mkdir(parents=True)
    for split in ("test", "train"):
        content = parquet(rows(shared / "gsm8k" / f"{split}.jsonl"))
        (folder / f"{split}-00000-of-00001.parquet").write_bytes(content)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache-of-inspect"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache-of-datasets")
    from inspect_evals.gsm8k import gsm8k

    return gsm8k()


def test_the_librarys_prompts(data: Path, librarys: Any) -> None:
    ours = Gsm8k().task(data, TaskSetup())
    expected = asked(librarys)
    assert len(expected) == 1319
    assert asked(ours) == expected
    assert [s.target for s in ours.dataset] == [s.target for s in librarys.dataset]
    messages = next(iter(expected.values()))["messages"]
    assert [role for role, _ in messages] == ["system", "user"]
    assert messages[0][1].count("\n\nANSWER: ") == 10


def test_few_shot_keeps_the_ten(data: Path) -> None:
    plain, shown = (Gsm8k().task(data, TaskSetup(limit=3, few_shot=few)) for few in (False, True))
    assert asked(plain) == asked(shown)


def test_gold_answers_score_one_and_others_nothing(data: Path) -> None:
    task = Gsm8k().task(data, TaskSetup())
    gold = {item.id: item.answer for item in gsm8k_data.load(data)}
    worked = {item.id: item.reasoning for item in gsm8k_data.load(data)}
    right = [
        lambda s: f"{worked[s.id]}\n#### {gold[s.id]}",
        lambda s: f"ANSWER: {gold[s.id]}",
        lambda s: f"<think>\nIt is 7.\n</think>\n\nSo **${gold[s.id].replace(',', '')}.00**.",
    ]
    wrong = [
        lambda s: f"ANSWER: 7{gold[s.id]}",
        lambda s: f"ANSWER: {gold[s.id]} or {gold[s.id]}1",
        lambda s: f"<think>ANSWER: {gold[s.id]}</think>",
        lambda _: "",
        lambda _: "ANSWER: 3*5²*13 ½½ 10⁹⁹⁹",
        lambda s: f"ANSWER: {gold[s.id]} " + "9" * 100_000,
    ]
    assert all(score_items(task, answer) == {1} for answer in right)
    assert all(score_items(task, answer) == {0} for answer in wrong)


def test_items_for_the_audit_and_the_limit(data: Path) -> None:
    items = Gsm8k().test_items(data)
    assert len(items) == Gsm8k().entry.items == 1319
    assert all("\n#### " in item.answer for item in items)
    assert [s.id for s in Gsm8k().task(data, TaskSetup(limit=5)).dataset] == [
        item.id for item in items[:5]
    ]
