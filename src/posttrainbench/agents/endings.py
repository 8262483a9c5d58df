"""Why an agent's attempt ended, and what may follow on that: one table.

A budget is spent once.  What may be retried is decided by two rules: a session that goes on uses
up what is left of the same budget, waiting included; and only an attempt in which the agent did
nothing at all (not one tool call) for a reason outside of it costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..records import Attempt, Beginning, Cause
from ..spec import AgentChoice
from ..traces.summary import Summary

Then = Literal["end", "re-prompt", "resume", "wait", "renew", "later"]
"""``later``: not now, but a worker that is started again goes on with the session."""


@dataclass(frozen=True)
class Rule:
    """What follows on a cause."""

    then: Then
    free: bool = False
    """Whether an attempt with this cause and without a single tool call costs no budget."""
    most: int = 0
    """How often in a row at most; 0: as long as budget and ``max_wait`` allow."""
    meaning: str = ""


RULES: dict[Cause, Rule] = {
    "finished": Rule("re-prompt", meaning="the CLI ended of itself, with its own last word"),
    "gave-up": Rule("re-prompt", meaning="it ended without having done anything, or at a limit "
                    "of its own"),
    "out-of-time": Rule("end", meaning="the budget is spent"),
    "over-cost": Rule("end", meaning="the run passed agent.max_cost"),
    "out-of-disk": Rule("end", meaning="the run passed resources.disk"),
    "out-of-memory": Rule("end", meaning="the CLI itself was killed for want of memory"),
    "interrupted": Rule("later", meaning="a person or a scheduler stopped the worker"),
    "worker-died": Rule("later", meaning="the worker ended in the middle"),
    "credentials-refused": Rule("end", free=True, meaning="the provider refused the key"),
    "login-expired": Rule("renew", free=True, most=60, meaning="the copy of a login ran out"),
    "rate-limited": Rule("wait", free=True, meaning="the provider answered 429"),
    "usage-limit": Rule("wait", free=True, meaning="a quota or a subscription's limit is used up"),
    "api-down": Rule("wait", free=True, meaning="no connection to the provider, or it answers 5xx"),
    "crashed": Rule("resume", most=3, meaning="the CLI ended with an error of its own"),
    "killed": Rule("resume", most=3, meaning="the CLI ended without its last word"),
    "never-started": Rule("end", free=True, meaning="the CLI said nothing at all"),
}  # fmt: skip
"""The only place that says what is retried.  docs/operations.md shows the same table."""

BEGAN: dict[Then, Beginning] = {
    "re-prompt": "re-prompted", "resume": "crashed", "wait": "api-back", "renew": "login-renewed",
}  # fmt: skip

MIN_RESUME_S = 60.0
"""With less of the budget left nothing is begun again."""
FIRST_WAIT_S, LONGEST_WAIT_S = 30.0, 600.0

_QUOTA = re.compile(
    r"insufficient_quota|usage limit|quota|billing|credit balance|limit reached", re.IGNORECASE
)


@dataclass(frozen=True)
class Step:
    """The next attempt of a run."""

    began: Beginning
    session_id: str
    """To go on with; empty: a new session that is given the whole task."""
    wait_seconds: float = 0.0


def cause_of(
    attempt: Attempt, seen: Summary, *, model_bound: bool, last_status: int | None, asked: bool
) -> tuple[Cause, str]:
    """Why the attempt ended, with a detail in words.

    Args:
        attempt: with its mechanical facts (``ended``, exit code, signal).
        seen: its events.
        model_bound: whether its output tells of a model's work; of a plain program the exit code
            says it all.
        last_status: of the last answer that the gateway saw; ``None``: no connection.
        asked: whether the gateway saw any request.
    """
    if attempt.ended == "not-started":
        return "never-started", attempt.note
    if attempt.ended != "exited":
        return attempt.ended, ""
    code = _code(attempt)
    if not model_bound:
        return ("finished", "") if attempt.exit_code == 0 else ("crashed", code)
    if seen.end is not None and seen.end.ok:
        if seen.tool_calls:
            return "finished", seen.end.reason
        return "gave-up", "not one tool call" + (": " + seen.last_text if seen.last_text else "")[
            :300
        ]
    status, words = _trouble(seen, last_status, asked)
    by_status = _by_status(status, words)
    if by_status is not None:
        return by_status
    if seen.end is not None:
        return "gave-up", f"{seen.end.reason} {seen.end.text}".strip()[:300]
    if not seen.started:
        return "never-started", f"{code} {seen.last_text}".strip()[:300]
    if attempt.exit_code in (0, 130, 137, 143) or attempt.signal is not None:
        return "killed", code
    return "crashed", f"{code} {words}".strip()[:300]


def spent(attempts: Sequence[Attempt]) -> float:
    """Seconds of the budget that these attempts used up; waiting before the first one is free."""
    real = counted(attempts)
    waited = sum(attempt.waited_seconds for attempt in real[1:])
    return waited + sum(attempt.seconds for attempt in real)


def counted(attempts: Sequence[Attempt]) -> list[Attempt]:
    """The attempts without those at the beginning in which nothing could happen."""
    begin = 0
    for attempt in attempts:
        if not is_free(attempt):
            break
        begin += 1
    return list(attempts[begin:])


def is_free(attempt: Attempt) -> bool:
    """Whether the agent did nothing, for a reason outside of it."""
    return attempt.cause is not None and RULES[attempt.cause].free and not attempt.tool_calls


def next_step(
    attempts: Sequence[Attempt], choice: AgentChoice, *, left: float, resumable: bool, fresh: bool
) -> Step | None:
    """What comes after these attempts; ``None``: the agent's work is over.

    Args:
        left: seconds of the budget that are left.
        resumable: whether the agent can go on with a session.
        fresh: whether this worker has just been started, and may take up what another one left.
    """
    real = counted(attempts)
    if not real and (fresh or not attempts):
        return Step("first", "")
    last = attempts[-1]
    rule = RULES[last.cause or "worker-died"]
    if not resumable or left < MIN_RESUME_S:
        return None
    row = _row(attempts, work_ends_it=rule.then == "wait")
    if rule.then == "end" or (rule.most and row > rule.most):
        return None
    if rule.then == "later":
        return Step("worker-back", last.session_id) if fresh else None
    if rule.then == "re-prompt":
        return _reprompt(attempts, choice, left)
    wait = 0.0
    if rule.then == "wait":
        wait = min(FIRST_WAIT_S * 2 ** (row - 1), LONGEST_WAIT_S)
        waited = sum(attempt.waited_seconds for attempt in attempts[len(attempts) - row + 1 :])
        if waited + wait > choice.max_wait or left - wait < MIN_RESUME_S:
            return None
    untouched = not real
    return Step(
        "first" if untouched else BEGAN[rule.then], "" if untouched else last.session_id, wait
    )


def _reprompt(attempts: Sequence[Attempt], choice: AgentChoice, left: float) -> Step | None:
    last, wish = attempts[-1], choice.reprompt
    asked = sum(attempt.began == "re-prompted" for attempt in attempts)
    if asked >= wish.most or left < wish.min_left:
        return None
    idle = last.workspace_changed is False or not last.tool_calls
    if last.began == "re-prompted" and idle:
        return None  # asking once more would only burn tokens
    return Step("re-prompted", last.session_id)


def _row(attempts: Sequence[Attempt], *, work_ends_it: bool) -> int:
    """How many attempts at the end have the same cause.

    Args:
        work_ends_it: whether an attempt with tool calls begins a new count, as for an outage that
            was over in between.
    """
    row = 0
    for attempt in reversed(attempts):
        if attempt.cause != attempts[-1].cause:
            break
        row += 1
        if work_ends_it and attempt.tool_calls:
            break
    return row


def _trouble(seen: Summary, last_status: int | None, asked: bool) -> tuple[int | None, str]:
    """The status that explains the end, and what was said about it."""
    trouble = seen.trouble
    words = trouble.text if trouble is not None else ""
    if seen.end is not None and not seen.end.ok:
        words = f"{words} {seen.end.text}".strip()
    if trouble is not None and trouble.fatal and trouble.status is not None:
        return trouble.status, words
    if asked:
        # The gateway saw whether a trouble that the CLI told of was over by the end.
        failed = last_status is None or last_status >= 400
        return (last_status or 0) if failed else None, words
    return trouble.status if trouble is not None else None, words


def _by_status(status: int | None, words: str) -> tuple[Cause, str] | None:
    if status is None:
        return None
    detail = f"{status or 'no connection'}: {words}".strip(": ")[:300]
    if status in (401, 403):
        return "credentials-refused", detail
    if status in (402, 429):
        quota = status == 402 or _QUOTA.search(words)
        return ("usage-limit" if quota else "rate-limited"), detail
    if status == 0 or status >= 500 or status == 408:
        return "api-down", detail
    return None


def _code(attempt: Attempt) -> str:
    if attempt.signal is not None:
        return f"signal {attempt.signal}"
    return f"exit code {attempt.exit_code}" if attempt.exit_code is not None else ""
