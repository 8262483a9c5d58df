"""The real items of the graded benchmarks, from the copy beside the repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[3] / "shared" / "data"
_SETTINGS = {
    "PTB_DATA": str(SHARED),
    "PTB_ARENA_BASELINE": str(
        SHARED / "arena_hard_v2_writing" / "model_answer" / "Qwen3-1.7B.jsonl"
    ),
}


def fetched(benchmark: Any, cache: Path) -> Path:
    """The folder with a benchmark's items; skips where there is no copy to take them from."""
    if not SHARED.is_dir():
        pytest.skip("no copy of the published data beside the repository")
    before = {name: os.environ.get(name) for name in _SETTINGS}
    os.environ.update(_SETTINGS)
    try:
        folder: Path = benchmark.fetch(cache, lambda _line: None).folder
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    return folder
