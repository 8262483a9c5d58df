"""One review of a run: every check, then the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from .. import __version__, registry
from ..errors import PTBError
from ..records import Audit, CheckOutcome, Finding, now
from . import Case, Check, PartlyFailedError
from .files.quoting import quote
from .verdict import conclude

Progress = Callable[[str], None]


def review(case: Case, number: int, progress: Progress | None = None) -> Audit:
    """Run all installed checks on ``case``.

    A check that cannot be loaded or that raises is recorded as failed, with the reason; such a run
    is never judged clean, and never lost.

    Args:
        case: what may be looked at.
        number: the audit's number in the run directory.
        progress: called with a line when a check begins.
    """
    findings: list[Finding] = []
    outcomes: list[CheckOutcome] = []
    for name in registry.names("check"):
        if progress:
            progress(f"audit: {name}")
        found, outcome = _run(name, case)
        findings += found
        outcomes.append(outcome)
    return Audit(
        at=now(),
        package_version=__version__,
        number=number,
        checks=tuple(outcomes),
        findings=tuple(findings),
        verdict=conclude(findings, outcomes),
    )


def _run(name: str, case: Case) -> tuple[Iterable[Finding], CheckOutcome]:
    start = time.monotonic()

    def outcome(status: str, note: str = "") -> CheckOutcome:
        seconds = round(time.monotonic() - start, 3)
        return CheckOutcome.model_validate(
            {"check": name, "status": status, "seconds": seconds, "note": note}
        )

    try:
        check: Check = registry.make("check", name)
        if reason := check.applies(case):
            return (), outcome("not-applicable", reason)
        try:
            found, failed = check.run(case), ""
        except PartlyFailedError as error:
            found, failed = error.found, error.why
        found = [Finding.model_validate(finding) for finding in found]
        return found, outcome("failed", quote(failed)) if failed else outcome("done")
    except PTBError as error:
        return (), outcome("failed", quote(error.what))
    except Exception as error:
        return (), outcome("failed", quote(f"{type(error).__name__}: {error}"))
