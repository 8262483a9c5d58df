"""Outside of the sandbox: run the official test, asking the answer over the connection.

A process of its own for each answer.  What it runs is pinned data: the item's prompt, for the
helpers that some tests use, and the item's test.  What it reads from the connection is hostile,
and decoded to plain values of exact builtin types before the test sees it.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from .lockdown import Bounds, confine
from .plain import NotPlainError, decode, encode
from .wire import LateError, Wire, WireError

_SHOWN_CHARACTERS = 300
_WHY_CHARACTERS = 1500


class _FailedError(BaseException):
    """The answer fails; not an Exception, so that no ``except`` of a test takes it."""


class _Judge:
    """Knows the job and writes one verdict."""

    def __init__(self, job: dict[str, Any], descriptor: int, verdict: int) -> None:
        self._job = job
        self._wire = Wire(descriptor)
        self._verdict = verdict
        self._deadline = 0.0
        self._last = ""
        self._asked = 0
        self._told = False
        self._filtered = False

    def run(self) -> None:
        """Judge, and write the verdict."""
        try:
            filtered = self._greet()
            if filtered is None:
                self._write("not ready", "")
            self._filtered = bool(filtered)
            self._start_clock()
            self._prepare()
            self._test()
        except _FailedError as failure:
            self._write("failed", str(failure))
        self._write("passed", "")

    def _greet(self) -> bool | None:
        """Whether the sandbox's filter is in place; ``None`` when the sandbox never answered.

        Nothing of the model's has run in it yet.
        """
        try:
            message = self._wire.receive(time.monotonic() + self._job["start_seconds"])
        except (WireError, LateError):
            return None
        if type(message) is list and len(message) == 2 and message[0] == "ready":
            return message[1] is True
        return None

    def _start_clock(self) -> None:
        seconds = self._job["seconds"]
        self._deadline = time.monotonic() + seconds
        # Also for a test that itself takes for ever over what came.
        signal.signal(signal.SIGALRM, self._out_of_time)
        signal.setitimer(signal.ITIMER_REAL, seconds + 0.2)

    def _out_of_time(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's
        if not self._told:
            self._write("failed", self._late())

    def _late(self) -> str:
        return f"out of time ({self._job['seconds']:g} s){self._during()}"

    def _during(self) -> str:
        return f" in {self._last}" if self._last else " before its function was defined"

    def _prepare(self) -> None:
        self._send([self._job["program"], self._job["entry_point"]])
        message = self._receive()
        if message == ["defined"]:
            return
        if len(message) == 2 and message[0] == "broken":
            raise _FailedError(f"the code does not run: {_shown(message[1])}")
        raise _FailedError("it spoke before it was asked")

    def _test(self) -> None:
        space: dict[str, Any] = {"__name__": "__main__"}
        # The same verdict every time, and no numbers that an answer could know beforehand.
        random.seed(self._job["seed"])
        _execute(self._job["prompt"], space)
        # One test also calls the function by its name; that is the answer's, not the prompt's stub.
        space[self._job["entry_point"]] = self._candidate
        _execute(self._job["test"], space)
        check: Callable[[Callable[..., Any]], object] = space["check"]
        try:
            check(self._candidate)
        except AssertionError:
            raise _FailedError(f"wrong: {self._last}") from None
        except Exception as error:
            kind = type(error).__name__
            raise _FailedError(f"the test cannot use it ({kind}): {self._last}") from None
        if not self._asked:
            raise RuntimeError("the official test asked nothing")
        # Whoever answered twice, or without being asked, has something standing here.
        token = secrets.token_hex(8)
        self._send(["end", token])
        if self._receive() != ["end", token]:
            raise _FailedError("it said more than it was asked")

    def _candidate(self, *args: Any, **kwargs: Any) -> Any:
        """The function that the official test sees."""
        self._asked += 1
        self._last = _call_text(self._job["entry_point"], args, kwargs)
        token = secrets.token_hex(8)
        self._send(["call", token, encode(list(args)), encode(kwargs)])
        message = self._receive()
        if len(message) != 3 or message[1] != token:
            raise _FailedError(f"no reply to the question{self._during()}")
        kind, _, content = message
        if kind == "raised":
            raise _FailedError(f"{self._last} raised {_shown(content)}")
        try:
            if kind != "value":
                raise NotPlainError(_shown(content))
            value = decode(content)
        except NotPlainError as error:
            raise _FailedError(f"{self._last} gave no plain value: {error}") from None
        self._last += f" gave {_shown(value)}"
        return value

    def _send(self, message: list[Any]) -> None:
        try:
            self._wire.send(message, self._deadline)
        except LateError:
            raise _FailedError(self._late()) from None
        except WireError:
            raise _FailedError(f"its process ended{self._during()}") from None

    def _receive(self) -> list[Any]:
        try:
            message = self._wire.receive(self._deadline)
        except LateError:
            raise _FailedError(self._late()) from None
        except WireError as error:
            raise _FailedError(f"{error}{self._during()}") from None
        if type(message) is not list:
            raise _FailedError(f"garbage instead of a reply{self._during()}")
        return message

    def _write(self, outcome: str, why: str) -> NoReturn:
        self._told = True
        document = {"outcome": outcome, "why": why[:_WHY_CHARACTERS], "filtered": self._filtered}
        os.write(self._verdict, json.dumps(document).encode())
        os._exit(0)


def _execute(source: str, space: dict[str, Any]) -> None:
    exec(compile(source, "test", "exec", dont_inherit=True), space)  # noqa: S102 - pinned data


def _shown(value: object) -> str:
    """A short, harmless form of something that came from the answer."""
    try:
        text = ascii(value)
    except (ValueError, RecursionError, MemoryError):
        return "something too big to show"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _call_text(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    parts = [*map(_shown, args), *(f"{key}={_shown(value)}" for key, value in kwargs.items())]
    text = f"{name}({', '.join(parts)})"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...)"


def main() -> NoReturn:
    """Read the job from standard input, judge over descriptor ``argv[-1]``, tell on stdout."""
    with os.fdopen(0, "rb", closefd=False) as file:
        job: dict[str, Any] = json.load(file)
    descriptor = int(sys.argv[-1])
    os.set_blocking(descriptor, False)
    verdict = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    # Ends a test that one operation on a hostile value holds up, where no signal handler runs.
    confine(Bounds(memory=job["memory"], cpu_seconds=int(job["seconds"]) + 3))
    _Judge(job, descriptor, verdict).run()
    os._exit(1)
