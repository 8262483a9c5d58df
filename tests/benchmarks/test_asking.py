"""Asking until there is a verdict, with a grader inside the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from inspect_ai.model import (
    ChatMessageUser,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    get_model,
    modelapi,
)
from inspect_ai.scorer import Score

from posttrainbench.benchmarks.grading.arena_verdicts import read_verdict
from posttrainbench.benchmarks.grading.asking import (
    CACHED,
    REFUSED,
    TRIES,
    Asked,
    ask,
    check_ungraded,
    current_try,
    graded,
    together,
)
from posttrainbench.errors import GraderError

pytestmark = pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")

ASKED = [ChatMessageUser(content="Which?")]


class Played(ModelAPI):
    """Answers what a function of the try says."""

    def __init__(
        self, model_name: str, *_: Any, play: Callable[[int], ModelOutput], **__: Any
    ) -> None:
        super().__init__(model_name, config=GenerateConfig())
        self.play = play
        self.tries: list[int] = []
        self.malformed: list[str] = []

    async def generate(self, *_: Any, **__: Any) -> ModelOutput:
        self.tries.append(current_try.get())
        return self.play(self.tries[-1])

    def note_malformed(self, why: str) -> None:
        self.malformed.append(why)


modelapi(name="ptb-played")(lambda: Played)


def _says(text: str, stop: Any = "stop", **facts: bool) -> ModelOutput:
    output = ModelOutput.from_content("played", text, stop_reason=stop)
    output.metadata = dict(facts)
    return output


def _ask(play: Callable[[int], ModelOutput]) -> tuple[Asked[str], Played]:
    model = get_model("ptb-played/one", memoize=False, play=play)
    assert isinstance(model.api, Played)
    return asyncio.run(ask(model, ASKED, read_verdict)), model.api


def test_the_first_readable_answer_counts() -> None:
    found, api = _ask(lambda number: _says("[[A>B]]" if number == 3 else "hm"))
    assert found == Asked("A>B", 3, cached=False)
    assert api.tries == [1, 2, 3]  # each a key of its own in a cache
    assert api.malformed == ["the answer holds no verdict"] * 2
    assert current_try.get() == 1


def test_after_some_tries_it_stays_open() -> None:
    found, api = _ask(lambda _: _says("", "max_tokens"))
    assert found.verdict is None
    assert found.tries == len(api.malformed) == TRIES
    assert found.why == "the answer is empty, its tokens went into reasoning"


def test_what_was_paid_for_earlier_uses_up_no_try() -> None:
    """Four useless answers from yesterday: a new evaluation may still get a verdict."""
    found, api = _ask(
        lambda number: _says("hm", **{CACHED: True}) if number <= 4 else _says("[[A=B]]")
    )
    assert found == Asked("A=B", 5, cached=False)
    assert api.malformed == []
    found, _ = _ask(lambda _: _says("[[A=B]]", **{CACHED: True}))
    assert found == Asked("A=B", 1, cached=True)
    found, api = _ask(lambda _: _says("hm", **{CACHED: True}))
    assert found.verdict is None  # and it ends
    assert len(api.tries) < 100


def test_a_refusal_is_not_repeated() -> None:
    refused = ModelOutput(model="played", error="too long", metadata={REFUSED: True})
    found, api = _ask(lambda _: refused)
    assert (found.verdict, found.why, api.tries) == (None, "too long", [1])


def test_a_filters_words_are_no_verdict() -> None:
    found, _ = _ask(lambda _: _says("blocked: [[A>>B]]", "content_filter"))
    assert found.verdict is None
    assert "filter" in found.why


def test_reasoning_is_not_the_verdict() -> None:
    found, _ = _ask(lambda _: _says("<think>[[A>>B]]?</think> It is [[B>A]]"))
    assert found.verdict == "B>A"
    found, _ = _ask(lambda _: _says("so [[A>>B]]?</think> I cannot say."))
    assert found.verdict is None


def test_together_raises_the_first_error_as_itself() -> None:
    async def fail(name: str) -> int:
        raise GraderError(name)

    async def fine() -> int:
        return 1

    async def all_of_them() -> list[int]:
        return await together([fine(), fail("one"), fail("two"), fine()])

    with pytest.raises(GraderError, match="one"):
        asyncio.run(all_of_them())
    assert asyncio.run(_two(fine)) == [1, 1]


async def _two(question: Callable[[], Any]) -> list[int]:
    return await together([question(), question()])


def _scores(ungraded: int, of: int) -> list[Score]:
    missing = Asked[str](None, 4, cached=False, why="the answer holds no verdict")
    there = Asked("A>B", 1, cached=False)
    return [
        graded(None if index < ungraded else 0.5, {}, [missing if index < ungraded else there], "a")
        for index in range(of)
    ]


@pytest.mark.parametrize(
    ("ungraded", "of", "share", "fine"),
    [
        (0, 100, 0.0, True),
        (2, 100, 0.02, True),
        (3, 100, 0.02, False),
        (1, 100, 0.0, False),
        (1, 1, 1.0, False),
        (5, 10, 0.5, True),
        (0, 0, 0.0, True),
    ],
)
def test_too_many_ungraded_is_no_score(ungraded: int, of: int, share: float, fine: bool) -> None:
    if fine:
        assert check_ungraded(_scores(ungraded, of), share) == ungraded
    else:
        with pytest.raises(GraderError, match="no verdict") as caught:
            check_ungraded(_scores(ungraded, of), share)
        assert caught.value.retry
