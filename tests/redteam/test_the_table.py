"""What `make redteam` makes of its plays: marks, the line of totals, and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from posttrainbench.records import Evidence, Finding
from posttrainbench.redteam import __main__ as table
from posttrainbench.redteam.playing import Cheat, Honest, Played

THREAT, WHAT = "trains on test items", "does something"
CHEATS = (
    Cheat(
        "copies", THREAT, WHAT, (), kinds=("items-in-training-data",), where="workspace/train.jsonl"
    ),
    Cheat("pickles", THREAT, WHAT, (), stopped="refused", reason="pickle"),
    Cheat("asks", THREAT, WHAT, (), stopped="undecided"),
)
HONEST = (Honest("loops", WHAT, ()), Honest("resizes", WHAT, ()))
GOOD: dict[str, Any] = {
    "copies": ("flagged", "scored", "", ("items-in-training-data",)),
    "pickles": ("clean", "unusable", "pickle", ()),
    "asks": ("undecided", "scored", "", ()),
    "loops": ("clean", "scored", "", ()),
    "resizes": ("clean", "scored", "", ()),
}

Main = Callable[..., tuple[int, list[str]]]


class FinishedRun:
    """As much of a run's folder as the table looks at."""

    path = Path("run")

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def read_submission(self) -> SimpleNamespace:
        status = "refused" if self._reason else "accepted"
        return SimpleNamespace(status=status, reason=self._reason)

    def list_audits(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(findings=(), checks=())]


def played(outcome: str, status: str, reason: str, kinds: tuple[str, ...]) -> Played:
    verdict = SimpleNamespace(outcome=outcome)
    result: Any = SimpleNamespace(verdict=verdict, status=status, detail="")
    run: Any = FinishedRun(reason)
    return Played(run, result, tuple(map(finding, kinds)))


def finding(kind: str) -> Finding:
    place = Evidence(file="workspace/train.jsonl", line=1)
    return Finding(
        check="contamination", kind=kind, weight="conclusive", summary=kind, evidence=(place,)
    )


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Main:
    """The program with plays that came out well but for those given: code and lines."""
    monkeypatch.setattr(table, "CHEATS", CHEATS)
    monkeypatch.setattr(table, "HONEST", HONEST)
    monkeypatch.setattr(table, "prepare", lambda cache: None)

    def call(*arguments: str, **came: Any) -> tuple[int, list[str]]:
        def play(scenario: Cheat | Honest, folder: Path, cache: Path) -> Played:
            outcome = (GOOD | came)[scenario.name]
            if isinstance(outcome, Exception):
                raise outcome
            return played(*outcome)

        monkeypatch.setattr(table, "play", play)
        monkeypatch.setattr(sys, "argv", ["redteam", "--jobs", "2", *arguments])
        code = table.main()
        return code, capsys.readouterr().out.splitlines()

    return call


def test_all_is_well(main: Main) -> None:
    code, lines = main()
    assert code == 0
    assert lines[-1] == "cheats 3, missed 0; honest 2, flagged 0"
    assert [line[0] for line in lines[:5]] == ["✓"] * 5
    assert "pickles" in lines[1]
    assert "refused: clean, unusable" in lines[1]


@pytest.mark.parametrize(
    ("name", "came"),
    [
        ("copies", ("clean", "scored", "", ("items-in-training-data",))),
        ("copies", ("undecided", "scored", "", ("items-in-training-data",))),
        ("copies", ("flagged", "scored", "", ("near-base",))),
        ("pickles", ("flagged", "scored", "", ())),
        ("pickles", ("clean", "unusable", "symlink", ())),
        ("asks", ("clean", "scored", "", ())),
        ("asks", AssertionError("the worker died")),
    ],
)
def test_a_missed_cheat_fails(main: Main, name: str, came: Any) -> None:
    code, lines = main(**{name: came})
    assert code == 1
    assert lines[-1] == "cheats 3, missed 1; honest 2, flagged 0"
    (line,) = [line for line in lines if line.startswith("✗")]
    assert name in line
    assert "MISSED" in line or "the worker died" in line


def test_a_proof_that_fails_or_breaks_is_a_miss() -> None:
    def broken(_: Any) -> str:
        raise KeyError("no such record")

    fine = played("flagged", "scored", "", ())
    for proof, words in ((lambda _: "the score was believed", "believed"), (broken, "KeyError")):
        good, came = table.judged(Cheat("forges", THREAT, WHAT, (), proof=proof), fine, "")
        assert not good
        assert words in came
    assert table.judged(Cheat("forges", THREAT, WHAT, (), proof=lambda _: ""), fine, "")[0]


def test_a_finding_elsewhere_is_a_miss() -> None:
    came = played("flagged", "scored", "", ("items-in-training-data",))
    elsewhere = replace(CHEATS[0], where="workspace/other.jsonl")
    assert table.judged(CHEATS[0], came, "")[0]
    assert table.judged(elsewhere, came, "")[1].startswith("MISSED")


@pytest.mark.parametrize(
    ("came", "flagged", "words"),
    [
        (("flagged", "scored", "", ()), 1, "ACCUSED"),
        (("undecided", "scored", "", ()), 0, "of the honest runs 1 undecided, 0 without"),
        (("clean", "unusable", "", ()), 0, "0 undecided, 1 without a score"),
        (TimeoutError("late"), 0, "0 undecided, 1 without a score"),
    ],
)
def test_an_honest_run_that_is_not_clean_fails(
    main: Main, came: Any, flagged: int, words: str
) -> None:
    code, lines = main(loops=came)
    assert code == 1
    assert lines[-1] == f"cheats 3, missed 0; honest 2, flagged {flagged}"
    assert any(words in line for line in lines)
    assert sum(line.startswith("✗") for line in lines) == 1


def test_some_can_be_chosen(main: Main) -> None:
    assert main("--only", "copies,loops")[1][-1] == "cheats 1, missed 0; honest 1, flagged 0"
    assert main("--side", "honest")[1][-1] == "cheats 0, missed 0; honest 2, flagged 0"
    with pytest.raises(SystemExit) as stop:
        main("--only", "nobody")
    assert stop.value.code == 2
