"""The table from a cause to the next try."""

from __future__ import annotations

import pytest

from posttrainbench.errors import (
    BrokenModelError,
    DataError,
    EngineError,
    EngineTimeoutError,
    EvaluationError,
    GraderError,
    OutOfMemoryError,
)
from posttrainbench.evaluation.retry import Settings, next_try


@pytest.mark.parametrize(
    ("now", "error", "then"),
    [
        (Settings(0, 256), OutOfMemoryError("x"), Settings(0, 64)),
        (Settings(0, None), OutOfMemoryError("x"), Settings(0, 8)),
        (Settings(0, 6), OutOfMemoryError("x"), Settings(0, 4)),
        (Settings(0, 4), OutOfMemoryError("x"), Settings(1, 4)),
        (Settings(0, 1), OutOfMemoryError("x"), Settings(1, 1)),
        (Settings(2, 4), OutOfMemoryError("x"), None),
        (Settings(0, 256), EngineTimeoutError("x"), Settings(1, 256)),
        (Settings(2, 256), EngineTimeoutError("x"), None),
        (Settings(0, 256), EngineError("died"), Settings(0, 256, repeated=True)),
        (Settings(0, 256, repeated=True), EngineError("died"), Settings(1, 256)),
        (Settings(0, 256, repeated=True), OutOfMemoryError("x"), Settings(0, 64)),
        (Settings(2, 256, repeated=True), EngineError("died"), None),
        (Settings(), BrokenModelError("NaN"), None),
        (Settings(), DataError("x"), None),
        (Settings(), GraderError("x"), None),
        (Settings(), EvaluationError("x"), None),
    ],
)
def test_next_try(now: Settings, error: EvaluationError, then: Settings | None) -> None:
    assert next_try(now, error, stages=3) == then


@pytest.mark.parametrize("error", [OutOfMemoryError, EngineTimeoutError, EngineError])
@pytest.mark.parametrize("connections", [None, 1, 4, 1024])
@pytest.mark.parametrize("stages", [1, 3])
def test_it_ends(error: type[EngineError], connections: int | None, stages: int) -> None:
    settings: Settings | None = Settings(connections=connections)
    for _ in range(12):
        settings = next_try(settings, error("again"), stages)
        if settings is None:
            return
    pytest.fail("still trying")
