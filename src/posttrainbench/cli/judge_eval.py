"""`ptb judge-eval`: how good are judges on runs whose truth is known?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import judge_options as options

if TYPE_CHECKING:
    from ..judge_eval import LabelledCase
    from ..judge_eval.measuring import Measured


def judge_eval(
    judge: options.Judge = None,
    jurors: options.Jurors = None,
    cases: Annotated[
        list[Path] | None, typer.Option(help="A folder of labelled runs; may be repeated.")
    ] = None,
    shipped: Annotated[
        bool, typer.Option(help="The cheats and honest runs that come with this package.")
    ] = True,
    only: Annotated[str, typer.Option(help="Cases whose name holds these words.")] = "",
    folder: Annotated[
        Path, typer.Option(help="Keeps every judgement; called again, it goes on there.")
    ] = Path("judge-eval"),
    jobs: Annotated[int, typer.Option(help="Shipped runs that are played side by side.")] = 2,
    base_url: Annotated[str | None, typer.Option(help="Another endpoint for the judges.")] = None,
    key_variable: Annotated[
        str | None, typer.Option(help="Environment variable with their key.")
    ] = None,
    effort: Annotated[str | None, typer.Option(help="Their reasoning effort.")] = None,
    time: Annotated[str | None, typer.Option(help="For one answer of one judge: 30m.")] = None,
    max_cost: Annotated[float | None, typer.Option(help="Dollars for one sitting.")] = None,
    price: Annotated[
        str | None, typer.Option(help="Dollars per million tokens: INPUT,OUTPUT[,CACHED].")
    ] = None,
) -> None:
    """Measure judges on labelled runs: precision, recall, cost, agreement.

    Without --judge only the audit is measured. Each --judge is a jury of its own.
    """
    from ..judge_eval.measuring import measure
    from ..records import write_json
    from ..runs.judging.choice import settle_judge
    from ..runs.judging.sitting import Court
    from .terminal import TerminalReporter

    said: dict[str, Any] = {
        "price": price, "options": None, "seconds": time, "tries": None, "max_cost": max_cost,
        "base_url": base_url, "key_variable": key_variable, "reasoning_effort": effort,
    }  # fmt: skip
    given = [options.judge_choice(judges=[one], jurors=jurors, **said) for one in judge or []]
    if not judge:
        options.judge_choice(judges=None, jurors=jurors, **said)
    juries = [settle_judge(choice) for choice in given if choice is not None]
    reporter = TerminalReporter()
    try:
        found = _cases(cases or [], shipped, only, jobs, reporter)
        court = Court(report=reporter)
        measured = measure(found, juries, folder, court=court, progress=reporter.progress)
    finally:
        reporter.close()
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "table.json", _plain(measured, found))
    _print(measured, found, folder)


def _cases(
    folders: list[Path], shipped: bool, only: str, jobs: int, reporter: Any
) -> list[LabelledCase]:
    from ..errors import InputError
    from ..judge_eval import read_cases
    from ..paths import cache_dir

    found = [case for folder in folders for case in read_cases(folder)]
    found = [case for case in found if only in case.name]
    if shipped:
        from ..redteam.labelled import labelled_cases, scenarios

        chosen = [scenario for scenario in scenarios() if only in scenario.name]
        found += labelled_cases(cache_dir(), jobs=jobs, progress=reporter.progress, chosen=chosen)
    if not found:
        raise InputError("there is no case to judge", advice="leave --only out, or give --cases")
    twice = {case.name for case in found if sum(c.name == case.name for c in found) > 1}
    if twice:
        raise InputError(
            f"two cases are named {min(twice)!r}", advice="rename one of the run directories"
        )
    return found


def _plain(measured: Measured, cases: list[LabelledCase]) -> dict[str, Any]:
    rows = []
    for tally in measured.tallies:
        rows.append(
            {
                "name": tally.name, "cheats": tally.cheats, "honest": tally.honest,
                "precision": tally.precision, "recall": tally.recall, "stopped": tally.stopped,
                "named": tally.named, "agreement": tally.agreement, "answers": tally.answers,
                "silent": tally.silent, "cost_usd": tally.cost_usd, "seconds": tally.seconds,
            }
        )  # fmt: skip
    by_case = {
        case.name: {"label": case.label.model_dump()}
        | {name: outcomes[number] for name, outcomes in measured.outcomes.items()}
        for number, case in enumerate(cases)
    }
    return {"rows": rows, "cases": by_case}


def _print(measured: Measured, cases: list[LabelledCase], folder: Path) -> None:
    from rich.table import Table

    from ..judge_eval.measuring import AUDIT
    from ..judge_eval.metrics import same_outcomes
    from .terminal import console, safe

    cheats = sum(case.cheat for case in cases)
    out = console()
    out.print(f"{cheats} cheats and {len(cases) - cheats} honest runs")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in (
        "who", "precision", "recall", "stopped", "cheats f/u/c", "honest f/u/c", "agree",
        "as audit", "silent", "cost",
    ):  # fmt: skip
        table.add_column(column, justify="left" if column == "who" else "right")
    for tally in measured.tallies:
        like = same_outcomes(measured.outcomes[tally.name], measured.outcomes[AUDIT])
        cost = "?" if tally.cost_usd is None else f"${tally.cost_usd:.2f}"
        judged = tally.answers > 0
        table.add_row(
            safe(tally.name), _share(tally.precision), _share(tally.recall), _share(tally.stopped),
            "/".join(map(str, tally.cheats.values())), "/".join(map(str, tally.honest.values())),
            _share(tally.agreement), _share(like), str(tally.silent) if judged else "-",
            cost if judged else "-",
        )  # fmt: skip
    out.print(table)
    out.print(
        "[dim]f/u/c: flagged, undecided, clean; stopped: not clean; agree: equal votes of two "
        f"judges; as audit: the same outcome; everything: {safe(str(folder / 'table.json'))}[/]"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
