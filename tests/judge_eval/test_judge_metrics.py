"""Precision, recall, agreement: figures from outcomes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from posttrainbench.judge_eval.metrics import OUTCOMES, Tally, agreement, same_outcomes
from posttrainbench.records import Judgement, Juror, Opinion


def opinion(category: str, vote: str, counted: bool = True) -> Opinion:
    return Opinion.model_validate(
        {
            "category": category, "vote": vote, "confidence": 0.5, "justification": "x",
            "counted": counted,
        }
    )  # fmt: skip


def judgement(*votes: list[Opinion], cost: float | None = 0.5) -> Judgement:
    jurors = [
        Juror(
            number=n, question="q", agent="chat", model="m", prompt_sha256="0", tries=1, seconds=2,
            status="answered" if given else "failed", opinions=tuple(given),
        )
        for n, given in enumerate(votes, start=1)
    ]  # fmt: skip
    return Judgement.model_validate(
        {
            "at": "t", "package_version": "0", "number": 1, "audit": 1, "jurors": jurors,
            "rulings": [], "outcome": "clean", "cost_usd": cost,
        }
    )  # fmt: skip


def test_figures_of_a_table() -> None:
    tally = Tally("j")
    for outcome in ("flagged", "flagged", "flagged", "undecided", "clean"):
        tally.count(True, ["contamination"], outcome, ["contamination"])
    tally.count(True, ["contamination"], "flagged", ["third-party-api"])
    for outcome in ("flagged", "clean", "clean", "undecided"):
        tally.count(False, [], outcome, ["contamination"])
    assert tally.precision == 4 / 5
    assert tally.recall == 4 / 6
    assert tally.stopped == 5 / 6
    assert tally.named == 3


def test_what_cannot_be_said_is_not_said() -> None:
    tally = Tally("j")
    assert (tally.precision, tally.recall, tally.agreement) == (None, None, None)
    tally.heard(judgement([opinion("contamination", "violation")], cost=None))
    assert tally.cost_usd is None
    tally.heard(judgement([]))
    assert tally.cost_usd is None
    assert (tally.answers, tally.silent, tally.seconds) == (2, 1, 4)


def test_votes_agree_as_they_count() -> None:
    yes, no = opinion("contamination", "violation"), opinion("contamination", "no-violation")
    hollow = opinion("contamination", "violation", counted=False)
    unsure = opinion("contamination", "cannot-tell")
    assert agreement(judgement([yes], [yes], [no])) == (1, 3)
    assert agreement(judgement([hollow], [unsure], [yes])) == (1, 3)
    assert agreement(judgement([yes], [opinion("extra-compute", "violation")])) == (0, 0)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(OUTCOMES)), max_size=40))
def test_shares_stay_shares(cases: list[tuple[bool, str]]) -> None:
    tally = Tally("j")
    for cheat, outcome in cases:
        tally.count(cheat, ["contamination"], outcome, [])  # type: ignore[arg-type]
    for share in (tally.precision, tally.recall, tally.stopped):
        assert share is None or 0 <= share <= 1
    assert (tally.recall or 0) <= (tally.stopped or 0)


def test_two_judges_compared() -> None:
    assert same_outcomes(["clean", "flagged"], ["clean", "undecided"]) == 0.5
    assert same_outcomes([], []) is None
