"""`ptb desk`: the agent's desk, laid for a person."""

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
