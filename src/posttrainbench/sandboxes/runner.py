"""Run one command in a sandbox, against the clock, and leave nothing behind."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace

from ..errors import SandboxError
from . import Ended, Ending, Output, Request, Sandbox, cgroups
from .disk import DiskWatch
from .pipes import Pipes
from .processes import Outcome, Processes

_TICK_S = 1.0
_POLL_S = 0.25
_SHORT_GRACE_S = 5.0
"""Grace of a command that is stopped for another reason than its time; its own if shorter."""
_GIVE_UP_S = 15.0
"""How long after SIGKILL we wait for a process that the kernel cannot end (a dead disk)."""


@dataclass(frozen=True)
class _Stop:
    """Why and since when the command is being ended."""

    ended: Ended = "exited"
    kill_at: float | None = None
    killed_at: float | None = None


def run(
    sandbox: Sandbox,
    request: Request,
    output: Output,
    *,
    on_tick: Callable[[float], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Ending:
    """Run the request to its end.  Time is the worker's monotonic clock.

    The run ends when the command itself ends; what it left running is killed.  At
    ``limits.seconds`` the command's process group gets ``end_signal``, ``grace_seconds`` later
    everything gets SIGKILL.  A full disk or ``should_stop`` do the same with a grace of at most
    five seconds.

    Call it from a thread that stays until it returns: the kernel ends the command when the thread
    that started it ends.  Any exception (of ``output``, ``on_tick``, or KeyboardInterrupt) passes
    through after all processes are gone.

    Args:
        on_tick: called about every second with the elapsed seconds.
        should_stop: asked several times a second; True ends the run as ``interrupted``.

    Returns:
        How it ended.  A command that is not found ends with exit code 127 and a line on stderr.
        A death by signal stands in ``signal``; under bubblewrap, which tells it as exit code
        128+n, only signals that we sent are, others stay that exit code.

    Raises:
        SandboxError: the sandbox could not be set up; the command never ran.
    """
    limits = request.limits
    with ExitStack() as stack:
        group = stack.enter_context(cgroups.group(limits))
        launch = stack.enter_context(sandbox.launch(request))
        writable = tuple(mount.source for mount in request.layout.mounts if mount.writable)
        counted = (request.layout.scratch, *writable)
        disk = stack.enter_context(DiskWatch(counted, launch.private, limits.disk))
        started = time.monotonic()
        processes = stack.enter_context(
            Processes(
                launch,
                group,
                largest_file=limits.disk,
                has_input=bool(request.stdin),
                connection=request.connection,
            )
        )
        pipes = stack.enter_context(Pipes(processes, request.stdin, output))
        serving = _Serving(
            request, processes, pipes, disk, started, group.peak_memory() is None,
            on_tick, should_stop,
        )  # fmt: skip
        stop = serving.until_ended()
        seconds = time.monotonic() - started
        outcome = processes.finish()
        pipes.drain()
        out_of_memory = _out_of_memory(outcome, stop, group.oom_kills())
        if not outcome.ran and not out_of_memory:
            raise SandboxError(
                f"the sandbox {sandbox.name!r} could not be set up: "
                f"{pipes.tail or f'exit code {outcome.exit_code}'}",
                advice="check that every mounted path exists and can be read",
            )
        if out_of_memory:
            outcome = replace(outcome, exit_code=None, signal=int(signal.SIGKILL))
        cpu_seconds, peak_memory = group.cpu_seconds(), group.peak_memory()
        return Ending(
            ended="out-of-memory" if out_of_memory else stop.ended,
            exit_code=outcome.exit_code,
            signal=outcome.signal,
            killed=stop.killed_at is not None,
            seconds=seconds,
            cpu_seconds=outcome.cpu_seconds if cpu_seconds is None else cpu_seconds,
            peak_memory=outcome.peak_memory if peak_memory is None else peak_memory,
            survivors=outcome.survivors,
            enforcement=sandbox.enforcement(request).model_copy(
                update={
                    "cpu": group.mechanism("cpu", limits.cpus),
                    "memory": group.mechanism("memory", limits.memory),
                    "pids": group.mechanism("pids", limits.pids),
                    "disk": disk.mechanism(),
                }
            ),
        )


def _out_of_memory(outcome: Outcome, stop: _Stop, oom_kills: int) -> bool:
    """Whether the kernel killed the command itself (not only a child of it) for want of memory."""
    if stop.ended != "exited" or not oom_kills:
        return False
    return outcome.signal == signal.SIGKILL or outcome.exit_code == 128 + signal.SIGKILL


@dataclass
class _Serving:
    """The loop that serves the pipes and watches the clock."""

    request: Request
    processes: Processes
    pipes: Pipes
    disk: DiskWatch
    started: float
    sample_memory: bool
    on_tick: Callable[[float], None] | None
    should_stop: Callable[[], bool] | None

    def until_ended(self) -> _Stop:
        """Return when the sandbox program has ended, or can't be ended."""
        stop = _Stop()
        next_tick = self.started + _TICK_S
        while not self.processes.ended():
            now = time.monotonic()
            if now >= next_tick:
                next_tick = now + _TICK_S
                if self.sample_memory:
                    self.processes.sample_memory()
                if self.on_tick is not None:
                    self.on_tick(now - self.started)
            stop = self._advance(stop, now)
            if stop.killed_at is not None and now > stop.killed_at + _GIVE_UP_S:
                break
            self.pipes.serve(self._pause(stop, now, next_tick))
        return stop

    def _advance(self, stop: _Stop, now: float) -> _Stop:
        """Take the next step of ending the command when it is due."""
        limits = self.request.limits
        if stop.kill_at is None:
            reason = self._reason(now)
            if reason is None:
                return stop
            grace = limits.grace_seconds
            if reason != "out-of-time":
                grace = min(grace, _SHORT_GRACE_S)
            if not self.processes.signal_command(self.request.end_signal):
                grace = 0.0
            stop = replace(stop, ended=reason, kill_at=now + grace)
        if stop.killed_at is None and stop.kill_at is not None and now >= stop.kill_at:
            self.processes.kill()
            stop = replace(stop, killed_at=now)
        return stop

    def _reason(self, now: float) -> Ended | None:
        if self.disk.over:
            return "out-of-disk"
        seconds = self.request.limits.seconds
        if seconds is not None and now >= self.started + seconds:
            return "out-of-time"
        if self.should_stop is not None and self.should_stop():
            return "interrupted"
        return None

    def _pause(self, stop: _Stop, now: float, next_tick: float) -> float:
        due = [next_tick, now + _POLL_S]
        if stop.kill_at is not None and stop.killed_at is None:
            due.append(stop.kill_at)
        elif self.request.limits.seconds is not None:
            due.append(self.started + self.request.limits.seconds)
        return max(0.0, min(moment for moment in due if moment > now) - now)
