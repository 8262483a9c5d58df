"""Was the submission honestly made?  Checks give findings, a table makes a verdict of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..benchmarks import TestItem
from ..records import Attempt, Finding, Preparation, Submission
from ..spec import RunSpec


@dataclass(frozen=True)
class Case:
    """Everything that a check may look at.  All of it is hostile data: read, never run."""

    spec: RunSpec
    preparation: Preparation
    attempts: tuple[Attempt, ...]
    submission: Submission
    workspace: Path
    scratch: Path
    """The agent's private home and /tmp, still as it left them."""
    outputs: tuple[Path, ...]
    """``attempts/NNN.output.jsonl`` of every attempt."""
    model: Path | None
    """Our copy of the submission; ``None`` when there is none."""
    base: Path
    items: tuple[TestItem, ...]
    issued: Path | None = None
    """Our own copy of the desk files as they were issued, for quoting what was changed."""


class Check(Protocol):
    """One check.  It must not raise on hostile input; what it could not read is a finding."""

    name: str

    def applies(self, case: Case) -> str:
        """Empty when the check applies, else the reason why not."""

    def run(self, case: Case) -> list[Finding]:
        """Findings, with evidence that a person can check."""
