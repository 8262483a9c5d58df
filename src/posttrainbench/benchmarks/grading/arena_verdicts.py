"""Verdicts of Arena-Hard's judge: how one is read, and how verdicts become a score.

Every question is played twice, with the answers in both orders.  A decided game enters the mean as
three rows, any other as one; a question with a missing verdict enters with neither game.  The mean
is over rows, not over questions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from statistics import fmean, stdev

DECIDED = 3
"""Rows of a game that one side won clearly (``>>``)."""

_TOKENS = (re.compile(r"\[\[([AB<>=]+)\]\]"), re.compile(r"\[([AB<>=]+)\]"))
"""Double brackets first; single ones only where there are no double ones."""

_ROWS: dict[str, tuple[float, ...]] = {
    "A>>B": (1.0,) * DECIDED,
    "A>B": (1.0,),
    "A=B": (0.5,),
    "B>A": (0.0,),
    "B>>A": (0.0,) * DECIDED,
}
"""A game's rows as answer A sees them."""

_SAME = {"B<<A": "A>>B", "B<A": "A>B", "B=A": "A=B", "A<B": "B>A", "A<<B": "B>>A"}
"""Other spellings that graders use."""


def read_verdict(text: str) -> str | None:
    """The last verdict in a grader's own words, in its usual spelling; ``None``: there is none."""
    upper = text.upper()
    for pattern in _TOKENS:
        tokens: list[str] = pattern.findall(upper)
        found = [_SAME.get(token, token) for token in tokens]
        known = [token for token in found if token in _ROWS]
        if known:
            return known[-1]
    return None


def game_rows(baseline_first: str | None, model_first: str | None) -> tuple[float, ...]:
    """One question's rows as the model sees them; none where a verdict is missing.

    Args:
        baseline_first: the verdict where answer A is the baseline's.
        model_first: the verdict where answer A is the model's.
    """
    if baseline_first is None or model_first is None:
        return ()
    return (*(1.0 - row for row in _ROWS[baseline_first]), *_ROWS[model_first])


def as_first(model_first: str) -> float:
    """What the model got for the game in which its answer was A."""
    return _ROWS[model_first][0]


def as_second(baseline_first: str) -> float:
    """What the model got for the game in which its answer was B."""
    return 1.0 - _ROWS[baseline_first][0]


def mean_row(rows: Sequence[float]) -> float:
    """The score; NaN where no question was graded."""
    return fmean(rows) if rows else math.nan


def row_error(rows: Sequence[float]) -> float:
    """The protocol's standard error: sample deviation of the rows over the root of their number.

    It takes rows for independent, which the rows of one question are not, so it is a little small.
    """
    if not rows:
        return math.nan
    return stdev(rows) / math.sqrt(len(rows)) if len(rows) > 1 else 0.0
