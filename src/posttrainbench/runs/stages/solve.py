"""solve: the agent at work, under the clock.

The budget is spent once.  What follows on each end of an attempt stands in one table,
:mod:`posttrainbench.agents.endings`; here it is carried out.
"""

from __future__ import annotations

import time
from typing import Any

from ...agents.endings import RULES, Step, counted, next_step, spent
from ...errors import AgentError, PTBError, RunInterruptedError
from ...records import Attempt, now, write_json
from ...traces.reader import read_output
from ..context import Context
from ..solving.attempt import play, understood
from ..trajectory import write_run_trajectory


def run(context: Context) -> dict[str, Any]:
    """Write ``attempts/NNN.json`` with their output files, and ``trajectory.json``.

    Raises:
        AgentError: the agent could do nothing, for a reason outside of it; no budget is spent, and
            a further call of the worker begins anew.
        RunInterruptedError: the worker was told to stop, and a further one can go on with the
            agent's session.
    """
    _close_open_attempt(context)
    fresh = True
    while (step := _next(context, fresh)) is not None:
        waited = _wait(context, step)
        if context.should_stop():
            break
        attempts = context.run.list_attempts()
        used = spent(attempts) + (waited if counted(attempts) else 0.0)
        play(
            context,
            step,
            budget=context.spec.budget.seconds - used,
            cost_left=_cost_left(context, attempts),
            waited=waited,
        )
        fresh = False
    attempts = context.run.list_attempts()
    _write_trajectory(context)
    _raise_if_unfinished(context, attempts)
    last = attempts[-1]
    return {
        "attempts": len(attempts),
        "ended": last.ended,
        "cause": last.cause,
        "agent_seconds": round(spent(attempts), 3),
    }


def _next(context: Context, fresh: bool) -> Step | None:
    if context.should_stop():
        return None
    attempts = context.run.list_attempts()
    return next_step(
        attempts,
        context.spec.agent,
        left=context.spec.budget.seconds - spent(attempts),
        resumable=context.agent.resumable,
        fresh=fresh,
    )


def _wait(context: Context, step: Step) -> float:
    """Wait out an outage; the seconds that passed."""
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < step.wait_seconds and not context.should_stop():
        left = step.wait_seconds - passed
        context.report.progress(f"the model cannot be reached; trying again in {left:.0f} s")
        time.sleep(min(0.5, left))
    return time.monotonic() - begin if step.wait_seconds else 0.0


def _cost_left(context: Context, attempts: list[Attempt]) -> float | None:
    limit = context.spec.agent.max_cost
    if limit is None:
        return None
    return max(0.0, limit - sum(attempt.cost_usd or 0.0 for attempt in attempts))


def _raise_if_unfinished(context: Context, attempts: list[Attempt]) -> None:
    path = context.run.path
    if not counted(attempts):
        if context.should_stop() or not attempts:
            raise RunInterruptedError(
                f"{path} was stopped before the agent did anything",
                advice=f"go on with `ptb worker {path}`",
            )
        last = attempts[-1]
        meaning = RULES[last.cause or "never-started"].meaning
        raise AgentError(
            f"the agent {context.spec.agent.name!r} could not begin: {last.cause}: "
            f"{last.cause_detail or meaning}",
            advice=f"no budget is spent; mend it and go on with `ptb worker {path}`; "
            f"its output: `ptb trace {path}`",
        )
    left = context.spec.budget.seconds - spent(attempts)
    if context.should_stop() and next_step(
        attempts, context.spec.agent, left=left, resumable=context.agent.resumable, fresh=True
    ):
        raise RunInterruptedError(
            f"{path} was interrupted; the agent's session and {left:.0f} s of its time are kept",
            advice=f"go on with `ptb worker {path}`",
        )


def _write_trajectory(context: Context) -> None:
    """A trajectory that cannot be written costs no run: it can be made again at any time."""
    try:
        write_run_trajectory(context.run)
    except PTBError as error:
        context.journal.append("note", "solve", what="no trajectory", error=error.what)


def _close_open_attempt(context: Context) -> None:
    """Record an attempt that a dead worker left open; its last sign of life ends it."""
    started = context.journal.last("attempt-started", "solve")
    if started is None or context.run.attempt_file(number := int(started.data["number"])).exists():
        return
    seconds = 0.0
    for line in read_output(context.run.output_file(number)):
        seconds = max(seconds, line.t)
    attempt = Attempt(
        at=now(),
        package_version=context.version,
        number=number,
        began=started.data.get("began", "first"),
        waited_seconds=float(started.data.get("waited", 0.0)),
        ended="worker-died",
        seconds=seconds,
        started_at=started.at,
        agent_version=context.agent.version(context.spec.agent),
        note="the worker ended in the middle; the time is that of the agent's last output",
    )
    attempt = understood(context, attempt, None)
    write_json(context.run.attempt_file(number), attempt)
    context.journal.append("attempt-ended", "solve", number=number, ended="worker-died")
