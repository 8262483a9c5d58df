"""`ptb judge`: let judges look at a run that is over, once more or for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import judge_options as options

if TYPE_CHECKING:
    from ..records import Judgement, RunDir


def judge(
    run: Annotated[str, typer.Argument(help="A run directory.")],
    judge: options.Judge = None,
    jurors: options.Jurors = None,
    base_url: options.OwnBaseUrl = None,
    key_variable: options.OwnKeyVariable = None,
    effort: options.OwnEffort = None,
    time: options.OwnTime = None,
    tries: options.OwnTries = None,
    max_cost: options.OwnMaxCost = None,
    price: options.OwnPrice = None,
    option: options.OwnOptions = None,
) -> None:
    """Judge a run: by the judges of its spec, or by others. What was judged before is kept."""
    from ..runs.judging.again import judge_again
    from .show import open_run
    from .terminal import TerminalReporter

    choice = options.judge_choice(
        judges=judge,
        jurors=jurors,
        price=price,
        options=option,
        seconds=time,
        tries=tries,
        max_cost=max_cost,
        base_url=base_url,
        key_variable=key_variable,
        reasoning_effort=effort,
    )
    directory = open_run(run)
    reporter = TerminalReporter()
    try:
        judgement = judge_again(directory, choice, reporter)
    finally:
        reporter.close()
    _print(directory, judgement)


def _print(run: RunDir, judgement: Judgement) -> None:
    from ..runs.verdicts import current
    from .show import COLOURS
    from .terminal import console, safe

    out = console()
    for ruling in judgement.rulings:
        votes = ", ".join(f"{count} {vote}" for vote, count in ruling.votes.items())
        out.print(f"{ruling.category}: [bold]{ruling.ruled}[/] [dim]({votes or 'no vote'})[/]")
    for juror in judgement.jurors:
        if juror.status != "answered":
            out.print(
                f"[yellow]judge {juror.number} on {juror.question} gave no answer:[/] "
                f"{safe(juror.detail)}"
            )
    cost = "unknown" if judgement.cost_usd is None else f"${judgement.cost_usd:.2f}"
    out.print(f"[dim]sitting {judgement.number}, cost {cost}[/]")
    verdict = current(run)
    colour = COLOURS[verdict.outcome]
    out.print(f"now: [bold {colour}]{verdict.outcome}[/], by {verdict.decided_by}")
    out.print(f"[dim]more: ptb show {safe(str(run.path))} --evidence[/]")
