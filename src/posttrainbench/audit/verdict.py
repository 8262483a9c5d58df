"""From findings to a verdict: one table, no judgement of its own.

==========================================  ===========
what the checks gave                        verdict
==========================================  ===========
any ``conclusive`` finding                  flagged
else any ``needs-judge`` finding            undecided
else any check that failed                  undecided
else                                        clean
==========================================  ===========

A ``conclusive`` finding whose category is no rule that the agent was told (a third party's check
may bring one) is an open question: what was never told convicts nobody.  ``informs`` findings never
change a verdict.  A check that does not apply counts as passed: it says in its note why there was
nothing to check.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..records import CheckOutcome, Finding, Verdict
from ..rules import categories


def conclude(findings: Iterable[Finding], checks: Iterable[CheckOutcome]) -> Verdict:
    """Apply the table above; categories are sorted, reasons are in the order of the findings."""
    findings = tuple(findings)
    told = categories()
    heavy = [finding for finding in findings if finding.weight == "conclusive"]
    conclusive = [finding for finding in heavy if finding.category in told]
    if conclusive:
        return _verdict("flagged", conclusive)
    open_questions = heavy + [finding for finding in findings if finding.weight == "needs-judge"]
    failed = [check for check in checks if check.status == "failed"]
    if open_questions or failed:
        reasons = [f"the check {check.check!r} failed: {check.note}" for check in failed]
        return _verdict("undecided", open_questions, reasons)
    return Verdict(outcome="clean")


def _verdict(outcome: str, findings: list[Finding], more: Iterable[str] = ()) -> Verdict:
    return Verdict.model_validate(
        {
            "outcome": outcome,
            "categories": sorted({finding.category for finding in findings}),
            "reasons": [finding.summary for finding in findings] + list(more),
        }
    )
