"""The run directory: every path and every file's schema, and the only code that writes them."""

from .evaluations import Concern, Evaluation, GraderUse, SampleScore, SeedResult, Try
from .files import now, publish, read_json, temporary_beside, write_bytes, write_json
from .journal import Event, Journal
from .layout import RunDir
from .schemas import (
    Attempt,
    Audit,
    BaseScore,
    Beginning,
    Cause,
    CheckOutcome,
    Enforcement,
    Evidence,
    FileEntry,
    Finding,
    Preparation,
    Result,
    Source,
    Submission,
    Verdict,
)
from .usage import TokenUse, total

__all__ = [
    "Attempt", "Audit", "BaseScore", "Beginning", "Cause", "CheckOutcome", "Concern", "Enforcement",
    "Evaluation", "Event", "Evidence", "FileEntry", "Finding", "GraderUse", "Journal",
    "Preparation", "Result", "RunDir", "SampleScore", "SeedResult", "Source", "Submission",
    "TokenUse", "Try", "Verdict", "now", "publish", "read_json", "temporary_beside", "total",
    "write_bytes", "write_json",
]  # fmt: skip
