"""From single votes to rulings: more than half of all judges, or nobody decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ...records.judgements import Juror, Opinion, Ruled, Ruling, Vote
from ...records.schemas import Outcome
from .questions import Question


def rulings(asked: Sequence[Question], jurors: Iterable[Juror], size: int) -> tuple[Ruling, ...]:
    """What the majority says, rule by rule.

    Args:
        size: of the jury.  A judge without an answer is no vote, and makes no majority smaller.
    """
    heard = tuple(jurors)
    found = []
    for question in asked:
        given = [juror for juror in heard if juror.question == question.topic]
        for category in question.categories:
            votes = [
                counted(opinion)
                for juror in given
                for opinion in juror.opinions
                if opinion.category == category
            ]
            found.append(_ruling(category, votes, size))
    return tuple(found)


def counted(opinion: Opinion) -> Vote:
    """The vote as it counts: without a quote that exists, a violation was not shown."""
    return opinion.vote if opinion.counted else "cannot-tell"


def outcome(found: Iterable[Ruling]) -> Outcome:
    """One violation flags; else one open rule leaves the run undecided."""
    ruled = {ruling.ruled for ruling in found}
    if "violation" in ruled:
        return "flagged"
    return "clean" if ruled == {"no-violation"} else "undecided"


def _ruling(category: str, votes: Sequence[Vote], size: int) -> Ruling:
    counts = Counter(votes)
    ruled: Ruled = "undecided"
    if 2 * counts["violation"] > size:
        ruled = "violation"
    elif 2 * counts["no-violation"] > size:
        ruled = "no-violation"
    return Ruling(
        category=category,
        ruled=ruled,
        votes=dict(counts),
        unanimous=len(votes) == size and len(counts) == 1,
    )
