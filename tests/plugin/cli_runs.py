"""Runs of the real CLIs against the scripted model, as the tests of whole runs need them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from posttrainbench import RunSpec
from posttrainbench.agents.endings import MIN_RESUME_S
from posttrainbench.demo.agent_check import KEY_VARIABLE, scripted_choice
from posttrainbench.records import RunDir
from posttrainbench.registry import make
from posttrainbench.runs.api import create
from posttrainbench.runs.worker import Worker
from posttrainbench.scripted import ScriptedServer

CLIS = ("claude-code", "codex", "gemini-cli", "opencode")
KEY = "sk-canary-4711-of-the-provider"
PATIENT = {"yield_time_ms": 60_000, "timeout": 60_000}
"""Arguments of shell tools, for commands that take a while."""
LONG_ENOUGH = MIN_RESUME_S + 60

Play = Callable[..., RunDir]


def shell(command: str, **more: Any) -> dict[str, Any]:
    """A step that runs a command."""
    return {"text": "I run a command.", "shell": command, "args": PATIENT, **more}


DONE = {"text": "I am done."}


def spec_for(name: str, url: str, **more: Any) -> RunSpec:
    """The tiny cell with this CLI; ``agent`` holds changes of the choice."""
    changes = more.pop("agent", {})
    choice = scripted_choice(make("agent", name), url).model_dump() | changes
    wanted = {
        "budget": {"seconds": LONG_ENOUGH, "grace_seconds": 3},
        "sandbox": {"name": "bubblewrap", "network": True},
        "evaluation": {"seeds": [1], "engine": "transformers"},
    }
    return RunSpec(model="tiny-random", benchmark="calls-tiny", agent=choice, **(wanted | more))


@contextmanager
def server(script: Any, key: str | None = KEY) -> Iterator[ScriptedServer]:
    """A scripted model that takes the canary key."""
    with ScriptedServer(script, key=key) as running:
        yield running


def new_run(results: Path, name: str, url: str, **more: Any) -> RunDir:
    """A run directory, not begun."""
    return create(spec_for(name, url, **more), results)


def solve(run: RunDir, cache: Path, **more: Any) -> bool:
    """Go through what is open up to the agent's work."""
    open_stages = [s for s in ("prepare", "solve") if s not in run.journal.done_stages()]
    return Worker(run, cache=cache, **more).run(open_stages)


__all__ = [
    "CLIS", "DONE", "KEY", "KEY_VARIABLE", "LONG_ENOUGH", "new_run", "server", "shell", "solve",
    "spec_for",
]  # fmt: skip
