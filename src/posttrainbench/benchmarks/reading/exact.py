"""Scorers for answers that are right or wrong: a number, or a choice.  Imports inspect."""

from __future__ import annotations

from collections.abc import Callable

from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import TaskState

from ...errors import DataError
from .choices import chosen_letter
from .numbers import Number, last_line_number, last_number, read_number
from .thoughts import without_thoughts

_METRICS = [accuracy(), stderr()]


def gold_number(text: str) -> Number:
    """The right answer of an item.

    Raises:
        DataError: it is no number.
    """
    number = read_number(text)
    if number is None or number.value is None:
        raise DataError(f"the right answer {text[:40]!r} is no number")
    return number


def _number_scorer(find: Callable[[str], Number | None]) -> Callable[[], Scorer]:
    def make() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            found = find(without_thoughts(state.output.completion))
            right = found is not None and found.equals(gold_number(target.text))
            shown = _plain(str(found)) if found else ""
            why = "equal" if right else f"expected {target.text}, got {shown or 'no number'}"
            return Score(value=int(right), answer=shown, explanation=why)

        return score

    return make


def _named_choice() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(state.choices)]
        found = chosen_letter(without_thoughts(state.output.completion), letters)
        right = found == target.text
        why = "equal" if right else f"expected {target.text}, got {found or 'no choice'}"
        return Score(value=int(right), answer=found or "", explanation=why)

    return score


def _plain(text: str) -> str:
    """As a log can hold it: a model's text may have half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8")


number_anywhere = scorer(metrics=_METRICS, name="number_anywhere")(_number_scorer(last_number))
"""1 where the last number anywhere in the completion equals the target's value, else 0."""
number_on_last_line = scorer(metrics=_METRICS, name="number_on_last_line")(
    _number_scorer(last_line_number)
)
"""The same for the last number of the last line that says something."""
named_choice = scorer(metrics=_METRICS, name="named_choice")(_named_choice)
"""1 where the completion names the target's letter, else 0."""
