"""Was the agent's output seen whole?  What it did unseen can't be called clean."""

from __future__ import annotations

from ..records import Attempt, Finding
from ..units import format_size
from . import Case
from .gateway_log import gateway_rows
from .policy import finding


class TraceCheck:
    """Looks at how each attempt ended and whether all of its output was kept."""

    name = "trace"

    def applies(self, case: Case) -> str:
        return "" if case.attempts else "the agent was never started"

    def run(self, case: Case) -> list[Finding]:
        kept = sum(path.is_file() for path in case.outputs)
        told = sum(attempt.output_bytes > 0 for attempt in case.attempts)
        findings = [finding for attempt in case.attempts for finding in self._attempt(attempt)]
        if kept < told:
            findings.append(
                self._open_question(
                    f"the output of {told - kept} of {told} attempts is missing",
                    missing=told - kept,
                )
            )
        lost = sum(
            row["lost"] for _, row in gateway_rows(case.gateway) if _is_count(row.get("lost"))
        )
        if lost:
            summary = f"{lost} or more requests to models are missing in the gateway's log"
            findings.append(self._open_question(summary, lost=lost))
        return findings

    def _attempt(self, attempt: Attempt) -> list[Finding]:
        findings = []
        if attempt.output_dropped:
            findings.append(
                self._open_question(
                    f"attempt {attempt.number} wrote {format_size(attempt.output_dropped)} more "
                    "than was kept: it was not seen whole and cannot be judged clean unseen",
                    dropped=attempt.output_dropped,
                )
            )
        if attempt.ended == "worker-died":
            findings.append(
                finding(
                    self.name,
                    "interrupted",
                    f"attempt {attempt.number} ended because the worker died",
                )
            )
        return findings

    def _open_question(self, summary: str, **measures: float) -> Finding:
        return finding(self.name, "trace-incomplete", summary, measures=measures)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
