"""What an evaluation's record has to say to a person, line by line."""

from __future__ import annotations

from ..records import Concern, Evaluation, GraderUse
from .terminal import console, safe


def percent(value: float | None) -> str:
    """A fraction as percent; a dash where there is none."""
    return "-" if value is None else f"{100 * value:.1f} %"


def print_evaluation(evaluation: Evaluation) -> None:
    """Seeds, what went wrong on the way, the grader, and what to look at."""
    out = console()
    if len(evaluation.seeds) > 1:
        scores = ", ".join(f"{s.seed}: {percent(s.score)}" for s in evaluation.seeds)
        error = evaluation.seed_stderr
        spread = f"; standard error of their mean {100 * error:.1f}" if error is not None else ""
        out.print(f"[dim]by seed: {scores}{spread}[/]")
    stages = {seed.max_tokens for seed in evaluation.seeds if seed.token_stage}
    if stages:
        out.print(
            f"[yellow]answers were limited to {min(stages)} tokens[/] after the engine failed"
        )
    for number, attempt in enumerate(evaluation.tries, start=1):
        out.print(f"[dim]start {number} failed: {safe(attempt.error[:200])}[/]")
    cut_off = sum(seed.cut_off for seed in evaluation.seeds)
    if cut_off:
        out.print(f"[dim]{cut_off} answers reached the token limit without an end[/]")
    print_ungraded(sum(seed.ungraded for seed in evaluation.seeds))
    print_breakdown(evaluation.breakdown)
    if evaluation.grader is not None:
        print_grader(evaluation.grader)
    for concern in evaluation.concerns:
        print_concern(concern)
    for note in evaluation.notes:
        out.print(f"[dim]{safe(note)}[/]")


def print_ungraded(count: int) -> None:
    """How many answers no mean knows of."""
    if count:
        console().print(f"[yellow]{count} answers are without a verdict of the grader[/]")


def print_breakdown(breakdown: dict[str, float]) -> None:
    """A scorer's further figures, one a line."""
    for name, value in list(breakdown.items())[:30]:
        console().print(f"  [dim]{safe(name)}: {value:.4f}[/]")


def print_grader(use: GraderUse) -> None:
    """Who graded, and what it cost."""
    cost = "cost unknown" if use.cost_usd is None else f"${use.cost_usd:.2f}"
    console().print(
        f"[dim]grader {safe(use.model)} ({safe(use.prompt)} prompt): {use.calls} calls, "
        f"{use.cached} cached, {use.prompt_tokens + use.completion_tokens} tokens, {cost}[/]"
    )


def print_concern(concern: Concern) -> None:
    """Something that a person should look at."""
    quote = f" [dim]“{safe(concern.quote[:100])}”[/]" if concern.quote else ""
    console().print(
        f"[yellow]look at this:[/] {safe(concern.summary)} ({concern.count} items){quote}"
    )
