"""What an end means, and what follows on it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from posttrainbench.agents.endings import (
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    MIN_RESUME_S,
    RULES,
    Step,
    cause_of,
    counted,
    next_step,
    spent,
)
from posttrainbench.records import Attempt, Cause
from posttrainbench.spec import AgentChoice
from posttrainbench.traces.events import End, Trouble
from posttrainbench.traces.summary import Summary

AT = "2026-11-27T00:00:00.000Z"
LEFT = 20_000.0


def attempt(cause: Cause | None = None, **more) -> Attempt:
    return Attempt(
        at=AT, package_version="1", started_at=AT,
        **({"number": 1, "ended": "exited", "seconds": 100.0, "cause": cause,
            "session_id": "s"} | more),
    )  # fmt: skip


def cause(seen: Summary, last_status: int | None = None, *, asked: bool = False, **more) -> Cause:
    facts = {"exit_code": 0} | more
    return cause_of(attempt(**facts), seen, model_bound=True, last_status=last_status, asked=asked)[
        0
    ]


def step(attempts: list[Attempt], *, left: float = LEFT, fresh: bool = False, **choice):
    return next_step(
        attempts, AgentChoice(name="x", **choice), left=left, resumable=True, fresh=fresh
    )


BUSY = {"started": True, "messages": 3, "tool_calls": 2}
GOOD = End(AT)


@pytest.mark.parametrize(
    ("seen", "facts", "expected"),
    [
        (Summary(**BUSY, end=GOOD), {}, "finished"),
        (Summary(started=True, end=GOOD), {}, "gave-up"),
        (Summary(started=True, messages=1, end=GOOD), {}, "gave-up"),
        (Summary(**BUSY, end=End(AT, ok=False, reason="max_turns")), {"exit_code": 1}, "gave-up"),
        (Summary(**BUSY), {}, "killed"),  # exit 0 without a last word
        (Summary(**BUSY), {"exit_code": 143}, "killed"),
        (Summary(**BUSY), {"exit_code": None, "signal": 9}, "killed"),
        (Summary(**BUSY), {"exit_code": 1}, "crashed"),
        (Summary(), {"exit_code": 127}, "never-started"),
        (Summary(**BUSY, end=GOOD), {"ended": "out-of-time"}, "out-of-time"),
        (Summary(**BUSY), {"ended": "over-cost"}, "over-cost"),
        (Summary(), {"ended": "not-started"}, "never-started"),
    ],
)
def test_causes(seen: Summary, facts: dict, expected: Cause) -> None:
    assert cause(seen, **facts) == expected


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (401, "invalid x-api-key", "credentials-refused"),
        (403, "", "credentials-refused"),
        (429, "Number of requests has exceeded your rate", "rate-limited"),
        (429, "insufficient_quota", "usage-limit"),
        (429, "Claude usage limit reached, resets at 5pm", "usage-limit"),
        (402, "", "usage-limit"),
        (500, "", "api-down"),
        (529, "overloaded", "api-down"),
    ],
)
def test_causes_by_what_the_api_answered(status: int, words: str, expected: Cause) -> None:
    told = Summary(**BUSY, trouble=Trouble(AT, text=words, status=status, fatal=True),
                   end=End(AT, ok=False))  # fmt: skip
    assert cause(told, exit_code=1) == expected
    # The CLI itself says no status; the gateway saw it.
    silent = Summary(**BUSY, end=End(AT, ok=False, text=words))
    assert cause(silent, status, asked=True, exit_code=1) == expected


def test_no_connection_at_all_is_an_outage() -> None:
    assert cause(Summary(**BUSY), None, asked=True, exit_code=1) == "api-down"


def test_a_good_end_counts_whatever_went_before() -> None:
    seen = Summary(**BUSY, end=GOOD, trouble=Trouble(AT, status=500))
    assert cause(seen, 500, asked=True) == "finished"


def test_a_plain_program_is_judged_by_its_exit_code() -> None:
    for code, expected in ((0, "finished"), (3, "crashed")):
        found = cause_of(
            attempt(exit_code=code), Summary(), model_bound=False, last_status=None, asked=False
        )
        assert found[0] == expected


def test_every_cause_has_a_rule() -> None:
    assert set(RULES) == set(get_args(Cause))


def test_the_table_in_operations_says_the_same() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| `([a-z-]+)` \| (yes|) ?\|$", page, re.MULTILINE)
    told = {name: (meaning, then, free == "yes") for name, meaning, then, free in rows}
    assert told == {name: (r.meaning, r.then, r.free) for name, r in RULES.items()}


def test_a_refused_key_costs_nothing_and_a_new_worker_begins_anew() -> None:
    refused = attempt("credentials-refused", tool_calls=0)
    assert spent([refused]) == 0
    assert counted([refused]) == []
    assert step([refused]) is None
    assert step([refused], fresh=True) == Step("first", "")


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.free])
def test_whoever_used_a_tool_has_begun(name: Cause) -> None:
    worked = attempt(name, tool_calls=1)
    assert spent([worked]) == 100
    again = step([worked], fresh=True)
    assert again is None or again.began != "first"


def test_an_agent_cannot_buy_time_by_an_outage_of_its_own_making() -> None:
    worked = attempt("finished", tool_calls=5)
    outage = attempt("api-down", number=2, tool_calls=0, waited_seconds=30.0)
    assert spent([worked, outage]) == 230


def test_waiting_before_anything_could_begin_is_free() -> None:
    outage = attempt("api-down", tool_calls=0)
    worked = attempt("finished", number=2, tool_calls=5, waited_seconds=30.0)
    assert spent([outage, worked]) == 100
    assert step([outage]) == Step("first", "", FIRST_WAIT_S)


def test_outages_are_waited_out_ever_longer_and_not_for_ever() -> None:
    attempts = [attempt("api-down", tool_calls=4)]
    waits = []
    while (again := step(attempts, max_wait="1h")) is not None:
        assert (again.began, again.session_id) == ("api-back", "s")
        waits.append(again.wait_seconds)
        attempts.append(attempt("api-down", waited_seconds=again.wait_seconds))
    assert waits[:3] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]
    assert max(waits) == LONGEST_WAIT_S
    assert 3000 < sum(waits) <= 3600
    attempts.append(attempt("api-down", tool_calls=1))  # work in between: a new outage
    assert step(attempts).wait_seconds == FIRST_WAIT_S


def test_nothing_is_begun_with_no_time_left() -> None:
    outage = attempt("api-down", tool_calls=4)
    assert step([outage], left=MIN_RESUME_S + FIRST_WAIT_S - 1) is None
    assert step([attempt("killed", tool_calls=4)], left=MIN_RESUME_S - 1) is None


def test_crashes_are_resumed_three_times() -> None:
    attempts = [attempt("crashed", tool_calls=4)]
    for _ in range(3):
        assert step(attempts) == Step("crashed", "s")
        attempts.append(attempt("crashed", tool_calls=4))
    assert step(attempts) is None


def test_only_a_new_worker_goes_on_after_an_interruption() -> None:
    for name in ("interrupted", "worker-died"):
        stopped = attempt(name, tool_calls=4)
        assert step([stopped]) is None
        assert step([stopped], fresh=True) == Step("worker-back", "s")


def test_what_cannot_be_resumed_is_over() -> None:
    for name in RULES:
        assert next_step(
            [attempt(name, tool_calls=4)], AgentChoice(name="x"), left=LEFT, resumable=False,
            fresh=True,
        ) is None  # fmt: skip


WISH = {"reprompt": {"most": 2, "min_left": "30m"}}


class TestReprompting:
    def test_is_off_by_default(self) -> None:
        assert step([attempt("finished", tool_calls=4)]) is None

    def test_happens_while_there_is_time(self) -> None:
        done = attempt("finished", tool_calls=4)
        assert step([done], left=1800, **WISH) == Step("re-prompted", "s")
        assert step([done], left=1799, **WISH) is None

    def test_has_a_cap(self) -> None:
        turns = [attempt("finished", tool_calls=4)]
        turns += [attempt("finished", began="re-prompted", tool_calls=4, workspace_changed=True)]
        assert step(turns, **WISH) is not None
        assert step([*turns, turns[-1]], **WISH) is None

    @pytest.mark.parametrize(
        "idle", [{"tool_calls": 0}, {"tool_calls": 3, "workspace_changed": False}]
    )
    def test_ends_when_a_turn_changed_nothing(self, idle: dict) -> None:
        first = attempt("finished", tool_calls=0)
        assert step([first], **WISH) is not None  # once it is asked in any case
        assert step([first, attempt("finished", began="re-prompted", **idle)], **WISH) is None
