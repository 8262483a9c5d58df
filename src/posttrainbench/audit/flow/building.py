"""Build the graph of a run."""

from __future__ import annotations

from .. import Case
from .code_steps import CodeSteps
from .graph import Flow
from .parts import settle
from .shell_steps import ShellSteps
from .study import lines_of, study_of
from .trainers import Trainers

_MOST_STEPS = 50_000


def flow_of(case: Case) -> Flow:
    """The flow of data of a run; made once for each case, and cheap to ask after that."""
    kept = vars(case)
    if "_flow" not in kept:
        kept["_flow"] = _build(case)
    flow: Flow = kept["_flow"]
    return flow


def _build(case: Case) -> Flow:
    study = study_of(case)
    flow = Flow()
    if case.submission.identical_to_base:
        flow.untrained = "the submission is the untouched base model"
    if not case.deeds.told:
        flow.holes.append("the agent's output does not tell what it did")
    flow.holes += case.deeds.gaps
    flow.holes += [f"{file}: {why}" for file, why in case.programs.unread]
    flow.holes += lines_of(study)
    shell = ShellSteps(study.ran, case.places)
    trainers = Trainers(case, study.ran)
    flow.steps += shell.steps()
    flow.steps += trainers.steps
    flow.sinks += trainers.sinks
    flow.holes += [*shell.holes(), *trainers.holes]
    for acted in study.acted:
        code = CodeSteps(acted)
        flow.sinks += code.sinks()
        (flow.perhaps if acted.perhaps else flow.holes).extend(code.holes())
        if acted.ran is not False:
            flow.steps += code.steps()
    settle(flow, case)
    flow.steps = list(dict.fromkeys(flow.steps))
    if len(flow.steps) > _MOST_STEPS:
        flow.holes.append("there are too many steps to be followed")
        del flow.steps[_MOST_STEPS:]
    for sink in flow.sinks:
        if not sink.told and sink.ran is not False:
            why = f"{sink.place.file}:{sink.place.line}: what {sink.what} trains on is not known"
            (flow.perhaps if sink.perhaps else flow.holes).append(why)
    flow.close()
    return flow
