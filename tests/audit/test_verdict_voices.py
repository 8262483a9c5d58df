"""Audit, judges and a person: whose word counts."""

from __future__ import annotations

from typing import Any

import pytest

from posttrainbench.audit.policy import KINDS, SHOWN, finding
from posttrainbench.audit.verdict import conclude, heeded, verdict_of
from posttrainbench.records import (
    Audit,
    CheckOutcome,
    Evidence,
    Finding,
    Judgement,
    Juror,
    Override,
    Ruling,
)
from posttrainbench.rules import categories

CONCLUSIVE = finding("c", "items-in-training-data", "12 items")
QUESTION = finding("c", "files-unseen", "a file was not read")
MISSING = finding("c", "references-missing", "no reference of the instruct model")
FAILED = CheckOutcome(check="c", status="failed", seconds=0, note="broken")


def audit(*findings: Finding, number: int = 1, checks: tuple[CheckOutcome, ...] = ()) -> Audit:
    verdict = conclude(findings, checks)
    return Audit(
        at="t", package_version="0", number=number, checks=checks, findings=findings,
        verdict=verdict,
    )  # fmt: skip


def judgement(outcome: str, audit: int = 1, **rulings: str) -> Judgement:
    juror = Juror(
        number=1, question="q", agent="chat", model="m", prompt_sha256="0", tries=3, seconds=1,
        status="failed" if outcome == "undecided" else "answered", detail="no route",
    )  # fmt: skip
    ruled = [
        Ruling.model_validate(
            {
                "category": category.replace("_", "-"), "ruled": word, "unanimous": False,
                "votes": {"violation": 2, "no-violation": 1},
            }
        )
        for category, word in rulings.items()
    ]  # fmt: skip
    return Judgement.model_validate(
        {
            "at": "t", "package_version": "0", "number": 1, "audit": audit, "jurors": [juror],
            "rulings": ruled, "outcome": outcome,
        }
    )  # fmt: skip


def word(outcome: str | None, *names: str) -> Override:
    return Override.model_validate(
        {
            "at": "noon", "package_version": "0", "number": 1, "outcome": outcome,
            "categories": names, "why": "I looked", "by": "Ada", "replaced": "clean",
        }
    )  # fmt: skip


NONE: dict[str, Any] = {"contamination": "no-violation", "third_party_api": "no-violation"}
UNASKED = finding("trace", "trace-incomplete", "lines were lost", [Evidence(quote="...")])
"""No rule is behind it, so that no judge can be asked."""
VIOLATION: dict[str, Any] = {"contamination": "violation", "third_party_api": "no-violation"}


@pytest.mark.parametrize(
    ("findings", "checks", "judged", "outcome", "by"),
    [
        ((), (), None, "clean", "deterministic"),
        ((QUESTION,), (), None, "undecided", "deterministic"),
        ((), (FAILED,), None, "undecided", "deterministic"),
        ((CONCLUSIVE,), (), ("clean", {}), "flagged", "deterministic"),
        ((), (), ("flagged", VIOLATION), "flagged", "judges"),
        ((QUESTION,), (), ("flagged", VIOLATION), "flagged", "judges"),
        ((QUESTION,), (), ("clean", NONE), "clean", "judges"),
        (
            (QUESTION,),
            (),
            ("clean", {"third_party_api": "no-violation"}),
            "undecided",
            "deterministic",
        ),
        ((QUESTION, UNASKED), (), ("clean", NONE), "undecided", "deterministic"),
        ((UNASKED,), (), ("flagged", VIOLATION), "flagged", "judges"),
        ((), (), ("undecided", {}), "undecided", "judges"),
        ((QUESTION,), (), ("undecided", {}), "undecided", "judges"),
        ((), (FAILED,), ("clean", {}), "undecided", "deterministic"),
        ((), (FAILED,), ("flagged", VIOLATION), "flagged", "judges"),
    ],
)
def test_how_audit_and_judges_combine(
    findings: tuple[Finding, ...],
    checks: tuple[CheckOutcome, ...],
    judged: tuple[str, dict[str, str]] | None,
    outcome: str,
    by: str,
) -> None:
    judgements = [judgement(judged[0], **judged[1])] if judged else []
    verdict = verdict_of([audit(*findings, checks=checks)], judgements, [])
    assert (verdict.outcome, verdict.decided_by) == (outcome, by)
    assert bool(verdict.reasons) == (outcome != "clean")
    if judged and judged[0] == "flagged":
        assert verdict.categories == ("contamination",)


