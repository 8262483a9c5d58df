"""The worker: takes the lease of a run directory and goes through its stages.

All backends run this very worker.  Started again after any crash it goes on at the first stage that
the journal does not call done.
"""

from __future__ import annotations

import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from ..errors import InputError, PTBError
from ..paths import cache_dir
from ..records import Journal, RunDir
from ..records.lease import Lease
from .context import DISPENSABLE, STAGES, Context, Reporter, Silent
from .resources import ResourceRecorder

ALIASES = {"evaluate": ("generate", "grade")}
ONCE = ("prepare", "solve", "collect")
"""Stages that are never repeated: a budget is spent once, and later stages rest on what it left."""


def parse_stages(names: Sequence[str]) -> tuple[str, ...]:
    """Stage names in the run's order, with ``evaluate`` spelled out.

    Raises:
        InputError: there is no such stage.
    """
    wanted = {stage for name in names for stage in ALIASES.get(name, (name,))}
    unknown = wanted - set(STAGES)
    if unknown:
        raise InputError(
            f"unknown stage {sorted(unknown)[0]!r}",
            advice=f"stages are: {', '.join(STAGES)}; `evaluate` means generate and grade",
        )
    return tuple(stage for stage in STAGES if stage in wanted)


class Worker:
    """One worker on one run directory.

    Args:
        cache: where weights, items and finished evaluations are kept; default: the user's cache.
    """

    def __init__(
        self, run: RunDir, *, cache: Path | None = None, report: Reporter | None = None
    ) -> None:
        self.run_dir = run
        self.cache = cache or cache_dir()
        self.report = report or Silent()
        self._stops = 0
        self._at = ""

    def run(self, stages: Sequence[str] = ()) -> bool:
        """Go through the stages that are not done, or through the named ones again.

        Returns:
            Whether everything asked for is done (False: interrupted, and resumable).

        Raises:
            LeaseError: another worker is at it.
            InputError: a named stage must not be repeated.
            PTBError: a stage failed; the journal says so and a further call tries it again.
        """
        spec = self.run_dir.spec()
        with Lease.acquire(self.run_dir.path) as lease, self._signals():
            journal = Journal(self.run_dir.journal_file, lease.check)
            if lease.took_over:
                journal.append("lease-taken-over", detail=lease.took_over)
            self.run_dir.sweep()
            journal.append("worker-started")
            context = Context(
                run=self.run_dir,
                spec=spec,
                journal=journal,
                cache=self.cache,
                report=self.report,
                should_stop=lambda: self._stops > 0,
            )
            todo = self._todo(journal, stages)
            devices = None if spec.resources.gpus else ()
            with ResourceRecorder(self.run_dir, lambda: self._at, devices=devices):
                for stage in todo:
                    if self._stops:
                        break
                    self._stage(context, stage)
            finished = all(stage in journal.done_stages() for stage in todo)
            journal.append("worker-ended", finished=finished)
            return finished

    def _todo(self, journal: Journal, stages: Sequence[str]) -> tuple[str, ...]:
        done = journal.done_stages()
        if not stages:
            return tuple(stage for stage in STAGES if stage not in done)
        wanted = parse_stages(stages)
        for stage in wanted:
            if stage in ONCE and stage in done:
                raise InputError(
                    f"{self.run_dir.path}: the stage {stage!r} is done and is not repeated",
                    advice="start a new run; audit, judge, evaluate and result can be done again",
                )
        earlier = STAGES[: STAGES.index(wanted[0])] if wanted else ()
        missing = [
            stage for stage in earlier if stage not in done and stage not in (*wanted, *DISPENSABLE)
        ]
        if missing:
            raise InputError(
                f"{self.run_dir.path}: {wanted[0]!r} needs {missing[0]!r}, which is not done",
                advice=f"run `ptb worker {self.run_dir.path}` without --stages",
            )
        if "result" in done and "result" not in wanted:
            return (*wanted, "result")  # the page must not lag behind its records
        return wanted

    def _stage(self, context: Context, stage: str) -> None:
        module = import_module(f"{__package__}.stages.{stage}")
        stage_function: Callable[[Context], dict[str, Any]] = module.run
        context.journal.append("stage-started", stage)
        self._at = stage
        self.report.stage(stage, "started")
        started = time.monotonic()
        try:
            facts = stage_function(context)
        except PTBError as error:
            context.journal.append("stage-failed", stage, error=error.what, advice=error.advice)
            self.report.stage(stage, "failed", error.what)
            raise
        except KeyboardInterrupt:
            context.journal.append("stage-failed", stage, error="interrupted")
            self.report.stage(stage, "failed", "interrupted")
            raise
        except Exception as error:
            # A defect of ours or of a plug-in: the traceback is for developers, not on the screen.
            where = "".join(traceback.format_exception(error))
            context.journal.append("stage-failed", stage, error=str(error), traceback=where)
            self.report.stage(stage, "failed", str(error))
            raise PTBError(
                f"the stage {stage!r} failed in {self.run_dir.path}: "
                f"{type(error).__name__}: {error}",
                advice="the traceback stands in its journal.jsonl; `ptb worker` tries it again",
            ) from error
        seconds = round(time.monotonic() - started, 3)
        context.journal.append("stage-done", stage, seconds=seconds, **facts)
        self.report.stage(stage, "done", f"{seconds:.1f} s")

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """First Ctrl-C or TERM: stop the agent kindly, end after its record.  Second: now."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handler(_number: int, _frame: FrameType | None) -> None:
            self._stops += 1
            if self._stops > 1:
                raise KeyboardInterrupt
            self.report.progress("stopping; once more to stop at once (nothing done is lost)")

        before = {number: signal.signal(number, handler) for number in _STOP_SIGNALS}
        try:
            yield
        finally:
            for number, old in before.items():
                signal.signal(number, old)


_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
