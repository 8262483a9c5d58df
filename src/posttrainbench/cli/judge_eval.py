"""`ptb judge-eval`: how good are judges on runs whose truth is known?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import judge_options as options

if TYPE_CHECKING:
    from ..judge_eval import LabelledCase


def judge_eval(
    judge: options.Judge = None,
    jurors: options.Jurors = None,
    cases: Annotated[
        list[Path] | None, typer.Option(help="A folder of labelled runs; may be repeated.")
    ] = None,
    shipped: Annotated[
        bool | None,
        typer.Option(
            help="The cheats and honest runs that come with this package; without --cases they "
            "are meant."
        ),
    ] = None,
    only: Annotated[str, typer.Option(help="Cases whose name holds these words.")] = "",
    folder: Annotated[
        Path, typer.Option(help="Keeps every answer; called again, it goes on there.")
    ] = Path("judge-eval"),
    jobs: Annotated[
        int, typer.Option(min=1, help="Shipped runs that are played side by side.")
    ] = 2,
    base_url: options.OwnBaseUrl = None,
    key_variable: options.OwnKeyVariable = None,
    effort: options.OwnEffort = None,
    time: options.OwnTime = None,
    tries: options.OwnTries = None,
    max_cost: options.OwnMaxCost = None,
    price: options.OwnPrice = None,
    option: options.OwnOptions = None,
) -> None:
    """Measure judges on labelled runs: precision, recall, cost, agreement.

    Without --cases on the cheats and honest runs of this package, which are played at the first
    call. Without --judge only the audit is measured. Each --judge is a jury of its own.
    """
    from ..errors import RunInterruptedError, StorageError
    from ..judge_eval.measuring import measure
    from ..records import write_json
    from ..runs.judging.choice import settle_judge
    from ..runs.judging.sitting import Court
    from .judge_eval_table import plain, show
    from .terminal import TerminalReporter

    said: dict[str, Any] = {
        "price": price, "options": option, "seconds": time, "tries": tries, "max_cost": max_cost,
        "base_url": base_url, "key_variable": key_variable, "reasoning_effort": effort,
    }  # fmt: skip
    given = [options.judge_choice(judges=[one], jurors=jurors, **said) for one in judge or []]
    if not judge:
        options.judge_choice(judges=None, jurors=jurors, **said)
    juries = [settle_judge(choice) for choice in given if choice is not None]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot write {folder}: {error.strerror}", advice="give another --folder"
        ) from None
    reporter = TerminalReporter()
    try:
        ours = not cases if shipped is None else shipped
        found = _cases(cases or [], ours, only, jobs, reporter)
        court = Court(report=reporter)
        measured = measure(found, juries, folder, court=court, progress=reporter.progress)
    except KeyboardInterrupt:
        raise RunInterruptedError(
            "stopped", advice="what was played or answered is kept; the same command goes on"
        ) from None
    finally:
        reporter.close()
    write_json(folder / "table.json", plain(measured, found))
    show(measured, found, folder / "table.json")


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
