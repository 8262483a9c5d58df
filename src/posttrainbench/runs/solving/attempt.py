"""One attempt: the agent let loose in the sandbox, and its record."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping

from ...agents import AgentLaunch, Desk
from ...agents.endings import Step, cause_of
from ...records import Attempt, TokenUse, now, write_bytes, write_json
from ...sandboxes import HOME, Ending, Layout, Limits, Request
from ...sandboxes.accelerators import visible_inside
from ...sandboxes.runner import run as run_command
from ...traces.events import PlainReader
from ...traces.writer import TraceWriter
from .. import desk
from ..context import Context
from ..starting import through_door, usual_env
from ..trajectory import summarise_attempt
from .accounts import account
from .home import write_home
from .keys import Keys, keys_of
from .prompts import prompt_for
from .workspace import fingerprint

_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")
"""It becomes a process argument of the next attempt, and stands in what the agent printed."""


def play(
    context: Context, step: Step, *, budget: float, cost_left: float | None, waited: float
) -> Attempt:
    """Let the agent work once, and write ``attempts/NNN.json``.

    Args:
        budget: seconds that are left.
        cost_left: dollars that are left; ``None``: no limit.
        waited: seconds that were waited before, for the record.
    """
    run, number = context.run, context.run.next_attempt()
    run.attempts.mkdir(exist_ok=True)
    prompt = prompt_for(context, step, budget)
    if number > 1:
        write_bytes(run.attempt_prompt_file(number), prompt.encode())
    before = fingerprint(run.workspace)
    with keys_of(context, cost_left) as keys:
        request = _prepare(context, step, keys, prompt, budget)
        context.journal.append(
            "attempt-started",
            "solve",
            number=number,
            began=step.began,
            deadline=time.time() + budget,
            session_id=step.session_id,
            waited=waited,
        )
        started_at = now()
        with TraceWriter(
            run.output_file(number), secrets=keys.secrets, cap_bytes=context.spec.resources.output
        ) as output:
            ending = run_command(
                context.sandbox,
                request,
                output,
                on_tick=lambda elapsed: context.report.progress(_progress(keys, budget - elapsed)),
                should_stop=lambda: context.should_stop() or _over_cost(keys),
            )
        attempt = _mechanical(context, number, step, started_at, ending, output, waited)
        if ending.ended == "interrupted" and _over_cost(keys) and not context.should_stop():
            attempt = attempt.model_copy(update={"ended": "over-cost"})
        attempt = understood(context, attempt, keys)
    changed = before is None or fingerprint(run.workspace) != before
    attempt = attempt.model_copy(update={"workspace_changed": changed})
    write_json(run.attempt_file(number), attempt)
    context.journal.append(
        "attempt-ended", "solve", number=number, ended=attempt.ended, cause=attempt.cause
    )
    return attempt


def understood(context: Context, attempt: Attempt, keys: Keys | None) -> Attempt:
    """The attempt with what its events and the gateway tell: cause, session, tokens, dollars."""
    run, choice = context.run, context.spec.agent
    seen = summarise_attempt(run, attempt.number)
    gateway = keys.gateway if keys is not None else None
    metering = gateway is not None and "agent" in gateway.routes
    outcomes = gateway.outcomes("agent") if gateway is not None and metering else []
    provider = context.agent.provider(choice)
    cause, detail = cause_of(
        attempt,
        seen,
        model_bound=not isinstance(context.agent.events(), PlainReader),
        last_status=outcomes[-1][1] if outcomes else None,
        asked=bool(outcomes),
    )
    if cause == "credentials-refused" and _expired(keys):
        cause = "login-expired"
    metered: Mapping[str, TokenUse] = {}
    if gateway is not None and metering:
        metered = gateway.models("agent")
    money = account(seen.models, metered, provider, choice)
    refused = 0
    if gateway is not None:
        refused = sum(gateway.counts(name)[1] for name in gateway.routes)
    return attempt.model_copy(
        update={
            "cause": cause,
            "cause_detail": detail,
            "session_id": seen.session_id if _SESSION.fullmatch(seen.session_id) else "",
            "messages": seen.messages,
            "tool_calls": seen.tool_calls,
            "models": money.models,
            "metered": money.metered,
            "cost_usd": money.cost_usd,
            "refused_requests": refused,
        }
    )


def _prepare(context: Context, step: Step, keys: Keys, prompt: str, budget: float) -> Request:
    """Lay out the sandbox, write the agent's settings, and say what to start."""
    run, spec, sandbox = context.run, context.spec, context.sandbox
    world = desk.world_of(run)
    bare = desk.bare_layout(world)
    view = _desk_view(context, bare, step, keys, prompt)
    launch = context.agent.launch(view, spec.agent)
    choice = spec.evaluation
    if keys.grader is not None:
        choice = choice.model_copy(update={"grader": keys.grader})
    cell = desk.cell(
        context.model.entry,
        context.benchmark.entry,
        choice,
        sandbox.where(bare, desk.MODEL),
        sandbox.where(bare, desk.DATA),
    )
    write_home(run.scratch / "home", launch.home)
    layout = desk.full_layout(world, cell, time.time() + budget, launch)
    return through_door(_request(context, layout, launch, keys, budget), keys.door)


