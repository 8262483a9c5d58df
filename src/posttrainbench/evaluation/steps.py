"""Run one step of an evaluation as a process of its own, in a sandbox.

Only a step that asks a grader has a network.  A step that runs code of the model is a plain process
of the host, because the sandboxes for that code cannot stand inside another one.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..errors import (
    BrokenModelError,
    DataError,
    EngineError,
    EngineTimeoutError,
    EvaluationError,
    GraderError,
    MissingRequirementError,
    OutOfMemoryError,
    PTBError,
    RecordError,
    RunInterruptedError,
)
from ..records import read_json, write_json
from ..registry import make
from ..sandboxes import Ending, Layout, Limits, Mount, Request, Sandbox
from ..sandboxes.accelerators import visible_inside
from ..sandboxes.python import python_environment, python_mounts
from ..sandboxes.runner import run
from .generate import OFFLINE
from .request import ERROR, AnyRequest, Failure

MODEL, BASE, DATA, OUT = "/ptb/model", "/ptb/base", "/ptb/data", "/ptb/out"
GRADER_CACHE, BASE_ANSWERS, GRADER_PROMPT = "/ptb/grader", "/ptb/base.eval", "/ptb/prompt"
"""Where a step finds things in its sandbox."""

REQUEST = "request.json"
_LOG_BYTES = 1_000_000
_TAIL_BYTES = 1500
_KINDS: dict[str, type[PTBError]] = {
    kind.__name__: kind
    for kind in (
        BrokenModelError, DataError, EngineError, EngineTimeoutError, GraderError,
        MissingRequirementError, OutOfMemoryError,
    )
}  # fmt: skip

Step = Literal["generate", "grade", "likelihood"]
_WORDS: dict[Step, str] = {
    "generate": "answers", "grade": "items graded", "likelihood": "texts scored",
}  # fmt: skip
Progress = Callable[[str], None]
Where = Callable[[str], str]
"""Says where a mount's target is seen by the step."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Place:
    """Where and under which limits the steps run."""

    sandbox: Sandbox
    scratch: Path
    """A host folder of ours for the step's private home and /tmp; emptied after each step."""
    limits: Limits = field(default_factory=Limits)
    devices: tuple[str, ...] = ()
    should_stop: Callable[[], bool] = _never


@dataclass(frozen=True)
class Grants:
    """What a step is given beyond its request."""

    mounts: tuple[Mount, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    """Also the only way in which a key reaches a step."""
    network: bool = False
    on_host: bool = False
    """Whether it must be a plain process, because it starts sandboxes itself."""


def run_step(
    place: Place,
    step: Step,
    make_request: Callable[[Where], AnyRequest],
    grants: Grants,
    out: Path,
    progress: Progress,
) -> Ending:
    """Run a step to its end; its results stand in ``out``.

    Args:
        make_request: makes the request from the paths that the step will see.
        out: folder for results, the only one that it may write.
        progress: told what is done, in words.

    Raises:
        EvaluationError: the step failed; ``retry`` says whether another attempt may help.
        RunInterruptedError: ``place.should_stop`` said so.
        SandboxError: the sandbox could not be set up.
    """
    sandbox: Sandbox = make("sandbox", "host") if grants.on_host else place.sandbox
    out.mkdir(parents=True, exist_ok=True)
    place.scratch.mkdir(parents=True, exist_ok=True)
    (out / ERROR).unlink(missing_ok=True)
    layout = Layout(
        scratch=place.scratch,
        mounts=(*python_mounts(), *grants.mounts, Mount(out, OUT, writable=True)),
        devices=place.devices,
    )

    def where(target: str) -> str:
        return sandbox.where(layout, target)

    write_json(out / REQUEST, make_request(where))
    request = Request(
        layout=layout,
        argv=(
            sys.executable, "-m", f"posttrainbench.evaluation.{step}", where(f"{OUT}/{REQUEST}"),
        ),
        workdir=where(OUT),
        env={**_environment(isolated=sandbox.isolates_files), **grants.env},
        network=grants.network,
        limits=place.limits,
    )  # fmt: skip
    listener = _Listener(step, progress)
    try:
        ending = run(sandbox, request, listener, should_stop=place.should_stop)
    finally:
        (out / f"{step}.log").write_bytes(listener.log)
        shutil.rmtree(place.scratch, ignore_errors=True)
    _raise_failure(step, ending, out, listener.tail)
    return ending


def _environment(*, isolated: bool) -> dict[str, str]:
    # Threads that spin at a barrier starve each other when the cores are shared: a short spin costs
    # nothing on an idle machine and is many times faster on a busy one.
    environment = {
        "GOMP_SPINCOUNT": "1000", "PYTHONUNBUFFERED": "1", **OFFLINE, **python_environment(),
    }  # fmt: skip
    environment["PATH"] = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    return environment | visible_inside(isolated=isolated)


def _raise_failure(step: Step, ending: Ending, out: Path, tail: str) -> None:
    if ending.ended == "interrupted":
        raise RunInterruptedError(
            f"the {step} step was stopped", advice="start the worker again: it goes on here"
        )
    if (out / ERROR).is_file():
        try:
            told = read_json(out / ERROR, Failure)
        except RecordError:
            told = Failure(kind="", what=f"the {step} step failed: {tail}")
        raise _KINDS.get(told.kind, EvaluationError)(told.what, advice=told.advice)
    if ending.ended == "exited" and ending.exit_code == 0:
        return
    last = f"; its last words: {tail}" if tail else ""
    if ending.ended == "out-of-memory" or ending.signal == 9 or ending.exit_code == 137:
        raise OutOfMemoryError(
            f"the {step} step was killed, most likely for want of memory{last}",
            advice="use a machine with more memory",
        )
    if ending.ended == "out-of-time":
        raise EngineTimeoutError(
            f"the {step} step ended as out-of-time after {ending.seconds:.0f} s{last}",
            advice="raise evaluation.time_limit",
        )
    how = f"signal {ending.signal}" if ending.signal else f"exit code {ending.exit_code}"
    raise EngineError(f"the {step} step ended as {ending.ended} with {how}{last}")


class _Listener:
    """Turns counts on stdout into progress, and keeps the end of everything else."""

    def __init__(self, step: Step, progress: Progress) -> None:
        self._words = _WORDS[step]
        self._progress = progress
        self._line = b""
        self.log = b""

    def write(self, stream: Literal["stdout", "stderr"], chunk: bytes) -> None:
        """One piece of output, as it comes."""
        self.log = (self.log + chunk)[-_LOG_BYTES:]
        if stream == "stdout":
            *lines, rest = (self._line + chunk).split(b"\n")
            self._line = rest[-_TAIL_BYTES:]
            for line in lines:
                self._count(line)

    @property
    def tail(self) -> str:
        """The last lines that are no counts."""
        lines = self.log[-4 * _TAIL_BYTES :].decode("utf-8", "replace").splitlines()
        words = [line.strip() for line in lines if line.strip() and not line.startswith('{"done"')]
        return " | ".join(words)[-_TAIL_BYTES:]

    def _count(self, line: bytes) -> None:
        try:
            counts = json.loads(line)
            done, total = int(counts["done"]), int(counts["total"])
        except (ValueError, TypeError, KeyError):
            return
        self._progress(f"{done} of {total} {self._words}")
