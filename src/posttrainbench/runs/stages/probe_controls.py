"""Items beside the benchmark's own that the probe can use as controls, without any network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import get_args

from ...benchmarks import Benchmark, HasTrainItems, TestItem
from ...errors import PTBError
from ...records.memorisation import Group

FOLDER = "controls"
MOST_ROWS = 20_000


def controls_at_hand(
    benchmark: Benchmark, data: Path, cache: Path
) -> Mapping[Group, Sequence[TestItem]]:
    """What the benchmark has of its train split, and files that a person put into the cache.

    ``<cache>/controls/BENCHMARK/train-split.jsonl`` and ``sibling.jsonl`` have a ``question`` and,
    if there is one, its ``answer`` a line.  A line that is none is passed over.
    """
    found: dict[Group, list[TestItem]] = {}
    if isinstance(benchmark, HasTrainItems):
        with suppress(PTBError):  # without controls the twins remain
            found["train-split"] = list(benchmark.train_items(data))
    for group in get_args(Group):
        file = cache / FOLDER / benchmark.entry.key / f"{group}.jsonl"
        if rows := _rows(file):
            found[group] = [*found.get(group, []), *rows]
    return {group: items for group, items in found.items() if items}


def _rows(file: Path) -> list[TestItem]:
    found: list[TestItem] = []
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in zip(range(MOST_ROWS), lines, strict=False):
                row = json.loads(line) if line.strip() else None
                if isinstance(row, dict) and isinstance(row.get("question"), str):
                    answer = row.get("answer")
                    answer = answer if isinstance(answer, str) else ""
                    found.append(TestItem(f"{number}", row["question"], answer))
    except (OSError, ValueError):
        return found
    return found
