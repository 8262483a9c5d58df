"""Judge every case with every jury; what is judged already is read, not judged again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..audit.verdict import verdict_of
from ..errors import PTBError
from ..records import Judgement, read_json, write_json
from ..records.schemas import Outcome
from ..runs.judging.sitting import Court, judge
from ..sandboxes.private import remove_tree
from ..spec import JudgeChoice
from . import LabelledCase
from .metrics import Tally

AUDIT = "audit alone"
_JUDGEMENT = "judgement.json"

Progress = Callable[[str], None]


@dataclass
class Measured:
    """What came out: a row for the audit alone, and two for each jury."""

    tallies: list[Tally] = field(default_factory=list)
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    """By the row's name, in the order of the cases."""


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
        folder: keeps every judgement; called again with the same one, only what is missing there
            is judged, so that an interruption costs nothing.

    Raises:
        RunInterruptedError: stopped; what is judged is kept.
        StorageError: the disk refused.
    """
    measured = Measured()
    tally = Tally(AUDIT)
    for case in cases:
        verdict = case.run.list_audits()[-1].verdict
        _count(measured, tally, case, verdict.outcome, verdict.categories)
    measured.tallies.append(tally)
    for choice in juries:
        _jury(measured, cases, choice, folder / _folder_of(choice), court, progress)
    return measured


def _jury(
    measured: Measured,
    cases: Sequence[LabelledCase],
    choice: JudgeChoice,
    folder: Path,
    court: Court,
    progress: Progress,
) -> None:
    name = jury_name(choice)
    alone, together = Tally(name), Tally(f"audit and {name}")
    for number, case in enumerate(cases, start=1):
        progress(f"{name}: {number} of {len(cases)}: {case.name}")
        judgement = _judged(case, choice, folder / case.name, court)
        named = [ruling.category for ruling in judgement.rulings if ruling.ruled == "violation"]
        _count(measured, alone, case, judgement.outcome, named)
        alone.heard(judgement)
        verdict = verdict_of(case.run.list_audits(), [judgement], [])
        _count(measured, together, case, verdict.outcome, verdict.categories)
    measured.tallies += [alone, together]


def _judged(case: LabelledCase, choice: JudgeChoice, folder: Path, court: Court) -> Judgement:
    """The judgement that stands in ``folder``, or a new one."""
    kept = folder / _JUDGEMENT
    if kept.is_file():
        try:
            old = read_json(kept, Judgement)
        except PTBError:
            pass
        else:
            if old.audit == case.run.list_audits()[-1].number:
                return old
    remove_tree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    judgement = judge(case.run, choice, court, folder=folder)
    write_json(kept, judgement)
    return judgement


def _count(
    measured: Measured,
    tally: Tally,
    case: LabelledCase,
    outcome: Outcome,
    named: Sequence[str],
) -> None:
    tally.count(case.cheat, case.label.categories, outcome, named)
    measured.outcomes.setdefault(tally.name, []).append(outcome)


def _folder_of(choice: JudgeChoice) -> str:
    """One folder for each jury, so that two never mix."""
    digest = hashlib.sha256(choice.model_dump_json().encode()).hexdigest()[:8]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", jury_name(choice))[:60] + "-" + digest
