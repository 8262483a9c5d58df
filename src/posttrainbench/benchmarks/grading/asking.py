"""Asking a grader until its answer holds a verdict, and what becomes of items without one.

An item whose verdict cannot be read is *ungraded*: neither right nor wrong, in no mean, counted and
shown.  More than a set share of such items is no score at all.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, runtime_checkable

from ...errors import GraderError, PTBError
from .progress import item_done

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, Model
    from inspect_ai.scorer import Score

Verdict = TypeVar("Verdict")
Answer = TypeVar("Answer")

TRIES = 4
"""How often a grader is paid for one verdict before the item stays ungraded."""
ROLE = "grader"
"""Inspect's model role that graded benchmarks ask."""
CACHED, REFUSED = "ptb_cached", "ptb_refused"
"""Keys in an output's metadata: paid for by an earlier evaluation; asking again is of no use."""

current_try: ContextVar[int] = ContextVar("ptb_grader_try", default=1)
"""Which try at a verdict a request is, from 1.  Part of a cache's key, so that a new try is not
answered with the old answer."""

_MOST_CACHED = 50


@runtime_checkable
class CountsMalformed(Protocol):
    """A provider that wants to know which of its answers were of no use."""

    def note_malformed(self, why: str) -> None:
        """Called once for every answer without a verdict that was paid for now."""


@dataclass(frozen=True)
class Asked(Generic[Verdict]):
    """What came of asking for one verdict."""

    verdict: Verdict | None
    tries: int
    """Answers read, those from a cache included."""
    cached: bool
    """Whether nothing was paid for now."""
    why: str = ""
    """Why there is no verdict."""


def grader_model() -> Model:
    """The model in the role of the grader.

    Raises:
        GraderError: nobody put one there; inspect would otherwise ask the graded model itself.
    """
    from inspect_ai.model import get_model, model_roles

    if not model_roles().get(ROLE):
        raise GraderError(
            "this benchmark needs a grader, and none is set",
            advice=f"pass model_roles={{'{ROLE}': ...}} to inspect, or use `ptb evaluate`",
        )
    return get_model(role=ROLE)


async def ask(
    grader: Model,
    messages: Sequence[ChatMessage],
    read: Callable[[str], Verdict | None],
    tries: int = TRIES,
) -> Asked[Verdict]:
    """Ask until ``read`` finds a verdict in the grader's own words.

    Unusable answers that were paid for earlier come from the cache and use up no try.

    Args:
        read: gets the answer's text without any reasoning; ``None`` means no verdict.
        tries: how many answers may be paid for now.

    Raises:
        GraderError: the endpoint is down, or refuses us.
    """
    paid, why = 0, ""
    for number in count(1):
        token = current_try.set(number)
        try:
            output = await grader.generate(list(messages))
        finally:
            current_try.reset(token)
        facts = output.metadata or {}
        paid += not facts.get(CACHED)
        text, stop = (output.completion, output.stop_reason) if output.choices else ("", "")
        verdict = None if stop == "content_filter" else read(_own_words(text))
        if verdict is not None:
            return Asked(verdict, number, cached=paid == 0)
        why = output.error or _trouble(text, stop)
        if not facts.get(CACHED) and isinstance(grader.api, CountsMalformed):
            grader.api.note_malformed(why)
        if facts.get(REFUSED) or paid >= tries or number >= tries + _MOST_CACHED:
            return Asked(None, number, cached=paid == 0, why=why)
    raise AssertionError("unreachable")


async def together(questions: Sequence[Awaitable[Answer]]) -> list[Answer]:
    """All answers, asked at the same time; the first error that one of them raised, as itself."""
    from inspect_ai.util import collect

    async def hold(question: Awaitable[Answer]) -> Answer | PTBError:
        try:
            return await question
        except PTBError as error:
            return error

    answers: list[Answer] = []
    for answer in await collect(*(hold(question) for question in questions)):
        if isinstance(answer, PTBError):
            raise answer
        answers.append(answer)
    return answers


def graded(
    value: float | None, facts: dict[str, Any], asked: Sequence[Asked[Any]], answer: str
) -> Score:
    """One item's score, or an unscored one where ``value`` is ``None``.

    Args:
        facts: goes into the score's metadata, with ``ungraded``, ``tries`` and ``cached`` added.
        asked: what was asked for this item.
        answer: the text that was graded.
    """
    from inspect_ai.scorer import Score

    item_done.get()()
    causes = Counter(one.why for one in asked if one.verdict is None)
    metadata = {
        **facts,
        "ungraded": value is None,
        "tries": [one.tries for one in asked],
        "cached": all(one.cached for one in asked),
    }
    if value is None:
        metadata["why"] = "; ".join(f"{why} ({n} of {len(asked)})" for why, n in causes.items())
        return Score.unscored(reason="scoring_failed", answer=answer[:2000], metadata=metadata)
    return Score(value=value, answer=answer[:2000], metadata=metadata)


def check_ungraded(scores: Iterable[Score], share: float) -> int:
    """How many items are ungraded, if they are not too many.

    Args:
        scores: of all items.
        share: the largest share of them that may be without a verdict, 0 to 1.

    Raises:
        GraderError: more than that, or all of them, are ungraded.
    """
    facts = [score.metadata or {} for score in scores]
    missing = [fact for fact in facts if fact.get("ungraded")]
    if missing and (len(missing) == len(facts) or len(missing) > share * len(facts)):
        causes = Counter(str(fact.get("why", "")) for fact in missing)
        raise GraderError(
            f"{len(missing)} of {len(facts)} items are without a verdict, more than the "
            f"{share:.1%} that are allowed; most often: {causes.most_common(1)[0][0]}",
            advice="grade again: verdicts that were paid for are kept; or set "
            "evaluation.grader.max_ungraded higher",
        )
    return len(missing)


def finite(values: Iterable[float]) -> list[float]:
    """Without the NaN of unscored items."""
    return [value for value in values if math.isfinite(value)]


def _own_words(text: str) -> str:
    """A local grader's reasoning may name verdicts that it does not settle on."""
    return text.rpartition("</think>")[2].strip()


def _trouble(text: str, stop_reason: str) -> str:
    if stop_reason == "content_filter":
        return "the endpoint's filter stopped the answer"
    if not text.strip():
        return "the answer is empty" + (
            ", its tokens went into reasoning" if stop_reason == "max_tokens" else ""
        )
    if stop_reason == "max_tokens":
        return "the answer was cut off before a verdict"
    return "the answer holds no verdict"
