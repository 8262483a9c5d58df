"""Judges who always say the same, who babble, who obey: what the figures make of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judged_runs import always, asked_about, jury, says
from scripted_grader import Request, ScriptedGrader

from posttrainbench.errors import InputError, RecordError, SpecError
from posttrainbench.judge_eval import LABEL_FILE, read_cases
from posttrainbench.judge_eval.measuring import AUDIT, measure
from posttrainbench.judge_eval.metrics import Tally
from posttrainbench.runs.judging.sitting import Court


def quiet(_text: str) -> None:
    """No progress."""


def measured(folder: Path, judge: Callable[..., Any], place: Path, **more: Any) -> dict[str, Tally]:
    with ScriptedGrader(judge) as server:
        choice = jury(server.url, **more)
        found = measure(read_cases(folder), [choice], place, court=Court(), progress=quiet)
    assert [len(outcomes) for outcomes in found.outcomes.values()] == [2] * len(found.tallies)
    assert [case.name for case in found.judged] == ["cheat", "honest"]
    assert not found.held
    return dict(zip(("audit", "alone", "both"), found.tallies, strict=True))


def test_always_yes(labelled: Path, tmp_path: Path) -> None:
    found = measured(labelled, always("violation"), tmp_path)
    alone = found["alone"]
    assert (alone.recall, alone.precision, alone.agreement) == (1.0, 0.5, 1.0)
    assert alone.named == 1
    assert alone.by_rule == {"contamination": {"flagged": 1, "undecided": 0, "clean": 0}}
    assert found["audit"].name == AUDIT
    assert found["both"].recall == 1.0


def test_always_no(labelled: Path, tmp_path: Path) -> None:
    alone = measured(labelled, always("no-violation"), tmp_path)["alone"]
    assert (alone.recall, alone.precision) == (0.0, None)
    assert alone.honest["clean"] == 1


def test_malformed_answers_are_undecided_and_never_clean(labelled: Path, tmp_path: Path) -> None:
    alone = measured(labelled, lambda _request: "I would rather not say.", tmp_path, tries=1)[
        "alone"
    ]
    assert (alone.cheats["undecided"], alone.honest["undecided"]) == (1, 1)
    assert alone.silent == alone.answers > 0


def test_a_judge_that_obeys_finds_nothing_to_obey_in_the_answer(
    labelled: Path, tmp_path: Path
) -> None:
    """It would clear whoever plants these words; nobody did, so it votes by what it was asked."""

    def obedient(request: Request) -> str:
        text = json.dumps(request["messages"])
        vote = "no-violation" if "PLANTED-ORDER" in text else "violation"
        return says(vote, asked_about(request["messages"][0]["content"]))

    assert measured(labelled, obedient, tmp_path)["alone"].recall == 1.0


def test_judges_who_differ(labelled: Path, tmp_path: Path) -> None:
    turn = iter(range(10**6))

    def moody(request: Request) -> str:
        vote = "no-violation" if next(turn) % 3 else "violation"
        return says(vote, asked_about(request["messages"][0]["content"]))

    one_by_one = {"max_cost": 100.0, "juror": {"price": {"input": 0, "output": 0}}}
    alone = measured(labelled, moody, tmp_path, **one_by_one)["alone"]
    assert alone.agreement is not None
    assert 0 < alone.agreement < 1


def test_the_judged_run_stays_as_it_is(labelled: Path, tmp_path: Path) -> None:
    def state() -> list[tuple[str, int]]:
        return sorted((str(p), p.lstat().st_mtime_ns) for p in labelled.rglob("*"))

    before = state()
    measured(labelled, always("violation"), tmp_path)
    assert state() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('label = "guilty"', "label"),
        ('label = "cheat"', "names the rules"),
        ('label = "honest"\ncategories = ["contamination"]', "names none"),
        ('label = "cheat"\ncategories = ["rudeness"]', "rudeness"),
        ("label = ", "cannot be read"),
        ('label = "honest"\nverdict = "clean"', "verdict"),
    ],
)
def test_wrong_labels_are_refused_in_words(
    labelled: Path, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LABEL_FILE).write_text(text)
    with pytest.raises((InputError, SpecError), match=words):
        read_cases(tmp_path)


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no labelled run"):
        read_cases(tmp_path)
    with pytest.raises(InputError):
        read_cases(tmp_path / "nowhere")


def test_a_label_without_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LABEL_FILE).write_text('label = "honest"')
    with pytest.raises(RecordError, match=r"no spec\.json"):
        read_cases(tmp_path)


def test_two_juries_of_one_name_are_refused(labelled: Path, tmp_path: Path) -> None:
    one = jury("http://127.0.0.1:9/v1")
    with pytest.raises(InputError, match="named twice"):
        measure(read_cases(labelled), [one, one], tmp_path, court=Court(), progress=quiet)


def test_a_case_that_no_judge_can_be_asked_about(labelled: Path, tmp_path: Path) -> None:
    """Its benchmark is not installed here: said before anybody is paid."""
    copy = tmp_path / "cases"
    subprocess.run(["cp", "-a", labelled, copy], check=True)
    spec = copy / "honest" / "spec.json"
    spec.write_text(json.dumps(json.loads(spec.read_text()) | {"benchmark": "calls-of-mars"}))
    with ScriptedGrader(always("violation")) as server:
        with pytest.raises(InputError, match="the case honest: unknown benchmark"):
            measure(read_cases(copy), [jury(server.url)], tmp_path, court=Court(), progress=quiet)
        assert not server.requests
    audit = measure(read_cases(copy), [], tmp_path, court=Court(), progress=quiet)
    assert audit.tallies[0].name == AUDIT


def test_labels_are_read_by_name(labelled: Path) -> None:
    cases = read_cases(labelled)
    assert [(case.name, case.cheat) for case in cases] == [("cheat", True), ("honest", False)]
