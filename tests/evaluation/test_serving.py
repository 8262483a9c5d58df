"""Requests from an event loop to an engine in a thread."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from posttrainbench.errors import EngineError
from posttrainbench.evaluation import Completion, Prompt, Sampling
from posttrainbench.evaluation.inbox import Request, Requests
from posttrainbench.evaluation.serving import EngineThread

SAMPLING = Sampling(temperature=1.0)


def prompt(text: str) -> Prompt:
    return Prompt(text, max_tokens=4, seed=1, stop=())


class Slow:
    """Takes up to ``capacity`` jobs at a time; fails on the text ``die``."""

    name, gpu, side_files_restored, capacity = "slow", "", (), 3

    def __init__(self) -> None:
        self.shares: list[list[str]] = []

    def versions(self):
        return {}

    def serve(self, inbox, sampling):
        assert sampling is SAMPLING
        while jobs := inbox.take(self.capacity, wait=True):
            self.shares.append([job.prompt.text for job in jobs])
            for job in jobs:
                if job.prompt.text == "die":
                    raise EngineError("the server died")
                job.finish(Completion(job.prompt.text.upper(), "stop", 1, 1))

    def close(self):
        return


def ask(engine: Slow, texts: list[str]) -> tuple[list[object], list[int]]:
    done: list[int] = []

    async def all_of_them() -> list[object]:
        thread = EngineThread(engine, SAMPLING, done.append)
        try:
            waiting = [thread.complete(prompt(text)) for text in texts]
            return await asyncio.gather(*waiting, return_exceptions=True)
        finally:
            thread.close()

    return asyncio.run(all_of_them()), done


def test_answers_reach_who_asked_and_long_prompts_go_first() -> None:
    engine = Slow()
    texts = ["a", "ccc", "bb", "eeeee", "dddd"]
    answers, done = ask(engine, texts)
    assert [answer.text for answer in answers] == [text.upper() for text in texts]
    assert engine.shares == [["eeeee", "dddd", "ccc"], ["bb", "a"]]
    assert done == [1, 2, 3, 4, 5]


def test_a_dead_engine_fails_every_open_request_at_once() -> None:
    started = time.monotonic()
    answers, done = ask(Slow(), ["xx", "die", "y", "z"])
    assert all(isinstance(answer, EngineError) for answer in answers)
    assert done == []
    assert time.monotonic() - started < 5


def test_a_request_after_the_failure_gets_it_too() -> None:
    async def twice() -> None:
        thread = EngineThread(Slow(), SAMPLING)
        for _ in range(2):
            with pytest.raises(EngineError, match="died"):
                await thread.complete(prompt("die"))
        thread.close()

    asyncio.run(twice())


def test_a_closed_inbox_ends_those_who_wait_for_it() -> None:
    inbox = Requests()
    taken: list[list[object]] = []
    waiting = threading.Thread(target=lambda: taken.append(inbox.take(2, wait=True)))
    waiting.start()
    time.sleep(0.05)
    assert not taken
    inbox.close()
    waiting.join(5)
    assert taken == [[]]


def test_without_waiting_nothing_may_come() -> None:
    inbox = Requests()
    assert inbox.take(5, wait=False) == []
    inbox.put(Request(prompt("a"), lambda _: None))
    assert [job.prompt.text for job in inbox.take(5, wait=False)] == ["a"]


def test_a_closed_inbox_still_gives_what_waits_unless_dropped() -> None:
    for drop, left in ((False, 1), (True, 0)):
        inbox = Requests()
        inbox.put(Request(prompt("a"), lambda _: None))
        inbox.close(drop=drop)
        assert len(inbox.take(5, wait=True)) == left


def test_an_answer_that_comes_after_the_end_of_the_loop_is_dropped() -> None:
    """As after Ctrl-C: the engine still finishes what it had in work."""
    release, finished = threading.Event(), threading.Event()

    class Late(Slow):
        def serve(self, inbox, sampling):
            [job] = inbox.take(1, wait=True)
            assert release.wait(10)
            job.finish(Completion("late", "stop", 1, 1))
            finished.set()

    async def leave() -> None:
        thread = EngineThread(Late(), SAMPLING)
        asking = asyncio.ensure_future(thread.complete(prompt("a")))
        await asyncio.sleep(0.1)
        asking.cancel()

    asyncio.run(leave())
    release.set()
    assert finished.wait(10)  # without an error in the thread


def test_what_is_in_work_is_put_down_when_nobody_waits_any_more() -> None:
    class Endless(Slow):
        ended = False

        def serve(self, inbox, sampling):
            inbox.take(1, wait=True)
            while not inbox.dropped:
                time.sleep(0.01)
            self.ended = True

    engine = Endless()

    async def leave() -> None:
        thread = EngineThread(engine, SAMPLING)
        asking = asyncio.ensure_future(thread.complete(prompt("a")))
        await asyncio.sleep(0.1)
        asking.cancel()
        thread.close()

    started = time.monotonic()
    asyncio.run(leave())
    assert engine.ended
    assert time.monotonic() - started < 10
