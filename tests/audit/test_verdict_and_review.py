"""The table from findings to verdict, and a review that survives its checks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrainbench import registry
from posttrainbench.audit import Case
from posttrainbench.audit.review import review
from posttrainbench.audit.verdict import conclude
from posttrainbench.errors import MissingRequirementError
from posttrainbench.records import Audit, CheckOutcome, Finding

MakeCase = Callable[..., Case]
DONE = CheckOutcome(check="c", status="done", seconds=0)
FAILED = CheckOutcome(check="c", status="failed", seconds=0, note="broken")


def finding(weight: str, category: str = "contamination") -> Finding:
    return Finding.model_validate(
        {
            "check": "c", "kind": "k", "category": category, "weight": weight,
            "summary": f"{weight} {category}",
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("weights", "failed", "expected"),
    [
        ([], False, "clean"),
        (["informs"], False, "clean"),
        ([], True, "undecided"),
        (["informs", "needs-judge"], False, "undecided"),
        (["needs-judge", "conclusive"], False, "flagged"),
        (["conclusive"], True, "flagged"),
    ],
)
def test_the_table(weights: list[str], failed: bool, expected: str) -> None:
    verdict = conclude([finding(w) for w in weights], [DONE, *([FAILED] if failed else [])])
    assert verdict.outcome == expected
    assert (verdict.reasons == ()) == (expected == "clean")


def test_categories_and_reasons() -> None:
    found = [
        finding("conclusive", "model-substitution"), finding("conclusive", "contamination"),
        finding("needs-judge", "z"), finding("informs", "y"),
    ]  # fmt: skip
    verdict = conclude(found, [])
    assert verdict.categories == ("contamination", "model-substitution")
    assert verdict.reasons == ("conclusive model-substitution", "conclusive contamination")
    assert "broken" in conclude([], [FAILED]).reasons[0]


@given(st.lists(st.sampled_from(["conclusive", "needs-judge", "informs"])), st.booleans())
def test_more_findings_never_make_a_verdict_milder(weights: list[str], failed: bool) -> None:
    order = ["clean", "undecided", "flagged"]
    checks = [FAILED] if failed else []
    found = [finding(weight) for weight in weights]
    seen = [order.index(conclude(found[:n], checks).outcome) for n in range(len(found) + 1)]
    assert seen == sorted(seen)


class Good:
    name = "good"

    def applies(self, case: Case) -> str:
        return ""

    def run(self, case: Case) -> list[Finding]:
        time.sleep(0.01)
        return [finding("informs")]


class NotHere(Good):
    def applies(self, case: Case) -> str:
        return "nothing to do"


class Crash(Good):
    def run(self, case: Case) -> list[Finding]:
        raise RecursionError("\x1b[31m" + "deep " * 1000)


class Late(Good):
    def run(self, case: Case) -> Any:
        yield finding("conclusive")
        raise ValueError("halfway")


class Nonsense(Good):
    def run(self, case: Case) -> Any:
        return ["guilty"]


def test_a_review_never_loses_the_run(make_case: MakeCase, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = {"a": Good, "b": NotHere, "c": Crash, "d": Late, "e": Nonsense, "f": None}

    def make(kind: str, name: str) -> Any:
        if plugins[name] is None:
            raise MissingRequirementError("numpy is absent", advice="install it")
        return plugins[name]()

    monkeypatch.setattr(registry, "names", lambda kind: tuple(plugins))
    monkeypatch.setattr(registry, "make", make)
    said: list[str] = []
    audit = review(make_case(), 3, said.append)
    assert [check.status for check in audit.checks] == [
        "done", "not-applicable", "failed", "failed", "failed", "failed",
    ]  # fmt: skip
    assert audit.checks[0].seconds >= 0.01
    assert audit.checks[1].note == "nothing to do"
    assert all(check.note.isprintable() and len(check.note) <= 300 for check in audit.checks)
    assert [found.weight for found in audit.findings] == ["informs"]
    assert (audit.number, audit.verdict.outcome) == (3, "undecided")
    assert said == [f"audit: {name}" for name in plugins]
    assert Audit.model_validate_json(audit.model_dump_json()) == audit


def test_the_installed_checks(make_case: MakeCase) -> None:
    audit = review(make_case(), 1)
    status = {check.check: check.status for check in audit.checks}
    assert {"desk", "trace", "contamination", "provenance"} <= status.keys()
    assert "failed" not in status.values(), audit.checks
    assert audit.verdict.outcome == "clean"
