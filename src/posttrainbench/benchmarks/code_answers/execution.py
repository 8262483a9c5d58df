"""One answer, one verdict: a fresh sandbox, a fresh checker, a connection between them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ...errors import EvaluationError, SandboxError
from ...sandboxes.choose import AUTO
from ...sandboxes.descriptors import memory_file
from ...sandboxes.environment import PLAIN
from ...sandboxes.runner import run
from .place import ENVIRONMENT, Nowhere, Place, answer_request, checker_command, find_place, scratch

_LONGEST_PROGRAM = 1 << 18
_AFTER_SECONDS = 5.0
"""What a checker may take beyond all deadlines of its own."""
# One operation of the test on what the answer gave takes for ever.  The sandbox was ready then.
_HELD_UP = {"outcome": "failed", "why": "out of time in the test", "filtered": True}


class CodeItem(Protocol):
    """A function to complete, and the test of it."""

    @property
    def prompt(self) -> str:
        """What the code follows: imports, helpers, the function's head."""

    @property
    def entry_point(self) -> str:
        """Name of the function."""

    @property
    def test(self) -> str:
        """Python code that defines ``check(candidate)``; trusted."""


@dataclass(frozen=True)
class AnswerLimits:
    """Bounds of one answer: seconds of wall clock once its code runs, bytes of memory."""

    seconds: float = 30.0
    memory: int = 1 << 30
    start_seconds: float = 120.0
    """How long the sandbox may take before the code is handed over; no fault of the answer's."""


@dataclass(frozen=True)
class Checked:
    """A verdict.  ``why`` says what failed, in printable ASCII; empty when it passed.

    ``isolated`` is False where the code could have read files of this machine, because the sandbox
    isolates none or no system-call filter exists for this processor.
    """

    passed: bool
    why: str
    isolated: bool
    seconds: float


def check_answer(
    item: CodeItem, code: str, sandbox_name: str = AUTO, limits: AnswerLimits | None = None
) -> Checked:
    """Run ``item.prompt + code`` in a sandbox and the item's test against it.

    Whatever the code does, the outcome is a verdict, within the limits.  Blocks; call it from a
    thread that stays until it returns.

    Raises:
        UnknownNameError, MissingRequirementError: that sandbox does not exist or work here.
        SandboxError: the sandbox could not be set up; the code never ran.
        EvaluationError: the checker itself failed.
    """
    started = time.monotonic()
    place = find_place(sandbox_name)
    limits = limits or AnswerLimits()
    program = item.prompt + code
    if len(program) > _LONGEST_PROGRAM:
        why = f"{len(program)} characters of code; {_LONGEST_PROGRAM} are run"
        return Checked(False, why, place.sandbox.isolates_files, time.monotonic() - started)
    job = {
        "prompt": item.prompt,
        "test": item.test,
        "entry_point": item.entry_point,
        "program": program,
        "seed": hashlib.sha256(ascii(program).encode()).hexdigest(),
        "seconds": limits.seconds,
        "start_seconds": limits.start_seconds,
        "memory": limits.memory,
    }
    verdict = _converse(place, job, limits)
    return Checked(
        passed=verdict["outcome"] == "passed",
        why=verdict["why"],
        isolated=place.sandbox.isolates_files and verdict["filtered"],
        seconds=time.monotonic() - started,
    )


def _converse(place: Place, job: dict[str, Any], limits: AnswerLimits) -> dict[str, Any]:
    """Let checker and sandbox talk; the checker's verdict."""
    failure: SandboxError | None = None
    with scratch() as folder:
        ours, theirs = socket.socketpair()
        with theirs, _Checker(job, ours) as checker:
            request = answer_request(
                place, folder, theirs.fileno(), memory=limits.memory, seconds=limits.seconds,
                start_seconds=limits.start_seconds,
            )  # fmt: skip
            try:
                run(place.sandbox, request, Nowhere(), should_stop=checker.ended)
            except SandboxError as error:
                failure = error
            # The sandbox has ended: a checker that still waits for it learns that now.
            theirs.close()
            verdict = checker.verdict(limits.seconds + _AFTER_SECONDS)
    if verdict["outcome"] == "not ready":
        raise failure or SandboxError(
            f"the sandbox {place.sandbox.name!r} did not get ready for an answer within "
            f"{limits.start_seconds:g} s",
            advice="see whether this machine is overloaded; `ptb list sandboxes` tries them",
        )
    # A failure after that is the answer's doing: the sandbox was up when its code came.
    return verdict


class _Checker:
    """The checker process.  It takes our end of the connection with it."""

    def __init__(self, job: dict[str, Any], connection: socket.socket) -> None:
        document = memory_file(json.dumps(job).encode())
        try:
            self._process = subprocess.Popen(
                checker_command(connection.fileno()),
                env={**PLAIN, **ENVIRONMENT},
                cwd=Path("/"),
                pass_fds=(connection.fileno(),),
                stdin=document,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise EvaluationError(f"cannot start a checker: {error.strerror}") from error
        finally:
            os.close(document)
            connection.close()

    def __enter__(self) -> _Checker:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._process.kill()
        self._process.communicate()

    def ended(self) -> bool:
        """Whether it has told its verdict, so that the sandbox is needed no more."""
        return self._process.poll() is not None

    def verdict(self, seconds: float) -> dict[str, Any]:
        """What it found.

        Raises:
            EvaluationError: it failed; that is no verdict on the answer.
        """
        try:
            told, complaint = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return dict(_HELD_UP)
        if self._process.returncode == -signal.SIGXCPU:
            return dict(_HELD_UP)
        try:
            verdict: dict[str, Any] = json.loads(told)
        except ValueError:
            last = complaint.decode(errors="replace").strip()[-500:]
            raise EvaluationError(
                f"the checker of a code answer failed ({self._process.returncode}): {last}",
                advice="an official test or our own code is at fault; the answer was not judged",
            ) from None
        return verdict
