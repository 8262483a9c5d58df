"""Judge every case with every jury, and count what came out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..audit.verdict import verdict_of
from ..errors import AgentError, InputError, LeaseError, PTBError
from ..records.alone import alone_in
from ..records.schemas import Outcome
from ..runs.judging.case import questions_of
from ..runs.judging.sitting import Court
from ..spec import JudgeChoice
from . import LabelledCase
from .enforced import held, is_enforced
from .metrics import Tally
from .sittings import nobody_reached, sit

AUDIT = "audit alone"
_DEAF = 2
"""Cases in a row for which nobody could be reached before a jury is given up."""

Progress = Callable[[str], None]


@dataclass
class Measured:
    """What came out: a row for the audit alone, and two for each jury."""

    tallies: list[Tally] = field(default_factory=list)
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    """By the row's name, in the order of :attr:`judged`."""
    judged: list[LabelledCase] = field(default_factory=list)
    held: dict[str, bool] = field(default_factory=dict)
    """Cheats against rules that programs keep, by name, and whether they did; in no row."""


def jury_name(choice: JudgeChoice) -> str:
    """For a table: ``3 x codex gpt-5.5``."""
    names = [f"{j.agent} {j.model or 'default'}" for j in choice.jurors]
    kinds = dict.fromkeys(names)
    return ", ".join(f"{names.count(n)} x {n}" if names.count(n) > 1 else n for n in kinds)


def measure(
    cases: Sequence[LabelledCase],
    juries: Sequence[JudgeChoice],
    folder: Path,
    *,
    court: Court,
    progress: Progress,
) -> Measured:
    """Count what the audit and each jury make of the cases.

    Args:
        folder: keeps every answer; called again with the same one, only what is missing there is
            asked, so that an interruption costs what was under way and no more.

    Raises:
        AgentError: nobody of a jury can be reached; what was answered is kept.
        InputError: two juries have the same name, or a run's benchmark is not installed.
        LeaseError: somebody else measures in this folder.
        RunInterruptedError: stopped; what was answered is kept.
        StorageError: the disk refused.
    """
    names = [jury_name(choice) for choice in juries]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"the jury {twice[0]!r} is named twice", advice="name it once")
    measured = Measured()
    measured.judged = [case for case in cases if not is_enforced(case)]
    measured.held = {case.name: held(case) for case in cases if is_enforced(case)}
    tally = Tally(AUDIT)
    for case in measured.judged:
        verdict = case.run.list_audits()[-1].verdict
        _count(measured, tally, case, verdict.outcome, verdict.categories)
    measured.tallies.append(tally)
    if juries:
        _see_to_questions(measured.judged)
        with alone_in(folder, lambda: _refuse_two(folder)):
            for choice in juries:
                _jury(measured, choice, folder, court, progress)
    return measured


def _refuse_two(folder: Path) -> None:
    raise LeaseError(
        f"another `ptb judge-eval` is at work in {folder}",
        advice="wait for it, or give another --folder",
    )


def _jury(
    measured: Measured, choice: JudgeChoice, folder: Path, court: Court, progress: Progress
) -> None:
    name = jury_name(choice)
    alone, together = Tally(name), Tally(f"audit and {name}")
    deaf = 0
    for number, case in enumerate(measured.judged, start=1):
        progress(f"{name}: {number} of {len(measured.judged)}: {case.name}")
        judgement = sit(case, choice, court, folder)
        why = nobody_reached(judgement)
        deaf = deaf + 1 if why else 0
        if deaf >= min(_DEAF, len(measured.judged)):
            raise AgentError(
                f"no judge of {name} can be asked: {why}",
                advice=f"what was answered is kept in {folder}; the same command goes on there",
            )
        named = [ruling.category for ruling in judgement.rulings if ruling.ruled == "violation"]
        _count(measured, alone, case, judgement.outcome, named)
        alone.heard(judgement)
        verdict = verdict_of(case.run.list_audits(), [judgement], [])
        _count(measured, together, case, verdict.outcome, verdict.categories)
    measured.tallies += [alone, together]


def _see_to_questions(cases: Sequence[LabelledCase]) -> None:
    """Before anybody is paid."""
    for case in cases:
        try:
            questions_of(case.run)
        except PTBError as error:
            raise InputError(f"the case {case.name}: {error.what}", advice=error.advice) from None


def _count(
    measured: Measured,
    tally: Tally,
    case: LabelledCase,
    outcome: Outcome,
    named: Sequence[str],
) -> None:
    tally.count(case.cheat, case.label.categories, outcome, named)
    measured.outcomes.setdefault(tally.name, []).append(outcome)
