"""`ptb desk` and `ptb evaluate`: the agent's desk for a person; one evaluation of any folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def desk(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    model: Annotated[str, typer.Option(help="Base model; see `ptb list models`.")],
    benchmark: Annotated[str, typer.Option(help="See `ptb list benchmarks`.")],
    budget: Annotated[str, typer.Option(help="As the prompt will say.")] = "10h",
) -> None:
    """Lay the agent's desk into a folder, for a person to look at or to work on."""
    from ..runs.visit import lay_for_person
    from .terminal import TerminalReporter

    reporter = TerminalReporter()
    try:
        lay_for_person(folder, model, benchmark, budget, reporter.progress)
    finally:
        reporter.close()
    typer.echo(f"the desk is laid in {folder}; the agent is told what stands in {folder}/PROMPT.md")
    typer.echo(f"try: cd {folder} && {sys.executable} evaluate.py --model-path MODEL --limit 5")


def evaluate(
    model: Annotated[str, typer.Argument(help="A model folder, or a base model's name.")],
    benchmark: Annotated[str, typer.Option(help="See `ptb list benchmarks`.")],
    base: Annotated[
        str | None, typer.Option(help="The base model it descends from; decides the template.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Number of items; -1 takes all.")] = -1,
    seed: Annotated[int, typer.Option(help="Run seed.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--json-output-file", help="Write the metrics here.")
    ] = None,
) -> None:
    """Evaluate one model folder on one benchmark, without a run."""
    from ..runs.visit import evaluate_folder
    from .show import percent
    from .terminal import TerminalReporter

    reporter = TerminalReporter()
    try:
        measured = evaluate_folder(
            model,
            base=base,
            benchmark=benchmark,
            limit=limit,
            seed=seed,
            output=output,
            progress=reporter.progress,
        )
    finally:
        reporter.close()
    error = f" ± {100 * measured.stderr:.1f}" if measured.stderr is not None else ""
    typer.echo(f"{benchmark}: {percent(measured.score)}{error} on {measured.samples} items")
