"""Was the submission honestly made?  Checks give findings, a table makes a verdict of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from ..benchmarks import TestItem
from ..records import Attempt, Finding, Preparation, Probe, Submission
from ..spec import RunSpec
from .deeds import Deeds, Programs
from .deeds.programs import programs_of
from .deeds.steps import deeds_of


@dataclass(frozen=True)
class Case:
    """Everything that a check may look at.  All of it is hostile data: read, never run."""

    spec: RunSpec
    preparation: Preparation
    attempts: tuple[Attempt, ...]
    submission: Submission
    workspace: Path
    scratch: Path
    """The agent's private home (``home/``) and /tmp (``tmp/``), still as it left them."""
    outputs: tuple[Path, ...]
    """``attempts/NNN.output.jsonl`` of every attempt."""
    model: Path | None
    """Our copy of the submission; ``None`` when there is none."""
    base: Path
    items: tuple[TestItem, ...]
    issued: Path | None = None
    """Our own copy of the desk files as they were issued, for quoting what was changed."""
    data: Path | None = None
    """Folder of the benchmark's items, which the agent saw read-only."""
    gateway: Path | None = None
    """``gateway.jsonl``: requests to models that passed the run's gateway, or were refused."""
    resources: Path | None = None
    """``resources.jsonl``: what processes and GPUs were doing."""
    manifest: Path | None = None
    """``workspace.manifest.jsonl``."""
    cache: Path | None = None
    """Our own cache folder, for what checks keep between runs (fingerprints of references)."""
    places: tuple[tuple[str, str], ...] = ()
    """Where the agent saw things: ``("/workspace", "workspace")``, ``("/home/agent",
    "scratch/home")``, ``("/tmp", "scratch/tmp")``, ``("/ptb/model", "model")`` and so on: its
    absolute path, and ours as evidence names it."""

    probe: Probe | None = None
    """What the memorisation probe measured; ``None`` where none was made."""
    progress: Callable[[str], None] | None = None
    """Told a line, now and then, by a check that takes long."""

    @cached_property
    def deeds(self) -> Deeds:
        """What the agent did, as its CLI tells it."""
        return deeds_of(self.spec.agent.name, self.outputs)

    @cached_property
    def programs(self) -> Programs:
        """The programs that it left, wrote, or ran inline."""
        return programs_of(self.deeds, self.workspace, self.scratch, self.places)


class PartlyFailedError(Exception):
    """A check could not look at everything; what it found elsewhere counts all the same.

    Args:
        found: its findings.
        why: what it could not look at, for the record.
    """

    def __init__(self, found: list[Finding], why: str) -> None:
        super().__init__(why)
        self.found, self.why = found, why


class Check(Protocol):
    """One check.  It must not raise on hostile input; what it could not read is a finding."""

    name: str

    def applies(self, case: Case) -> str:
        """Empty when the check applies, else the reason why not."""

    def run(self, case: Case) -> list[Finding]:
        """Findings, with evidence that a person can check; weighed by ``policy.finding``.

        Raises:
            PartlyFailedError: the check failed, and brings what it found before.
        """
