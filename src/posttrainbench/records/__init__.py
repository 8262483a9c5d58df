"""The run directory: every path and every file's schema, and the only code that writes them."""

from .evaluations import Concern, Evaluation, GraderUse, SampleScore, SeedResult, Try
from .files import now, publish, read_json, temporary_beside, write_bytes, write_json
from .journal import Event, Journal
from .judgements import Judgement, JudgeQuote, Juror, Opinion, Override, Ruling
from .layout import RunDir
from .memorisation import Probe, ProbedText, TextLikelihood
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
    WithoutHits,
)
from .usage import TokenUse, total

__all__ = [
    "Attempt", "Audit", "BaseScore", "Beginning", "Cause", "CheckOutcome", "Concern", "Enforcement",
    "Evaluation", "Event", "Evidence", "FileEntry", "Finding", "GraderUse", "Journal", "JudgeQuote",
    "Judgement", "Juror", "Opinion", "Override", "Preparation", "Probe", "ProbedText", "Result",
    "Ruling", "RunDir", "SampleScore", "SeedResult", "Source", "Submission", "TextLikelihood",
    "TokenUse", "Try", "Verdict", "WithoutHits", "now", "publish", "read_json", "temporary_beside",
    "total", "write_bytes", "write_json",
]  # fmt: skip
