"""solve: the agent at work, under the clock.

The budget is spent once.  If the worker died in the middle, the sandbox died with it; what is left
of the budget goes to a second attempt where the agent can resume its session, otherwise the run
goes on with what stands in ``final_model``.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from ...agents import AgentLaunch, Desk
from ...records import Attempt, now, write_json
from ...sandboxes import Ending, Layout, Limits, Request
from ...sandboxes.python import python_environment
from ...sandboxes.runner import run as run_command
from ...traces.reader import read_output
from ...traces.writer import TraceWriter
from .. import desk
from ..context import Context

MIN_RESUME_SECONDS = 60.0


def run(context: Context) -> dict[str, Any]:
    """Write ``attempts/NNN.json`` and its output file."""
    _close_open_attempt(context)
    attempts = context.run.list_attempts()
    used = sum(attempt.seconds for attempt in attempts)
    left = context.spec.budget.seconds - used
    again = attempts and attempts[-1].ended == "worker-died"
    if attempts and not (again and context.agent.resumable and left >= MIN_RESUME_SECONDS):
        return {"attempts": len(attempts), "ended": attempts[-1].ended, "resumed": False}
    attempt = _attempt(context, context.run.next_attempt(), left)
    return {
        "attempts": attempt.number,
        "ended": attempt.ended,
        "agent_seconds": round(attempt.seconds, 3),
    }


def _attempt(context: Context, number: int, budget: float) -> Attempt:
    run, spec, sandbox = context.run, context.spec, context.sandbox
    world = desk.world_of(run)
    bare = desk.bare_layout(world)
    launch = context.agent.launch(_desk_view(context, bare), spec.agent)
    cell = desk.cell(
        context.model.entry,
        context.benchmark.entry,
        spec.evaluation,
        sandbox.where(bare, desk.MODEL),
        sandbox.where(bare, desk.DATA),
    )
    deadline = time.time() + budget
    layout = desk.full_layout(world, cell, deadline, launch)
    request = _request(context, layout, launch, budget)
    run.attempts.mkdir(exist_ok=True)
    context.journal.append("attempt-started", "solve", number=number, deadline=deadline)
    started_at = now()
    secrets = _secrets(context)
    with TraceWriter(
        run.output_file(number), secrets=secrets, cap_bytes=spec.resources.output
    ) as output:
        ending = run_command(
            sandbox,
            request,
            output,
            on_tick=lambda elapsed: context.report.progress(
                f"agent at work, {max(0, budget - elapsed):.0f} s left"
            ),
            should_stop=context.should_stop,
        )
    attempt = _record(context, number, started_at, ending, output)
    write_json(run.attempt_file(number), attempt)
    context.journal.append("attempt-ended", "solve", number=number, ended=attempt.ended)
    return attempt


def _desk_view(context: Context, layout: Layout) -> Desk:
    where = context.sandbox.where
    return Desk(
        workspace=where(layout, desk.WORKSPACE),
        prompt=context.run.prompt_file.read_text(encoding="utf-8"),
        model=where(layout, desk.MODEL),
        home=where(layout, "/home/agent"),
        python=sys.executable,
        budget_seconds=context.spec.budget.seconds,
        benchmark=context.benchmark.entry.key,
        data=where(layout, desk.DATA),
    )


def _request(context: Context, layout: Layout, launch: AgentLaunch, budget: float) -> Request:
    where, resources = context.sandbox.where, context.spec.resources
    bin_folder = str(Path(sys.executable).parent)
    granted = {name: os.environ[name] for name in context.agent.credentials if name in os.environ}
    return Request(
        layout=layout,
        argv=launch.argv,
        workdir=where(layout, desk.WORKSPACE),
        env={
            "PATH": f"{bin_folder}:/usr/local/bin:/usr/bin:/bin",
            "PTB_CELL_FILE": where(layout, desk.CELL),
            "PTB_DEADLINE_FILE": where(layout, desk.DEADLINE),
            "PYTHONUNBUFFERED": "1",
            **python_environment(),
            **context.engine.env,
            **granted,
            **launch.env,
        },
        stdin=launch.stdin,
        network=context.spec.sandbox.network,
        limits=Limits(
            cpus=resources.cpus,
            memory=resources.memory,
            pids=resources.pids,
            disk=resources.disk,
            seconds=budget,
            grace_seconds=context.spec.budget.grace_seconds,
        ),
    )


def _secrets(context: Context) -> dict[str, str]:
    """Values that must never reach the disk: the credentials, whether granted or not."""
    return {
        name: value
        for name, value in os.environ.items()
        if value and (name in context.agent.credentials or name.endswith(("_KEY", "_TOKEN")))
    }


def _record(
    context: Context, number: int, started_at: str, ending: Ending, output: TraceWriter
) -> Attempt:
    return Attempt(
        at=now(),
        package_version=context.version,
        number=number,
        ended=ending.ended,
        exit_code=ending.exit_code,
        signal=ending.signal,
        killed=ending.killed,
        seconds=ending.seconds,
        started_at=started_at,
        cpu_seconds=ending.cpu_seconds,
        peak_memory=ending.peak_memory,
        survivors=ending.survivors,
        output_bytes=output.kept_bytes,
        output_dropped=output.dropped_bytes,
        redactions=output.redactions,
        enforcement=ending.enforcement,
        agent_version=context.agent.version(),
        note=f"output lost: {output.storage_failed}" if output.storage_failed else "",
    )


def _close_open_attempt(context: Context) -> None:
    """Record an attempt that a dead worker left open; its last sign of life ends it."""
    started = context.journal.last("attempt-started", "solve")
    if started is None or context.run.attempt_file(number := int(started.data["number"])).exists():
        return
    begin = datetime.fromisoformat(started.at)
    seconds = 0.0
    for line in read_output(context.run.output_file(number)):
        seconds = max(seconds, line.t)
    attempt = Attempt(
        at=now(),
        package_version=context.version,
        number=number,
        ended="worker-died",
        seconds=seconds,
        started_at=begin.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        agent_version=context.agent.version(),
        note="the worker ended in the middle; the time is that of the agent's last output",
    )
    write_json(context.run.attempt_file(number), attempt)
    context.journal.append("attempt-ended", "solve", number=number, ended="worker-died")
