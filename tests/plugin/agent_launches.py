"""Play one attempt of an agent in a sandbox, as the solve stage does, without a run around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from posttrainbench.agents import Agent, AgentLaunch, Desk
from posttrainbench.gateway import Endpoint
from posttrainbench.sandboxes import HOME, Ending, Layout, Limits, Mount, Request, Sandbox
from posttrainbench.sandboxes.bubblewrap import Bubblewrap
from posttrainbench.sandboxes.runner import run
from posttrainbench.spec import AgentChoice
from posttrainbench.traces.events import EventReader, Line, TraceEvent

KEY = "run-token-4711"


@dataclass
class Heard:
    """What the attempt printed, in order."""

    chunks: list[tuple[str, bytes]] = field(default_factory=list)

    def write(self, stream: Literal["stdout", "stderr"], chunk: bytes) -> None:
        self.chunks.append((stream, chunk))

    def text(self, stream: str) -> str:
        return b"".join(chunk for name, chunk in self.chunks if name == stream).decode()


@dataclass
class Attempt:
    """One attempt, and what it said."""

    launch: AgentLaunch
    ending: Ending
    stdout: str
    stderr: str
    events: list[TraceEvent]

    def of(self, kind: type[TraceEvent]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@dataclass
class Seat:
    """A workspace and a home that attempts share."""

    folder: Path
    sandbox: Sandbox = field(default_factory=Bubblewrap)

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def home(self) -> Path:
        return self.folder / "scratch" / "home"

    def play(
        self,
        agent: Agent,
        prompt: str,
        *,
        url: str = "",
        key: str = KEY,
        session_id: str = "",
        seconds: float = 60.0,
        grace: float = 3.0,
        env: dict[str, str] | None = None,
        should_stop: Callable[[], bool] | None = None,
        **choice: Any,
    ) -> Attempt:
        """Start the agent and read what it says; the network is the machine's, for loopback."""
        self.workspace.mkdir(parents=True, exist_ok=True)
        layout = Layout(
            self.folder / "scratch", (Mount(self.workspace, "/workspace", writable=True),)
        )
        where = self.sandbox.where
        desk = Desk(
            workspace=where(layout, "/workspace"), prompt=prompt, model="/models/base",
            home=where(layout, HOME), python="/usr/bin/python3", budget_seconds=seconds,
            benchmark="gsm8k", data="/data",
            endpoint=Endpoint(url, key) if url else None, session_id=session_id,
        )  # fmt: skip
        launch = agent.launch(desk, AgentChoice(name=agent.name, **choice))
        for name, content in launch.home.items():
            file = self.home / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        heard = Heard()
        request = Request(
            layout=Layout(layout.scratch, (*layout.mounts, *launch.mounts), files=launch.files),
            argv=launch.argv, workdir=desk.workspace, env={**launch.env, **(env or {})},
            stdin=launch.stdin, network=True, end_signal=agent.end_signal,
            limits=Limits(seconds=seconds, grace_seconds=grace),
        )  # fmt: skip
        ending = run(self.sandbox, request, heard, should_stop=should_stop)
        stdout, stderr = heard.text("stdout"), heard.text("stderr")
        return Attempt(launch, ending, stdout, stderr, read(agent.events(), stdout, stderr))


def lines(text: str, stream: str = "stdout", at: str = "2026-11-27T00:00:00.000Z") -> list[Line]:
    """Whole lines, as a reader gets them."""
    return [Line(at, 0.0, stream, one, number) for number, one in enumerate(text.splitlines(), 1)]


def read(reader: EventReader, stdout: str, stderr: str = "") -> list[TraceEvent]:
    """All events of an output; stderr first, which CLIs write without waiting."""
    events: list[TraceEvent] = []
    for line in lines(stderr, "stderr") + lines(stdout):
        events += reader.read(line)
    return events + list(reader.close())


def golden(events: Iterable[TraceEvent]) -> str:
    """Events as lines of JSON, without what is empty."""
    shown = []
    for event in events:
        fields = {name: getattr(event, name) for name in event.__dataclass_fields__ if name != "at"}
        full = {
            name: _plain(value) for name, value in fields.items() if value not in ("", {}, None)
        }
        shown.append(json.dumps({"event": type(event).__name__, **full}, ensure_ascii=False))
    return "\n".join(shown) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value.model_dump(exclude_defaults=True) if hasattr(value, "model_dump") else value
