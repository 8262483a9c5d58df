"""A third party's plug-ins, as the tests install them: a tiny model, a tiny cell, a shell agent."""

from __future__ import annotations

import os
from pathlib import Path

from posttrainbench.agents import AgentLaunch, Desk, PlainAgent
from posttrainbench.benchmarks.bfcl import BfclDemo
from posttrainbench.demo.tiny import TinyRandom, build
from posttrainbench.spec import AgentChoice


class TinyLlama(TinyRandom):
    """The package's tiny model under another name."""

    entry = TinyRandom.entry.model_copy(update={"key": "tiny-llama"})


build_tiny_llama = build


class TinyBfcl(BfclDemo):
    """The demo cell with four tokens an answer: seconds instead of a minute."""

    def __init__(self) -> None:
        super().__init__()
        self.entry = self.entry.model_copy(update={"key": "bfcl-tiny", "max_tokens": (4,)})


class Script(PlainAgent):
    """Runs the shell script of its option `script` as the agent."""

    name = "script"
    title = "a shell script"
    credentials = ("PTB_TEST_SECRET_KEY",)
    resumable = False

    def version(self, choice: AgentChoice | None = None) -> str:
        return "1"

    def launch(self, desk: Desk, choice: AgentChoice) -> AgentLaunch:
        script = choice.options.get("script") or Path(os.environ["PTB_TEST_SCRIPT"]).read_text()
        return AgentLaunch(
            argv=("/bin/bash", "-c", script),
            env={"MODEL": desk.model, "DATA": desk.data, "PYTHON": desk.python},
            stdin=desk.prompt.encode(),
        )


class ResumableScript(Script):
    name = "resumable-script"
    resumable = True
