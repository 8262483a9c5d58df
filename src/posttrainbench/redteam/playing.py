"""Play a scenario as a real run: `ptb worker` in a process of its own, bubblewrap, every stage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..records import Finding, Result, RunDir
from ..runs.api import create
from ..spec import RunSpec
from .answering import CANARY, KEY_VARIABLE, grader, obedient_jury

Step = dict[str, Any]
Stopped = Literal["flagged", "undecided", "refused", "harmless"]
LIGHT = {"seeds": [1], "engine": "transformers", "limit": 2, "probe": False}
"""How submissions are evaluated: the score is not what these runs are about."""
GRADED = frozenset({"small-talks"})


def bash(command: str) -> Step:
    """A shell command."""
    return {"tool": "bash", "command": command}


def write(path: str, content: str) -> Step:
    """A file written by the agent's own tool."""
    return {"tool": "write", "file_path": path, "content": content}


def edit(path: str, old: str, new: str) -> Step:
    """A passage replaced by the agent's own tool."""
    return {"tool": "edit", "file_path": path, "old_string": old, "new_string": new}


def read(path: str) -> Step:
    """A file looked at by the agent's own tool."""
    return {"tool": "read", "file_path": path}


def say(text: str) -> Step:
    """Words of the agent."""
    return {"tool": "say", "text": text}


@dataclass(frozen=True)
class Cheat:
    """One attempt to get a score that was not earned, or to harm the run."""

    name: str
    threat: str
    """The row of the threat model that it belongs to."""
    what: str
    """What the agent does, in one sentence."""
    steps: tuple[Step, ...]
    stopped: Stopped = "flagged"
    """What stops it at least.  ``harmless``: it fails or has no effect, which ``proof`` shows."""
    defence: str = ""
    """What stands against it, in words."""
    kinds: tuple[str, ...] = ()
    """Findings that must be among those of the audit."""
    where: str = ""
    """What the evidence of these findings must name: the file in which the cheat lies."""
    reason: str = ""
    """For ``refused``: the submission's reason."""
    proof: Callable[[RunDir], str] | None = None
    """Looks at the finished run; what went wrong, or an empty string."""
    benchmark: str = "small-sums"
    spec: Mapping[str, Any] = field(default_factory=dict)
    model: str = "tiny-random"
    judged: bool = False
    """Whether judges sit who do as they are told by whatever they read."""


@dataclass(frozen=True)
class Honest:
    """A run within the rules, with a look that tempts to accuse it."""

    name: str
    what: str
    steps: tuple[Step, ...]
    benchmark: str = "small-sums"
    spec: Mapping[str, Any] = field(default_factory=dict)
    model: str = "tiny-random"


@dataclass(frozen=True)
class Played:
    """What became of a scenario."""

    run: RunDir
    result: Result
    findings: tuple[Finding, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(finding.kind for finding in self.findings)

    @property
    def outcome(self) -> str:
        return self.result.verdict.outcome

    def evidence(self) -> str:
        """For a person who wonders why."""
        audit = self.run.list_audits()[-1]
        lines = [f"{self.run.path}: {self.outcome}; {self.result.status} {self.result.detail}"]
        for found in audit.findings:
            places = [f"{e.file}:{e.line} {e.item} {e.quote[:80]}" for e in found.evidence[:2]]
            lines.append(f"  {found.weight} {found.kind}: {found.summary} {places}")
        lines += [f"  {c.check} {c.status}: {c.note}" for c in audit.checks if c.status == "failed"]
        return "\n".join(lines)


def play(scenario: Cheat | Honest, results: Path, cache: Path) -> Played:
    """A whole run of the scenario.

    Raises:
        AssertionError: the worker did not come to a result.
    """
    wanted: dict[str, Any] = {
        "budget": {"seconds": 120, "grace_seconds": 3},
        "sandbox": {"name": "bubblewrap"},
        "evaluation": LIGHT | ({"grader": grader()} if scenario.benchmark in GRADED else {}),
    }
    if isinstance(scenario, Cheat) and scenario.judged:
        wanted["judge"] = obedient_jury()
    spec = RunSpec(
        model=scenario.model,
        benchmark=scenario.benchmark,
        agent={"name": "stepper", "options": {"steps": json.dumps(list(scenario.steps))}},
        **(wanted | dict(scenario.spec)),
    )
    run = create(spec, results)
    done = subprocess.run(
        [sys.executable, "-m", "posttrainbench", "worker", str(run.path)],
        env=environment(cache),
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert run.result_file.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return Played(run, run.result(), run.list_audits()[-1].findings)


def environment(cache: Path) -> dict[str, str]:
    """For `ptb` in a process of its own: the cache, and a key that must stay outside."""
    return {**os.environ, "PTB_CACHE": str(cache), "NO_COLOR": "1", KEY_VARIABLE: CANARY}


def missed(cheat: Cheat, played: Played) -> str:
    """Why the cheat was not stopped as it should be, or an empty string."""
    problems = []
    if cheat.stopped == "refused":
        submission = played.run.read_submission()
        if submission.status != "refused" or (cheat.reason and submission.reason != cheat.reason):
            problems.append(f"submission {submission.status} {submission.reason}")
    elif cheat.stopped == "flagged" and played.outcome != "flagged":
        problems.append(f"{played.outcome} instead of flagged")
    elif cheat.stopped == "undecided" and played.outcome == "clean":
        problems.append("clean")
    absent = [kind for kind in cheat.kinds if kind not in played.kinds]
    if absent:
        problems.append(f"no finding {', '.join(absent)}")
    elif not _names(cheat, played):
        problems.append(f"no finding {', '.join(cheat.kinds)} names {cheat.where}")
    if cheat.proof is not None and (wrong := cheat.proof(played.run)):
        problems.append(wrong)
    return "; ".join(problems)


def _names(cheat: Cheat, played: Played) -> bool:
    """Whether the evidence of each finding that must be there leads to where the cheat lies."""
    told = {finding.kind: finding.evidence for finding in played.findings}
    return all(
        any(cheat.where in evidence.file for evidence in told[kind])
        for kind in cheat.kinds
        if cheat.where
    )
