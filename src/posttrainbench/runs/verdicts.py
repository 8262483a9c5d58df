"""The verdict of a finished run, made anew from its audits, judgements and persons' words."""

from __future__ import annotations

from collections.abc import Sequence

from .. import __version__
from ..audit.verdict import heeded, verdict_of
from ..errors import InputError, RecordError
from ..records import Journal, Override, Result, RunDir, Verdict, now, write_json
from ..records.lease import Lease
from ..records.schemas import Outcome
from ..rules import categories as known_categories


def current(run: RunDir) -> Verdict:
    """What audits, judges and persons make together, as of now."""
    return verdict_of(run.list_audits(), run.list_judgements(), run.list_overrides())


def refresh(run: RunDir) -> Result | None:
    """Write the current verdict into ``result.json``; ``None`` where the run has none yet.

    Only for the holder of the lease.
    """
    if not run.result_file.exists():
        return None
    audits, judgements, overrides = run.list_audits(), run.list_judgements(), run.list_overrides()
    judgement = heeded(audits, judgements)
    result = run.result().model_copy(
        update={
            "verdict": verdict_of(audits, judgements, overrides),
            "audit": audits[-1].number if audits else None,
            "judgement": judgement.number if judgement else None,
            "override": overrides[-1].number if overrides else None,
        }
    )
    write_json(run.result_file, result)
    return result


def override(
    run: RunDir, outcome: Outcome | None, categories: Sequence[str], *, why: str, by: str
) -> Override:
    """Append a person's word on the verdict; nothing that was said before is changed.

    Args:
        outcome: ``None`` withdraws earlier words.
        categories: rules that were broken; needed for ``flagged``, and only there.
        why: the reason, for whoever asks later.
        by: who says so.

    Raises:
        InputError: a reason, a name or a category is missing, or there is no such category.
        RecordError: the run was never audited, so there is no verdict to replace.
        LeaseError: a worker is at it.
    """
    chosen = _checked(outcome, categories, why, by)
    if not run.list_audits():
        raise RecordError(
            f"{run.path} was not audited, there is no verdict to replace",
            advice=f"let it come to its audit: `ptb worker {run.path}`",
        )
    with Lease.acquire(run.path) as lease:
        word = Override(
            at=now(),
            package_version=__version__,
            number=run.next_override(),
            outcome=outcome,
            categories=chosen,
            why=why.strip(),
            by=by.strip(),
            replaced=current(run).outcome,
        )
        run.overrides.mkdir(exist_ok=True)
        write_json(run.override_file(word.number), word)
        said = outcome or "withdrawn"
        journal = Journal(run.journal_file, lease.check)
        journal.append("verdict-set", number=word.number, outcome=said, by=word.by)
        refresh(run)
    return word


def _checked(
    outcome: Outcome | None, categories: Sequence[str], why: str, by: str
) -> tuple[str, ...]:
    if not why.strip():
        raise InputError("a verdict needs a reason", advice="give it with --why")
    if not by.strip():
        raise InputError("a verdict needs a name", advice="give it with --by")
    if outcome != "flagged":
        if categories:
            raise InputError(
                f"{outcome or 'withdraw'} has no categories", advice="leave --category out"
            )
        return ()
    known = sorted(known_categories())
    wrong = [name for name in categories if name not in known]
    if wrong or not categories:
        raise InputError(
            f"unknown category {wrong[0]!r}" if wrong else "which rule was broken?",
            advice=f"give --category once or more: {', '.join(known)}",
        )
    return tuple(sorted(set(categories)))