def _desk_view(context: Context, layout: Layout, step: Step, keys: Keys, prompt: str) -> Desk:
    where = context.sandbox.where
    return Desk(
        workspace=where(layout, desk.WORKSPACE),
        prompt=prompt,
        model=where(layout, desk.MODEL),
        home=where(layout, HOME),
        python=sys.executable,
        budget_seconds=context.spec.budget.seconds,
        benchmark=context.benchmark.entry.key,
        data=where(layout, desk.DATA),
        endpoint=keys.endpoint,
        login=keys.login,
        session_id=step.session_id,
        network=context.spec.sandbox.network,
    )


def _request(
    context: Context, layout: Layout, launch: AgentLaunch, keys: Keys, budget: float
) -> Request:
    where, resources, agent = context.sandbox.where, context.spec.resources, context.agent
    login = keys.login.env if keys.login is not None else {}
    return Request(
        layout=layout,
        argv=launch.argv,
        workdir=where(layout, desk.WORKSPACE),
        env={
            "PTB_CELL_FILE": where(layout, desk.CELL),
            "PTB_DEADLINE_FILE": where(layout, desk.DEADLINE),
            **usual_env(),
            **visible_inside(isolated=context.sandbox.isolates_files),
            **context.engine.env,
            **context.granted(agent.credentials),
            **keys.env,
            **login,
            **launch.env,
        },
        stdin=launch.stdin,
        network=context.spec.sandbox.network,
        end_signal=agent.end_signal,
        limits=Limits(
            cpus=resources.cpus,
            memory=resources.memory,
            pids=resources.pids,
            disk=resources.disk,
            seconds=budget,
            grace_seconds=context.spec.budget.grace_seconds,
        ),
    )


def _mechanical(
    context: Context,
    number: int,
    step: Step,
    started_at: str,
    ending: Ending,
    output: TraceWriter,
    waited: float,
) -> Attempt:
    """The record of what happened to the process."""
    return Attempt(
        at=now(),
        package_version=context.version,
        number=number,
        began=step.began,
        waited_seconds=waited,
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
        agent_version=context.agent.version(context.spec.agent),
        note=f"output lost: {output.storage_failed}" if output.storage_failed else "",
    )


def _progress(keys: Keys, left: float) -> str:
    words = f"agent at work, {max(0.0, left):.0f} s left"
    gateway = keys.gateway
    metering = gateway is not None and "agent" in gateway.routes
    cost = gateway.cost("agent") if gateway is not None and metering else None
    return f"{words}, ${cost:.2f}" if cost else words


def _over_cost(keys: Keys) -> bool:
    return keys.gateway is not None and keys.gateway.over_cost


def _expired(keys: Keys | None) -> bool:
    """Whether the copy of a login that the agent got may have run out."""
    if keys is None or keys.login is None or keys.login.expires_at is None:
        return False
    return time.time() >= keys.login.expires_at - 60
