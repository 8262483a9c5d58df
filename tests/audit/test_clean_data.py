"""Real, clean training data must stay clean; real items must be found."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from posttrainbench.audit.contamination.ngrams import Index
from posttrainbench.audit.contamination.scanner import Scanner
from posttrainbench.audit.reading.texts import pieces

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
BENCHMARKS = {
    "bfcl": "bfcl_exec_simple.jsonl",
    "gsm8k": "gsm8k/test.jsonl",
    "aime2025": "aime2025.jsonl",
    "humaneval": "humaneval.jsonl",
    "arenahardwriting": "arena_hard_v2_writing/question.jsonl",
    "healthbench": "healthbench_easy.jsonl",
}
TOO_SHORT = {"arenahardwriting": 10}
"""Items such as "write a poem": too short to be told from everyday language."""

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")


def question(row: dict[str, Any]) -> str:
    if isinstance(row.get("question"), list):
        return str(row["question"][0][0]["content"])
    if isinstance(row.get("prompt"), list):
        return "\n".join(turn["content"] for turn in row["prompt"])
    return str(row.get("question") or row.get("problem") or row["prompt"])


@cache
def index(benchmark: str) -> Index:
    rows = (DATA / BENCHMARKS[benchmark]).read_text().splitlines()
    return Index([question(json.loads(row)) for row in rows])


def found(benchmark: str, path: Path, *, certain: bool = True) -> int:
    scanner = Scanner(index(benchmark))
    descriptor = os.open(path, os.O_RDONLY)
    try:
        for piece in pieces(descriptor):
            scanner.feed(piece)
    finally:
        os.close(descriptor)
    scanner.finish()
    return sum(hit.certain or not certain for hit in scanner.hits.values())


@pytest.mark.parametrize(
    "benchmark",
    [
        "bfcl",
        *(pytest.param(name, marks=pytest.mark.slow) for name in BENCHMARKS if name != "bfcl"),
    ],
)
def test_clean_training_data(benchmark: str) -> None:
    files = sorted((DATA / "clean_training").glob("*.jsonl"))
    assert len(files) > 5
    resembling = {path.name: n for path in files if (n := found(benchmark, path, certain=False))}
    assert resembling == {}


@pytest.mark.slow
def test_the_official_train_split_of_gsm8k() -> None:
    """Few rows are as good as test items with other numbers; the rules tolerate three."""
    assert found("gsm8k", DATA / "gsm8k" / "train.jsonl") <= 1
    assert found("gsm8k", DATA / "gsm8k" / "train.jsonl", certain=False) <= 5


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_the_items_themselves(benchmark: str) -> None:
    path = DATA / BENCHMARKS[benchmark]
    items = len(path.read_text().splitlines()) - TOO_SHORT.get(benchmark, 0)
    assert found(benchmark, path, certain=False) == items
    assert found(benchmark, path) >= items - 1
