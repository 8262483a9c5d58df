"""One jury on one case, each judge's answers kept as soon as they are there.

What was answered is paid for and is never asked again: not after an interruption, not for a larger
jury of the same judge, not with another limit of time or dollars.  A judge that could not be asked
is asked anew.  Another run, or a new audit of the same run, is another case.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from .. import __version__
from ..audit.judge.rulings import outcome, rulings
from ..errors import RecordError
from ..records import Judgement, Juror, now, read_json, write_json
from ..records.files import TEMPORARY, storage_error
from ..runs.judging.case import questions_of
from ..runs.judging.sitting import Court, judge
from ..sandboxes.private import remove_tree
from ..spec import JudgeChoice, JurorChoice
from . import LabelledCase

_ANSWERS = "judgement.json"
_ABOUT_PAYING = {"key_variable", "price"}


def sit(case: LabelledCase, choice: JudgeChoice, court: Court, folder: Path) -> Judgement:
    """The judgement of a jury on a case.

    Judges sit side by side; one after the other where dollars are limited.

    Args:
        folder: of all cases and juries, see :func:`place`.

    Raises:
        RunInterruptedError: stopped; the answers of those who had finished are kept.
        StorageError: the disk refused.
    """
    places = [place(folder, juror, seat, case) for juror, seat in _seats(choice)]
    _sweep({where.parent for where in places})
    seats = list(zip(choice.jurors, places, strict=True))
    found: list[Judgement] = []
    if choice.max_cost is not None:
        left = choice.max_cost
        for juror, where in seats:
            limited = choice.model_copy(update={"max_cost": left})
            found.append(_answers(case, limited, juror, court, where))
            left -= found[-1].cost_usd or 0.0
        return _together(case, choice, found)
    stop = threading.Event()
    watched = replace(court, should_stop=lambda: stop.is_set() or court.should_stop())
    with ThreadPoolExecutor(len(seats)) as pool:
        try:
            waiting = [
                pool.submit(_answers, case, choice, juror, watched, where) for juror, where in seats
            ]
            found = [one.result() for one in waiting]
        except BaseException:
            stop.set()
            raise
    return _together(case, choice, found)


def place(folder: Path, juror: JurorChoice, seat: int, case: LabelledCase) -> Path:
    """Where the answers of a judge to a case are kept.

    Args:
        seat: from 1 among those of the jury who are the same judge.
    """
    who = hashlib.sha256(juror.model_dump_json(exclude=_ABOUT_PAYING).encode()).hexdigest()[:8]
    what = hashlib.sha256(case.run.list_audits()[-1].model_dump_json().encode()).hexdigest()[:8]
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", f"{juror.agent}_{juror.model or 'default'}")[:60]
    return folder / f"{name}-{who}" / f"{case.name}-{what}" / str(seat)


def nobody_reached(judgement: Judgement) -> str:
    """Why not a single judge could be asked; empty where one could."""
    failed = [juror for juror in judgement.jurors if juror.status == "failed"]
    return failed[0].detail if len(failed) == len(judgement.jurors) and failed else ""


def _seats(choice: JudgeChoice) -> list[tuple[JurorChoice, int]]:
    taken: Counter[str] = Counter()
    seats = []
    for juror in choice.jurors:
        who = juror.model_dump_json(exclude=_ABOUT_PAYING)
        taken[who] += 1
        seats.append((juror, taken[who]))
    return seats


def _sweep(folders: Iterable[Path]) -> None:
    """What a killed call left half made; the caller is alone here."""
    for folder in folders:
        for path in folder.glob(f"{TEMPORARY}*"):
            remove_tree(path)


def _answers(
    case: LabelledCase, choice: JudgeChoice, juror: JurorChoice, court: Court, where: Path
) -> Judgement:
    """One judge's answers to all questions: those that are kept, or new ones."""
    kept = where / _ANSWERS
    if kept.is_file():
        try:
            return read_json(kept, Judgement)
        except RecordError:
            pass
    remove_tree(where)
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(where, error) from error
    alone = choice.model_copy(update={"jurors": (juror,)})
    judgement = judge(case.run, alone, court, folder=where)
    if all(one.status != "failed" for one in judgement.jurors):
        write_json(kept, judgement)
    return judgement


def _together(case: LabelledCase, choice: JudgeChoice, found: Sequence[Judgement]) -> Judgement:
    """What the majority says."""
    jurors: list[Juror] = []
    for number, one in enumerate(found, start=1):
        jurors += [juror.model_copy(update={"number": number}) for juror in one.jurors]
    ruled = rulings(questions_of(case.run), jurors, len(choice.jurors))
    costs = [one.cost_usd for one in found]
    known = [cost for cost in costs if cost is not None]
    return Judgement(
        at=now(),
        package_version=__version__,
        number=1,
        audit=found[0].audit,
        jurors=tuple(jurors),
        rulings=ruled,
        outcome=outcome(ruled),
        cost_usd=sum(known) if len(known) == len(costs) else None,
    )
