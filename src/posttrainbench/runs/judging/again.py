"""`ptb judge`: another sitting on a finished run; what was judged before stays."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...errors import InputError
from ...records import Journal, Judgement, RunDir
from ...records.lease import Lease
from ...spec import JudgeChoice
from ..context import Reporter
from ..verdicts import refresh
from .choice import settle_judge
from .sitting import Court, sit


def judge_again(
    run: RunDir,
    choice: JudgeChoice | None,
    report: Reporter,
    should_stop: Callable[[], bool] = lambda: False,
) -> Judgement:
    """Hold a sitting, append it, and make the verdict in ``result.json`` anew.

    Args:
        choice: who judges; ``None``: as the run's spec says.

    Raises:
        InputError: nobody was named, or the run was not audited yet.
        LeaseError: a worker is at it.
        RunInterruptedError: stopped; nothing is kept.
    """
    choice = choice or run.spec().judge
    if choice is None:
        raise InputError(
            f"the spec of {run.path} names no judge", advice="name one: --judge AGENT:MODEL"
        )
    choice = settle_judge(choice)
    with Lease.acquire(run.path) as lease:
        run.sweep()
        journal = Journal(run.journal_file, lease.check)
        began = time.monotonic()
        judgement = sit(run, choice, Court(report=report, should_stop=should_stop))
        journal.append(
            "judged",
            number=judgement.number,
            judges=len(choice.jurors),
            outcome=judgement.outcome,
            seconds=round(time.monotonic() - began, 3),
        )
        refresh(run)
    return judgement
