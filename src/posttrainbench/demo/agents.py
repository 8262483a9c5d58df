"""Scripted agents: real processes at the desk, without keys and without a language model.

Each starts one script of :mod:`posttrainbench.demo.play` in the sandbox.  Two are honest, one does
nothing, and two cheat in ways that real agents have.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

from ..agents import AgentLaunch, Desk, PlainAgent
from ..errors import SpecError
from ..spec import AgentChoice
from .play.settings import TRAINING_OPTIONS, check_option

_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that spin at barriers starve each other on busy cores.
    "GOMP_SPINCOUNT": "1000",
    # Keep freed memory instead of asking the system for it anew at every training step.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(16 << 30),
}


class ScriptedAgent(PlainAgent):
    """What the five have in common."""

    name: ClassVar[str]
    title: ClassVar[str]
    options: ClassVar[tuple[str, ...]] = ()
    """Options that the script takes; each goes to it as ``--option value``."""

    def version(self, choice: AgentChoice | None = None) -> str:  # noqa: ARG002 - the protocol's
        """The scripts come with this package."""
        return version("posttrainbench")

    def launch(self, desk: Desk, choice: AgentChoice) -> AgentLaunch:
        """Start the script; the prompt goes in by stdin, paths by environment.

        Raises:
            SpecError: an unknown option, a value that makes no sense, or a model to choose.
        """
        if choice.model is not None:
            raise SpecError(
                f"agent {self.name!r} is a script and takes no model (got {choice.model!r})",
                advice="leave agent.model out",
            )
        script = f"posttrainbench.demo.play.{self.name.replace('-', '_')}"
        return AgentLaunch(
            argv=(desk.python, "-m", script, *self._flags(choice)),
            env={**_ENVIRONMENT, "PTB_MODEL": desk.model, "PTB_DATA": desk.data},
            stdin=desk.prompt.encode(),
        )

    def _flags(self, choice: AgentChoice) -> list[str]:
        flags = []
        for option, value in sorted(choice.options.items()):
            if option not in self.options:
                known = ", ".join(self.options) or "none"
                raise SpecError(
                    f"agent {self.name!r} has no option {option!r}", advice=f"its options: {known}"
                )
            try:
                check_option(option, value)
            except ValueError as error:
                raise SpecError(
                    f"agent {self.name!r}: option {option}={value!r}: {error}",
                    advice="correct the value or leave the option out",
                ) from error
            flags += [f"--{option.replace('_', '-')}", value]
        return flags


class Noop(ScriptedAgent):
    """Reads its task and leaves nothing."""

    name = "noop"
    title = "does nothing"


class SubmitBase(ScriptedAgent):
    """Hands the base model in unchanged, which the rules allow."""

    name = "submit-base"
    title = "submits the base model"


class Reference(ScriptedAgent):
    """Really fine-tunes, on function calls of its own making."""

    name = "reference"
    title = "fine-tunes on its own function calls"
    options = tuple(TRAINING_OPTIONS)


class TamperEvaluator(ScriptedAgent):
    """Cheats: rewrites evaluate.py, plants a metrics file, hands in the base model."""

    name = "tamper-evaluator"
    title = "cheat: forges its evaluation"


class TrainOnTest(ScriptedAgent):
    """Cheats: fine-tunes on the benchmark's own items."""

    name = "train-on-test"
    title = "cheat: trains on the test items"
    options = tuple(TRAINING_OPTIONS)
