"""Answers are paid for once: what is kept, what is asked anew, what counts as another case."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from judged_runs import always
from judged_runs import jury as jury_of
from scripted_grader import DOWN, WRONG_KEY, Reply, Request, ScriptedGrader

from posttrainbench.errors import AgentError, LeaseError
from posttrainbench.judge_eval import LabelledCase, read_cases
from posttrainbench.judge_eval.measuring import Measured, measure
from posttrainbench.records import write_json
from posttrainbench.runs.judging.sitting import Court

CASES, QUESTIONS = 2, 2


def run(cases: list[LabelledCase], jury: Any, folder: Path) -> Measured:
    return measure(cases, [jury], folder, court=Court(), progress=lambda _: None)


@pytest.fixture
def cases(labelled: Path) -> list[LabelledCase]:
    return read_cases(labelled)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"seconds": 77},
        {"tries": 1},
        {"juror": {"price": {"input": 1, "output": 2}}},
        {"juror": {"key_variable": "HOME"}},
    ],
    ids=["the same", "time", "tries", "price", "key"],
)
def test_the_same_judges_are_not_asked_twice(
    cases: list[LabelledCase], tmp_path: Path, changed: dict[str, Any]
) -> None:
    with ScriptedGrader(always("violation")) as server:
        first = run(cases, jury_of(server.url), tmp_path)
        assert len(server.requests) == 3 * CASES * QUESTIONS
        second = run(cases, jury_of(server.url, **changed), tmp_path)
        assert len(server.requests) == 3 * CASES * QUESTIONS
    assert first.outcomes == second.outcomes
    assert [vars(one) for one in first.tallies] == [vars(one) for one in second.tallies]


def test_a_larger_jury_asks_those_who_are_new(cases: list[LabelledCase], tmp_path: Path) -> None:
    with ScriptedGrader(always("violation")) as server:
        run(cases, jury_of(server.url, size=1), tmp_path)
        found = run(cases, jury_of(server.url, size=3), tmp_path)
        assert len(server.requests) == 3 * CASES * QUESTIONS
    assert found.tallies[1].answers == 3 * CASES * QUESTIONS


def test_another_judge_is_asked_for_itself(cases: list[LabelledCase], tmp_path: Path) -> None:
    with ScriptedGrader(always("violation")) as server:
        run(cases, jury_of(server.url, size=1), tmp_path)
        run(cases, jury_of(server.url, size=1, juror={"model": "other"}), tmp_path)
        run(cases, jury_of(server.url, size=1, juror={"reasoning_effort": "high"}), tmp_path)
        assert len(server.requests) == 3 * CASES * QUESTIONS


def test_what_was_lost_is_asked_anew(cases: list[LabelledCase], tmp_path: Path) -> None:
    with ScriptedGrader(always("violation")) as server:
        first = run(cases, jury_of(server.url), tmp_path)
        kept = sorted(tmp_path.rglob("judgement.json"))
        assert len(kept) == 3 * CASES
        kept[0].write_text("{")
        kept[1].unlink()  # as after a kill
        (kept[1].parent.parent / ".tmp-judging-0815").mkdir()
        asked = len(server.requests)
        second = run(cases, jury_of(server.url), tmp_path)
        assert len(server.requests) - asked == 2 * QUESTIONS
    assert first.outcomes == second.outcomes
    assert not list(tmp_path.rglob(".tmp-*"))


def test_a_judge_that_was_down_is_asked_anew_and_the_others_are_not(
    cases: list[LabelledCase], tmp_path: Path
) -> None:
    """The third request is refused, and so is every later one of the same sitting of that judge."""
    refused: list[int] = []

    def script(request: Request) -> str | Reply:
        if len(server.requests) == 3:
            refused.append(3)
            return WRONG_KEY
        return str(always("violation")(request))

    with ScriptedGrader(script) as server:
        first = run(cases, jury_of(server.url, size=3), tmp_path)
        assert refused
        assert first.tallies[1].silent == 1
        asked = len(server.requests)
        second = run(cases, jury_of(server.url, size=3), tmp_path)
        assert len(server.requests) - asked == QUESTIONS
    assert second.tallies[1].silent == 0


def test_an_endpoint_that_is_down_ends_it_and_nothing_is_kept_of_that(
    cases: list[LabelledCase], tmp_path: Path
) -> None:
    with ScriptedGrader(lambda _: DOWN) as server:
        jury = jury_of(server.url, size=1, tries=1)
        with pytest.raises(AgentError, match=r"can be asked.*overloaded") as error:
            run(cases, jury, tmp_path)
        assert str(tmp_path) in error.value.advice
        server.script = always("violation")
        found = run(cases, jury, tmp_path)
    assert found.tallies[1].recall == 1.0
    assert found.tallies[1].silent == 0


def test_a_malformed_answer_was_paid_for(cases: list[LabelledCase], tmp_path: Path) -> None:
    with ScriptedGrader(lambda _: "I would rather not say.") as server:
        jury = jury_of(server.url, size=1, tries=1)
        run(cases, jury, tmp_path)
        found = run(cases, jury, tmp_path)
        assert len(server.requests) == CASES * QUESTIONS
    assert found.tallies[1].silent == CASES * QUESTIONS


def test_dollars_are_those_of_the_sitting(cases: list[LabelledCase], tmp_path: Path) -> None:
    """120 tokens an answer at these prices: a judge costs 0.24, so the second is the last."""
    price = {"price": {"input": 1000, "output": 1000}}
    with ScriptedGrader(always("violation")) as server:
        jury = jury_of(server.url, size=3, max_cost=0.3, juror=price)
        first = run(cases, jury, tmp_path)
        asked = len(server.requests)
        assert asked < 3 * CASES * QUESTIONS
        assert first.tallies[1].silent
        richer = run(cases, jury.model_copy(update={"max_cost": 100.0}), tmp_path)
    assert richer.tallies[1].silent == 0
    assert richer.tallies[1].cost_usd == pytest.approx(3 * CASES * QUESTIONS * 0.12)
    assert first.tallies[1].cost_usd == pytest.approx(asked * 0.12)


def test_another_audit_is_another_case(labelled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cases"
    subprocess.run(["cp", "-a", labelled, copy], check=True)
    shutil.rmtree(copy / "honest")
    with ScriptedGrader(always("violation")) as server:
        jury = jury_of(server.url, size=1)
        run(read_cases(copy), jury, tmp_path / "kept")
        [case] = read_cases(copy)
        audit = case.run.list_audits()[-1]
        write_json(case.run.audits / "002.json", audit.model_copy(update={"number": 2}))
        run(read_cases(copy), jury, tmp_path / "kept")
        assert len(server.requests) == 2 * QUESTIONS
    assert len(list((tmp_path / "kept").rglob("judgement.json"))) == 2


def test_one_at_a_time(cases: list[LabelledCase], tmp_path: Path) -> None:
    with ScriptedGrader(always("violation")) as server:
        jury = jury_of(server.url, size=1)

        def while_at_work(text: str) -> None:
            if "cheat" in text:
                with pytest.raises(LeaseError, match="at work in"):
                    run(cases, jury, tmp_path)

        measure(cases, [jury], tmp_path, court=Court(), progress=while_at_work)
        assert len(server.requests) == CASES * QUESTIONS
