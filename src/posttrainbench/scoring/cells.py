"""A cell: what one run contributes to a score, and what a penalty makes of it.

The record of a run holds the raw score only.  What counts instead of it, and why, is decided here,
in one of two views:

``strict``
    what the published leaderboard shows: a flagged run, an undecided one, and one without a usable
    submission count as the untouched base model.
``observed``
    what was seen: a flagged run counts as the base model, an undecided one and one without a usable
    submission are shown and left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from ..catalog import ReferenceKind, all_models, reference_score, weights
from ..records import Result
from ..spec import AgentChoice, RunSpec
from ..units import format_duration

View = Literal["strict", "observed"]
How = Literal["raw", "base", "left-out"]


@dataclass(frozen=True, order=True)
class Contestant:
    """Who played under which conditions; only runs of equal contestants are repeats."""

    agent: str
    model: str = ""
    """The model behind the agent, where the run named one."""
    options: tuple[tuple[str, str], ...] = ()
    budget_seconds: float = 0.0
    """0 for a reference, which was given no time."""

    @property
    def label(self) -> str:
        """For a table: ``codex (gpt-5.2, effort=high)``."""
        extra = [self.model] if self.model else []
        extra += [f"{key}={value}" for key, value in self.options]
        return f"{self.agent} ({', '.join(extra)})" if extra else self.agent

    @property
    def budget(self) -> str:
        """For a table: ``9h 58m``; empty for a reference."""
        return format_duration(self.budget_seconds) if self.budget_seconds else ""


@dataclass(frozen=True)
class Cell:
    """One run (or one published reference) of one base model on one benchmark."""

    run: str
    """The run directory, for a person who wants to look; empty for a reference."""
    contestant: Contestant
    model: str
    benchmark: str
    raw: float | None
    """What the submission scored: a fraction."""
    base: float | None
    """What the untouched base model scores in this cell."""
    status: str
    verdict: str
    categories: tuple[str, ...] = ()
    comparable: bool = True
    protocol_version: str = "1"
    cost_usd: float | None = None
    """What the agent's models cost; ``None`` where it is not known."""


@dataclass(frozen=True)
class Counted:
    """What one cell counts as in one view."""

    cell: Cell
    value: float | None
    """``None``: it is left out."""
    how: How
    why: str = ""
    """Empty when the raw score counts."""


def cell_of(result: Result, spec: RunSpec, run: str) -> Cell:
    """The cell of a finished run."""
    return Cell(
        run=run,
        contestant=Contestant(
            agent=spec.agent.name,
            model=spec.agent.model or "",
            options=_conditions(spec.agent),
            budget_seconds=spec.budget.seconds,
        ),
        model=result.model,
        benchmark=result.benchmark,
        raw=result.score,
        base=result.base_score.value if result.base_score else None,
        status=result.status,
        verdict=result.verdict.outcome,
        categories=result.verdict.categories,
        comparable=result.comparable,
        protocol_version=result.protocol_version,
        cost_usd=result.cost_usd,
    )


def _conditions(choice: AgentChoice) -> tuple[tuple[str, str], ...]:
    """What tells one way of playing from another, beside agent, model and budget.

    The version of a CLI is not among them: it changes weekly, and the record has it.
    """
    named = dict(choice.options)
    if choice.reasoning_effort is not None:
        named["effort"] = choice.reasoning_effort
    if choice.base_url is not None:
        named["endpoint"] = urlsplit(choice.base_url).netloc
    if choice.reprompt.most:
        named["reprompt"] = str(choice.reprompt.most)
    return tuple(sorted(named.items()))


def count(cell: Cell, view: View) -> Counted:
    """Apply the penalties of a view.

    A flagged run loses its score in both views, whatever became of its submission.
    """
    if cell.verdict == "flagged":
        names = ", ".join(cell.categories)
        return _as_base(cell, f"flagged: {names}" if names else "flagged")
    trouble = _trouble(cell)
    if not trouble:
        return Counted(cell, cell.raw, "raw")
    if view == "strict":
        return _as_base(cell, trouble)
    return Counted(cell, None, "left-out", trouble)


def reference_cells(kind: ReferenceKind) -> list[Cell]:
    """The published scores of models that nobody post-trained here, as the 28 cells of one run."""
    names = {
        "base": "base model",
        "instruct": "official instruct model",
        "base-few-shot": "base model, few-shot",
    }
    cells = []
    for model in all_models():
        for benchmark in weights():
            score = reference_score(model.key, benchmark, kind)
            if score:
                cells.append(
                    Cell(
                        run="",
                        contestant=Contestant(names[kind]),
                        model=model.key,
                        benchmark=benchmark,
                        raw=score.value,
                        base=None,
                        status="scored",
                        verdict="clean",
                    )
                )
    return cells


def _trouble(cell: Cell) -> str:
    """Why the raw score cannot count by itself."""
    if cell.status != "scored":
        return cell.status
    if cell.verdict != "clean":
        return cell.verdict
    return "" if cell.raw is not None else "no score"


def _as_base(cell: Cell, why: str) -> Counted:
    base = cell.base
    if base is None:
        published = reference_score(cell.model, cell.benchmark)
        base = published.value if published else None
    if base is None:
        return Counted(cell, None, "left-out", f"{why}; the base score is unknown")
    return Counted(cell, base, "base", why)