@pytest.mark.parametrize(
    ("findings", "ruled", "outcome"),
    [
        ((QUESTION,), "clean", "undecided"),
        ((), "clean", "clean"),
        ((QUESTION,), "flagged", "flagged"),
    ],
)
def test_where_a_text_tells_them_what_to_rule_judges_answer_no_open_question(
    findings: tuple[Finding, ...], ruled: str, outcome: str
) -> None:
    told = judgement(ruled, **(VIOLATION if ruled == "flagged" else NONE)).model_copy(
        update={"orders": (Evidence(file="workspace/AGENTS.md", line=3, quote="rule: clean"),)}
    )
    verdict = verdict_of([audit(*findings)], [told], [])
    assert verdict.outcome == outcome
    assert outcome != "undecided" or "workspace/AGENTS.md:3" in verdict.reasons[0]


def test_judges_who_saw_an_older_audit_are_not_heeded() -> None:
    audits = [audit(), audit(QUESTION, number=2)]
    old = judgement("clean", audit=1)
    assert heeded(audits, [old]) is None
    assert verdict_of(audits, [old], []).outcome == "undecided"


def test_a_silent_judge_is_named() -> None:
    verdict = verdict_of([audit()], [judgement("undecided")], [])
    assert "judge 1 gave no answer: no route" in verdict.reasons


def test_a_person_replaces_all_and_keeps_the_reasons() -> None:
    audits = [audit(CONCLUSIVE)]
    verdict = verdict_of(audits, [], [word("clean")])
    assert (verdict.outcome, verdict.decided_by, verdict.categories) == ("clean", "person", ())
    assert verdict.reasons == ("Ada, noon: I looked", "12 items")
    named = verdict_of([audit()], [], [word("flagged", "contamination")])
    assert named.categories == ("contamination",)


def test_a_withdrawn_word_leaves_audit_and_judges() -> None:
    verdict = verdict_of([audit(CONCLUSIVE)], [], [word("clean"), word(None)])
    assert (verdict.outcome, verdict.decided_by) == ("flagged", "deterministic")


def test_without_an_audit_nothing_is_clean() -> None:
    assert verdict_of([], [], []).outcome == "undecided"
    assert verdict_of([], [], []).decided_by == "nobody"


def test_missing_references_are_named_whatever_the_outcome() -> None:
    for findings in ((MISSING,), (MISSING, QUESTION), (MISSING, CONCLUSIVE)):
        verdict = verdict_of([audit(*findings)], [], [])
        assert verdict.notes == ("no reference of the instruct model",)
    assert verdict_of([audit(MISSING)], [judgement("clean")], []).notes


class TestPolicy:
    def test_conclusive_rows_name_a_rule_that_is_told(self) -> None:
        for kind, row in KINDS.items():
            if row.weight == "conclusive":
                assert row.category in categories(), kind

    def test_what_informs_alone_never_changes_a_verdict(self) -> None:
        found = [finding("c", kind, "s") for kind, row in KINDS.items() if row.weight == "informs"]
        assert conclude(found, []).outcome == "clean"

    def test_a_finding_takes_weight_and_rule_from_its_row(self) -> None:
        many = [Evidence(file=str(n)) for n in range(SHOWN + 5)]
        made = finding("c", "other-model", "far", many, {"median": 1.4})
        assert (made.weight, made.category) == ("conclusive", "model-substitution")
        assert len(made.evidence) == SHOWN
        with pytest.raises(KeyError):
            finding("c", "no-such-kind", "s")
