"""One sitting: every judge on every question, the rulings, and their place in the run directory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ... import __version__
from ...audit.files.quoting import quote
from ...audit.judge.questions import Question
from ...audit.judge.rulings import outcome, rulings
from ...errors import PTBError, RunInterruptedError
from ...records import (
    Judgement,
    Juror,
    RunDir,
    now,
    publish,
    temporary_beside,
    write_bytes,
    write_json,
)
from ...sandboxes.choose import AUTO
from ...sandboxes.private import remove_tree
from ...spec import JudgeChoice, JurorChoice
from ..context import Reporter, Silent
from ..solving.keys import known_secrets
from .case import CaseOfRun, lay_out, newest_audit, questions_of
from .case_files import EVIDENCE, LISTING
from .hearing import Hearing
from .juror import Purse, heard, silent


@dataclass(frozen=True)
class Court:
    """How a sitting is held, beside who judges."""

    sandbox: str = AUTO
    report: Reporter = field(default_factory=Silent)
    should_stop: Callable[[], bool] = lambda: False


def sit(run: RunDir, choice: JudgeChoice, court: Court) -> Judgement:
    """Hold a sitting and append it to the run: ``judgements/NNN.json`` and ``judgements/NNN/``.

    Only for the holder of the lease.  What a crash leaves counts for nothing, and is swept.

    Raises:
        InputError: the run was not audited yet.
        RunInterruptedError: the worker was told to stop; nothing is kept.
        StorageError: the disk refused.
    """
    number = run.next_judgement()
    run.judgements.mkdir(exist_ok=True)
    final = run.judgement_dir(number)
    draft = temporary_beside(final)
    try:
        judgement = judge(run, choice, court, folder=draft, number=number)
        publish(draft, final)
    finally:
        remove_tree(draft)
    write_json(run.judgement_file(number), judgement)
    return judgement


def judge(
    run: RunDir, choice: JudgeChoice, court: Court, *, folder: Path, number: int = 1
) -> Judgement:
    """Hold a sitting on a run directory, which is only read.

    A judge that cannot be reached is recorded with the reason, and so is one that gives no usable
    answer: without a majority the outcome is `undecided`.

    Args:
        folder: a new one, for what each judge was asked, did and answered.
        number: of the judgement.

    Raises:
        InputError: the run was not audited yet.
        RunInterruptedError: stopped.
        StorageError: the disk refused.
    """
    audit, asked = newest_audit(run), questions_of(run)
    folder.mkdir(parents=True)
    world = temporary_beside(folder.with_name("judging"))
    (world / "case").mkdir(parents=True)
    try:
        case = _case(run, world / "case", court)
        if isinstance(case, str):
            jurors = tuple(silent(n, j, q, case) for n, j in _seats(choice) for q in asked)
        else:
            listing = case.files.text(LISTING)
            for name, text in ((EVIDENCE, case.evidence), (LISTING, listing)):
                write_bytes(folder / name, text.encode("utf-8", "backslashreplace"))
            jurors = _all_heard(case, asked, choice, court, folder, world)
    finally:
        remove_tree(world)
    orders = () if isinstance(case, str) else case.orders
    found = rulings(asked, jurors, len(choice.jurors))
    return Judgement(
        at=now(),
        package_version=__version__,
        number=number,
        audit=audit.number,
        jurors=jurors,
        rulings=found,
        outcome=outcome(found),
        orders=orders,
        cost_usd=_cost(jurors),
    )


def _seats(choice: JudgeChoice) -> list[tuple[int, JurorChoice]]:
    return list(enumerate(choice.jurors, start=1))


def _case(run: RunDir, folder: Path, court: Court) -> CaseOfRun | str:
    """The case, or why it could not be laid out."""
    court.report.progress("the case is laid out for the judges")
    try:
        return lay_out(run, folder, known_secrets(None, run.spec().evaluation.grader))
    except PTBError:
        raise
    except Exception as error:  # nothing that an agent left may cost the run
        return quote(f"the case could not be laid out: {type(error).__name__}: {error}")


def _all_heard(
    case: CaseOfRun,
    asked: Sequence[Question],
    choice: JudgeChoice,
    court: Court,
    folder: Path,
    world: Path,
) -> tuple[Juror, ...]:
    """All judges at once; one after the other where dollars are limited."""
    stop = threading.Event()
    purse = Purse(choice.max_cost)

    def of(number: int, juror: JurorChoice) -> list[Juror]:
        given = []
        for question in asked:
            name = f"{number}-{question.topic}"
            hearing = Hearing(
                case=case, question=question, number=number, juror=juror, folder=folder / name,
                world=world / name, sandbox=court.sandbox, seconds=choice.seconds,
                report=court.report, should_stop=lambda: stop.is_set() or court.should_stop(),
            )  # fmt: skip
            hearing.folder.mkdir()
            given.append(heard(hearing, choice.tries, purse))
        return given

    seats = _seats(choice)
    with ThreadPoolExecutor(1 if choice.max_cost is not None else len(seats)) as pool:
        waiting = [pool.submit(of, number, juror) for number, juror in seats]
        try:
            found = [juror for one in waiting for juror in one.result()]
        except BaseException:
            stop.set()
            for one in waiting:
                one.cancel()
            raise
    if court.should_stop():
        raise RunInterruptedError("stopped while judges were at work")
    return tuple(found)


def _cost(jurors: tuple[Juror, ...]) -> float | None:
    """Dollars of all judges; ``None`` where one that used tokens has no known price."""
    costs = [juror.cost_usd for juror in jurors if juror.models or juror.cost_usd is not None]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
