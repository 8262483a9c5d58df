"""A grader that is busy, broken or gone: waited for with a bound, and never scored as zero."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from inspect_ai.model import ChatMessageUser, ModelOutput
from scripted_grader import BUSY, DOWN, Reply, Request, ScriptedGrader

from posttrainbench.benchmarks.grading.asking import REFUSED
from posttrainbench.errors import GraderError
from posttrainbench.evaluation.grader import Grader
from posttrainbench.evaluation.grader_api import Patience
from posttrainbench.evaluation.grader_trouble import clean, judge
from posttrainbench.spec import GraderChoice

QUICK = Patience(request=2.0, outage=1.5, first_wait=0.02, longest_wait=0.1, tries=3)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "scripted")


def _grader(url: str, patience: Patience = QUICK, cache: Path | None = None) -> Grader:
    return Grader(GraderChoice(base_url=url, connections=20), cache, patience)


def _ask_all(grader: Grader, texts: list[str]) -> list[ModelOutput | BaseException]:
    async def together() -> list[ModelOutput | BaseException]:
        calls = [grader.model.generate([ChatMessageUser(content=text)]) for text in texts]
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(together())


def _first_times(reply: Reply, times: int) -> Callable[[Request], str | Reply]:
    seen: dict[str, int] = {}

    def script(request: Request) -> str | Reply:
        text = request["messages"][0]["content"]
        seen[text] = seen.get(text, 0) + 1
        return reply if seen[text] <= times else "fine"

    return script


FAILURES = {
    "down": DOWN,
    "busy": BUSY,
    "bad gateway": Reply(status=502, error={"message": "bad gateway"}),
    "cut": Reply("half", fault="cut"),
    "garbage": Reply(fault="garbage"),
    "no choices": Reply(fault="no-choices"),
    "reset": Reply(fault="reset"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_passing_failure_is_waited_out(name: str) -> None:
    with ScriptedGrader(_first_times(FAILURES[name], 2)) as server:
        grader = _grader(server.url)
        [output] = _ask_all(grader, ["one"])
    assert isinstance(output, ModelOutput)
    assert output.completion == "fine"
    assert len(server.requests) == 3
    used = grader.use("own")
    assert (used.calls, used.retried) == (1, 2)
    assert grader.last_trouble


def test_a_request_that_hangs_is_given_up() -> None:
    patience = Patience(request=0.4, outage=5, first_wait=0.02, tries=3)
    with ScriptedGrader(_first_times(Reply(fault="hang"), 1)) as server:
        [output] = _ask_all(_grader(server.url, patience), ["one"])
    assert isinstance(output, ModelOutput)
    assert output.completion == "fine"


def test_a_storm_of_429_passes() -> None:
    """The endpoint takes one request in four; the others are told to slow down."""
    count = iter(range(10**6))

    def script(_request: Request) -> str | Reply:
        return "fine" if next(count) % 4 == 3 else BUSY

    patience = Patience(request=5, outage=20, first_wait=0.01, longest_wait=0.05, tries=2)
    with ScriptedGrader(script) as server:
        grader = _grader(server.url, patience)
        outputs = _ask_all(grader, [str(number) for number in range(40)])
    assert {o.completion for o in outputs if isinstance(o, ModelOutput)} == {"fine"}
    assert len([o for o in outputs if isinstance(o, ModelOutput)]) == 40
    assert grader.use("own").retried == len(server.requests) - 40


def test_retry_after_is_kept_to() -> None:
    busy = Reply(status=429, headers={"Retry-After": "1"}, error={"message": "later"})
    patience = Patience(request=5, outage=10, first_wait=0.01)
    with ScriptedGrader(_first_times(busy, 1)) as server:
        started = time.monotonic()
        _ask_all(_grader(server.url, patience), ["one"])
        assert time.monotonic() - started >= 1.0


def test_an_outage_ends_in_words() -> None:
    with ScriptedGrader(lambda _: DOWN) as server:
        grader = _grader(server.url)
        started = time.monotonic()
        outputs = _ask_all(grader, [str(number) for number in range(10)])
        seconds = time.monotonic() - started
    assert all(isinstance(output, GraderError) for output in outputs)
    error = outputs[0]
    assert isinstance(error, GraderError)
    assert f"127.0.0.1:{server.port}" in error.what
    assert "HTTP 503: overloaded" in error.what
    assert "paid for are kept" in error.advice
    assert error.retry
    assert 1.4 < seconds < 30


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    [error] = _ask_all(_grader(f"http://127.0.0.1:{port}/v1"), ["one"])
    assert isinstance(error, GraderError)
    assert f"127.0.0.1:{port}" in error.what
    assert "APIConnectionError" in error.what


def test_one_poisoned_request_does_not_stop_the_others() -> None:
    """It is left without a verdict once it failed often enough while others succeeded."""

    def script(request: Request) -> str | Reply:
        poisoned = request["messages"][0]["content"] == "bad"
        return DOWN if poisoned else Reply("fine", delay=0.2)

    patience = Patience(request=5, outage=60, first_wait=0.05, longest_wait=0.1, tries=3)
    grader_texts = ["bad", *[str(number) for number in range(60)]]
    with ScriptedGrader(script) as server:
        grader = _grader(server.url, patience)
        outputs = _ask_all(grader, grader_texts)
    assert all(isinstance(output, ModelOutput) for output in outputs)
    bad = outputs[0]
    assert isinstance(bad, ModelOutput)
    assert (bad.metadata or {})[REFUSED]
    assert "failed 3 times" in (bad.error or "")
    assert grader.failure is None


def test_a_refused_request_is_skipped_and_not_kept(tmp_path: Path) -> None:
    too_long = Reply(status=400, error={"message": "too long", "code": "context_length_exceeded"})
    with ScriptedGrader(_first_times(too_long, 1)) as server:
        [first] = _ask_all(_grader(server.url, cache=tmp_path), ["one"])
        [second] = _ask_all(_grader(server.url, cache=tmp_path), ["one"])
    assert isinstance(first, ModelOutput)
    assert isinstance(second, ModelOutput)
    assert len(server.requests) == 2
    assert second.completion == "fine"


def test_words_without_secrets() -> None:
    assert clean("key sk-1\nof\tyou\x07", "sk-1") == "key [key] of you"
    trouble = judge(ValueError("x" * 1000), "", "K")
    assert trouble.course == "wait"
    assert len(trouble.cause) <= 300
    assert judge(TimeoutError(), "", "K").cause == "TimeoutError"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, 0.0),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    class Busy(Exception):
        status_code = 429
        body = None

        def __init__(self) -> None:
            super().__init__("busy")
            self.response = type("Response", (), {"headers": headers})()

    trouble = judge(Busy(), "", "K")
    assert (trouble.course, trouble.retry_after) == ("slow-down", seconds)
