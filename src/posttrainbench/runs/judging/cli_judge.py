"""A judge that is an agent CLI: alone in a sandbox with the case, without network, asked once.

Nothing of the judged can be taken for the CLI's settings or instructions: its working folder and
its home are ours and new, the case lies elsewhere, read-only, under altered names.  Its answer is
read from its own output and from its own folder, never from the case.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...agents import Agent, Desk, Provider
from ...agents.endings import cause_of
from ...audit.judge.prompts import Place
from ...errors import RunInterruptedError
from ...gateway import Endpoint, Route
from ...records import Attempt, TokenUse, now, write_bytes
from ...registry import make
from ...sandboxes import HOME, Ending, Layout, Limits, Mount, Request, Sandbox
from ...sandboxes.choose import choose
from ...sandboxes.private import remove_tree
from ...sandboxes.python import python_mounts
from ...sandboxes.runner import run as run_command
from ...spec import AgentChoice
from ...traces.events import PlainReader
from ...traces.lines import read_lines
from ...traces.redaction import Redactor
from ...traces.stream import events_of
from ...traces.summary import summarise
from ...traces.writer import TraceWriter
from ..solving.accounts import account
from ..solving.home import write_home
from ..solving.keys import agent_key, known_secrets
from ..starting import through_door, usual_env
from .hearing import Answered, Hearing, as_agent
from .last_words import answer_file, last_words

if TYPE_CHECKING:
    from ...gateway.door import Door
    from ...gateway.gateway import Gateway

CASE, WORK = "/case", "/work"
_GRACE_S = 5.0
_PIDS, _DISK, _OUTPUT = 4096, 4 * 10**9, 64 * 10**6
_HOPELESS = frozenset({"credentials-refused", "usage-limit", "over-cost"})


def ask(hearing: Hearing, number: int, remark: str, cost_left: float | None) -> Answered:
    """Let the CLI work once, in a sandbox that is new.

    Args:
        number: of the try.
        remark: why the last answer could not be used.
        cost_left: dollars; ``None``: no limit.

    Raises:
        RunInterruptedError: the worker was told to stop.
        MissingRequirementError: the CLI, a key, or a sandbox is not here.
        SpecError: the choice makes no sense for this CLI.
        SandboxError: the sandbox could not be set up.
    """
    choice = as_agent(hearing.juror)
    agent: Agent = make("agent", choice.name)
    agent.check(choice)
    world = hearing.world / f"try-{number}"
    (world / "work").mkdir(parents=True)
    try:
        seat = _Seat(hearing, agent, choice, choose(hearing.sandbox), world)
        return seat.hear(number, remark, cost_left)
    finally:
        remove_tree(world)


@dataclass
class _Way:
    """How the CLI reaches its model, and nothing else."""

    endpoint: Endpoint | None = None
    gateway: Gateway | None = None
    door: Door | None = None
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def over_cost(self) -> bool:
        return self.gateway is not None and self.gateway.over_cost


@dataclass
class _Seat:
    """One judge's world."""

    hearing: Hearing
    agent: Agent
    choice: AgentChoice
    sandbox: Sandbox
    world: Path

    def __post_init__(self) -> None:
        self.work = self.world / "work"
        self.layout = Layout(
            scratch=self.world / "scratch",
            mounts=(
                Mount(self.hearing.case.files.root, CASE),
                Mount(self.work, WORK, writable=True),
                *python_mounts(),
            ),
        )
        where = self.sandbox.where
        self.place = Place(where(self.layout, CASE), where(self.layout, WORK))

    def hear(self, number: int, remark: str, cost_left: float | None) -> Answered:
        """Ask once."""
        hearing, provider = self.hearing, self.agent.provider(self.choice)
        prompt = hearing.words(self.place, remark=remark)
        write_bytes(hearing.folder / "prompt.md", prompt.encode("utf-8", "backslashreplace"))
        output = hearing.output_file(number)
        with ExitStack() as stack:
            way = self._way(provider, cost_left, stack)
            request = self._request(prompt, way)
            writer = stack.enter_context(
                TraceWriter(output, secrets=way.secrets, cap_bytes=_OUTPUT)
            )
            ending = run_command(
                self.sandbox,
                through_door(request, way.door),
                writer,
                on_tick=lambda elapsed: hearing.progress(hearing.seconds - elapsed),
                should_stop=lambda: hearing.should_stop() or way.over_cost,
            )
        if hearing.should_stop():
            raise RunInterruptedError("stopped while a judge was at work")
        file = Redactor(way.secrets).text(answer_file(self.work))
        return self._answered(output, ending, way, file)

    def _way(self, provider: Provider | None, cost_left: float | None, stack: ExitStack) -> _Way:
        grader = self.hearing.case.spec.evaluation.grader
        secrets = known_secrets(provider, grader)
        if provider is None:
            return _Way(secrets=secrets)
        from ...gateway.door import Door
        from ...gateway.gateway import Gateway

        key = agent_key(provider, self.choice)
        route = Route("agent", provider.api, provider.base_url, key, hosted_tools=False)
        gateway = Gateway(
            [route],
            log=self.hearing.folder / "gateway.jsonl",
            max_cost=cost_left,
            price=self.choice.price,
            secrets=secrets,
        )
        stack.enter_context(gateway)
        endpoint = gateway.endpoint("agent")
        secrets |= {"judge-token": endpoint.key, "judge-key": key}
        return _Way(endpoint, gateway, stack.enter_context(Door(gateway)), secrets)

    def _request(self, prompt: str, way: _Way) -> Request:
        hearing, place = self.hearing, self.place
        desk = Desk(
            workspace=place.work, prompt=prompt, model=place.case, data=place.case,
            home=self.sandbox.where(self.layout, HOME), python=sys.executable,
            endpoint=way.endpoint, budget_seconds=hearing.seconds,
            benchmark=hearing.case.spec.benchmark, network=False,
        )  # fmt: skip
        launch = self.agent.launch(desk, self.choice)
        write_home(self.layout.scratch / "home", launch.home)
        mounts = (*self.layout.mounts, *launch.mounts)
        lent = {name: os.environ[name] for name in self.agent.credentials if name in os.environ}
        return Request(
            layout=replace(self.layout, mounts=mounts, files=launch.files),
            argv=launch.argv,
            workdir=place.work,
            env={
                **usual_env(), **lent, "PTB_CASE": place.case, "PTB_WORK": place.work, **launch.env,
            },
            stdin=launch.stdin,
            network=False,
            end_signal=self.agent.end_signal,
            limits=Limits(
                pids=_PIDS, disk=_DISK, seconds=hearing.seconds, grace_seconds=_GRACE_S
            ),
        )  # fmt: skip

    def _answered(self, output: Path, ending: Ending, way: _Way, file: str) -> Answered:
        metered: dict[str, TokenUse] = {}
        outcomes: list[tuple[float, int | None]] = []
        if way.gateway is not None:
            metered, outcomes = way.gateway.models("agent"), way.gateway.outcomes("agent")
        seen = summarise(events_of(read_lines(output), self.agent.events()))
        cause, detail = cause_of(
            _attempt(ending, over_cost=way.over_cost),
            seen,
            model_bound=not isinstance(self.agent.events(), PlainReader),
            last_status=outcomes[-1][1] if outcomes else None,
            asked=bool(outcomes),
        )
        money = account(seen.models, metered, self.agent.provider(self.choice), self.choice)
        done = cause == "finished" or (cause == "gave-up" and ending.exit_code == 0)
        return Answered(
            text=last_words(output, self.agent.events()),
            file=file,
            failure="" if done else f"{cause}{': ' if detail else ''}{detail}",
            hopeless=cause in _HOPELESS,
            models=money.metered or money.models,
            cost_usd=money.cost_usd,
        )


def _attempt(ending: Ending, *, over_cost: bool) -> Attempt:
    """How the process ended, in the words that causes are made from."""
    return Attempt(
        at=now(),
        package_version="",
        number=1,
        ended="over-cost" if over_cost else ending.ended,
        exit_code=ending.exit_code,
        signal=ending.signal,
        seconds=ending.seconds,
        started_at="",
    )
