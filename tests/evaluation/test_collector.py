from __future__ import annotations

import asyncio

import pytest
from tiny import ScriptedEngine

from posttrainbench.errors import EngineError
from posttrainbench.evaluation import Prompt, Sampling
from posttrainbench.evaluation.collector import Collector


def prompt(index: int) -> Prompt:
    return Prompt("x" * index, 8, index, ())


def test_requests_are_answered_each_with_its_own() -> None:
    engine = ScriptedEngine(lambda p: f"{p.seed}", max_batch=4)
    counts: list[int] = []

    async def ask() -> list[str]:
        collector = Collector(engine, Sampling(1.0), counts.append)
        answers = await asyncio.gather(*(collector.complete(prompt(i)) for i in range(10)))
        late = await collector.complete(prompt(99))
        return [answer.text for answer in (*answers, late)]

    assert asyncio.run(ask()) == [str(i) for i in (*range(10), 99)]
    assert [len(batch) for batch in engine.batches] == [4, 3, 3, 1]  # equal shares
    assert [p.seed for p in engine.batches[0]] == [9, 8, 7, 6]  # longest first
    assert counts == [4, 7, 10, 11]


def test_an_engines_error_reaches_every_request_and_stays() -> None:
    calls = 0

    def fail(_prompt: Prompt) -> str:
        nonlocal calls
        calls += 1
        raise EngineError("gone")

    async def ask() -> list[object]:
        collector = Collector(ScriptedEngine(fail, max_batch=2), Sampling(1.0))
        first = await asyncio.gather(
            *(collector.complete(prompt(i)) for i in range(5)), return_exceptions=True
        )
        with pytest.raises(EngineError, match="gone"):
            await collector.complete(prompt(7))
        return list(first)

    assert all(isinstance(answer, EngineError) for answer in asyncio.run(ask()))
    assert calls == 1
