"""An agent whose every step is written down: it runs commands, writes files, and tells so.

It is to a real CLI what a player piano is to a pianist: the sandbox, the commands and the files are
real, nobody thinks.  Its output is JSON lines, read into the same events as those of the real CLIs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar

from ..agents import AgentLaunch, Desk, PlainAgent
from ..spec import AgentChoice
from ..traces.events import (
    Call,
    End,
    Line,
    Message,
    Output,
    Raw,
    TraceEvent,
    json_object,
)

PLAYER = r"""
import json, os, subprocess, sys
def tell(**event):
    print(json.dumps(event), flush=True)
steps = json.load(open(os.environ["STEPS"]))
os.remove(os.environ.pop("STEPS"))
for number, step in enumerate(steps):
    tool, name = step.pop("tool"), f"call-{number}"
    if tool == "say":
        tell(type="message", text=step["text"])
        continue
    tell(type="call", id=name, tool=tool, arguments=step)
    text, code = "", 0
    try:
        if tool == "bash":
            done = subprocess.run(
                ["/bin/bash", "-c", step["command"]], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
            )
            text, code = done.stdout, done.returncode
        elif tool == "write":
            os.makedirs(os.path.dirname(step["file_path"]) or ".", exist_ok=True)
            open(step["file_path"], "w").write(step["content"])
        elif tool == "edit":
            content = open(step["file_path"]).read()
            assert step["old_string"] in content, "no such passage"
            open(step["file_path"], "w").write(
                content.replace(step["old_string"], step["new_string"], 1))
        elif tool == "read":
            text = open(step["file_path"], errors="replace").read()
    except Exception as error:
        text, code = f"{type(error).__name__}: {error}", 1
    tell(type="output", id=name, text=text[-20000:], code=code)
tell(type="end")
"""


class StepReader:
    """Reads the player's lines."""

    def read(self, line: Line) -> Iterable[TraceEvent]:
        data = json_object(line.text) if line.stream == "stdout" else None
        kind = data.get("type") if data else None
        if data is None or kind not in ("message", "call", "output", "end"):
            yield Raw(line.at, line.number, stream=line.stream, text=line.text)
        elif kind == "message":
            yield Message(line.at, line.number, text=str(data.get("text")))
        elif kind == "call":
            yield Call(
                line.at, line.number, str(data.get("id")), str(data.get("tool")),
                data.get("arguments") or {},
            )  # fmt: skip
        elif kind == "output":
            code = data.get("code")
            yield Output(
                line.at, line.number, str(data.get("id")), str(data.get("text")),
                code if isinstance(code, int) else None, failed=bool(code),
            )  # fmt: skip
        else:
            yield End(line.at, line.number)

    def close(self) -> Iterable[TraceEvent]:
        return ()


class Stepper(PlainAgent):
    """Plays the steps of its option ``steps``, a JSON list."""

    name: ClassVar[str] = "stepper"
    title: ClassVar[str] = "plays written steps"

    def version(self, choice: AgentChoice | None = None) -> str:  # noqa: ARG002
        return "1"

    def launch(self, desk: Desk, choice: AgentChoice) -> AgentLaunch:
        steps: list[dict[str, Any]] = json.loads(choice.options["steps"])
        return AgentLaunch(
            argv=(desk.python, "-c", PLAYER),
            env={
                "MODEL": desk.model, "DATA": desk.data, "PYTHON": desk.python,
                "STEPS": f"{desk.home}/.stepper.json", "TOKENIZERS_PARALLELISM": "false",
                "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1",
            },
            stdin=desk.prompt.encode(),
            home={".stepper.json": json.dumps(steps).encode()},
        )  # fmt: skip

    def events(self) -> StepReader:
        return StepReader()
