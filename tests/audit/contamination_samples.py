"""Real items of the benchmarks for the contamination tests, from the data beside the repository."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from posttrainbench.audit import Case
from posttrainbench.audit.contamination.check import ContaminationCheck
from posttrainbench.benchmarks import TestItem
from posttrainbench.records import Finding
from posttrainbench.registry import make

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
CLEAN = DATA / "clean_training"
KEYS = ("aime2025", "arenahardwriting", "bfcl", "gsm8k", "healthbench", "humaneval")


@cache
def real_items(key: str) -> tuple[TestItem, ...]:
    """All items of a benchmark; PTB_DATA must name the data."""
    benchmark = make("benchmark", key)
    folder = Path(mkdtemp(prefix="ptb-items-"))
    return tuple(benchmark.test_items(benchmark.fetch(folder, lambda _line: None).folder))


def findings(case: Case) -> dict[str, Finding]:
    """What the check says, by kind."""
    return {finding.kind: finding for finding in ContaminationCheck().run(case)}


def weights(case: Case) -> set[str]:
    """How heavy it weighs."""
    return {finding.weight for finding in findings(case).values()}


def chat(user: str, assistant: str, **more: Any) -> str:
    """A row of training data."""
    turns = [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]
    return json.dumps({"messages": turns, **more})
