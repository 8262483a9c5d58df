"""One question to one judge, and what came of one try."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...audit.judge.prompts import Place, question_text
from ...audit.judge.questions import Question
from ...records import TokenUse
from ...spec import AgentChoice, JurorChoice
from ..context import Reporter
from .case import CaseOfRun

CHAT = "chat"
"""The judge that is no CLI, but a plain endpoint."""


@dataclass(frozen=True)
class Hearing:
    """What one judge needs for one question."""

    case: CaseOfRun
    question: Question
    number: int
    juror: JurorChoice
    folder: Path
    """For what it was asked, did and answered; kept with the judgement."""
    world: Path
    """For its home, its /tmp and its working folder; removed afterwards."""
    sandbox: str
    seconds: float
    report: Reporter
    should_stop: Callable[[], bool]

    def words(self, place: Place | None, mark: str = "", remark: str = "") -> str:
        """The question, for a judge that finds the case at ``place``, or is handed it."""
        case = self.case
        return question_text(
            self.question, case.spec, model=case.model, benchmark=case.benchmark,
            place=place, mark=mark, remark=remark,
        )  # fmt: skip

    def output_file(self, number: int) -> Path:
        """Where the output of a try is kept."""
        return self.folder / ("output.jsonl" if number == 1 else f"output-{number}.jsonl")

    def progress(self, left: float) -> None:
        """Tell a person how far it is."""
        self.report.progress(
            f"judge {self.number} on {self.question.topic}, {max(0.0, left):.0f} s left"
        )


@dataclass(frozen=True)
class Answered:
    """What came of one try."""

    text: str = ""
    """Its last words."""
    file: str = ""
    """What it wrote into ``answer.json``."""
    failure: str = ""
    """Why there is no answer, where there is none."""
    hopeless: bool = False
    """Whether asking again cannot help."""
    models: Mapping[str, TokenUse] = field(default_factory=dict)
    cost_usd: float | None = None


def as_agent(juror: JurorChoice) -> AgentChoice:
    """A judge as the agents' code knows it."""
    return AgentChoice(
        name=juror.agent, model=juror.model, reasoning_effort=juror.reasoning_effort,
        version=juror.version, base_url=juror.base_url, key_variable=juror.key_variable,
        price=juror.price, options=juror.options,
    )  # fmt: skip
