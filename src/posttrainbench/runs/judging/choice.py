"""Check who is to judge before hours are spent, and resolve what stands open in it."""

from __future__ import annotations

from ...agents import Agent
from ...errors import MissingRequirementError
from ...registry import make
from ...spec import JudgeChoice, JurorChoice
from . import chat
from .hearing import CHAT, as_agent


def settle_judge(choice: JudgeChoice) -> JudgeChoice:
    """The choice with the exact versions of the CLIs that are installed here.

    A CLI or a key that is not here is no error: the run can be judged where they are, and without
    them it stays undecided.

    Raises:
        UnknownNameError: there is no such judge.
        SpecError: a choice makes no sense for it.
    """
    return choice.model_copy(update={"jurors": tuple(_settled(one) for one in choice.jurors)})


def _settled(juror: JurorChoice) -> JurorChoice:
    if juror.agent == CHAT:
        chat.check(juror)
        return juror
    agent: Agent = make("agent", juror.agent)
    as_choice = as_agent(juror)
    agent.check(as_choice)
    provider = agent.provider(as_choice)
    try:
        version = agent.version(as_choice)
    except MissingRequirementError:
        return juror
    return juror if provider is None else juror.model_copy(update={"version": version})
