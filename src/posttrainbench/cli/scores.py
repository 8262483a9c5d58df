"""`ptb show` and `ptb score`: read records, print tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def show(
    run: Annotated[str, typer.Argument(help="A run directory.")],
    evidence: Annotated[
        bool, typer.Option("--evidence", help="The verdict's reasons, and where to check them.")
    ] = False,
) -> None:
    """What happened in a run, stage by stage, with verdict and evidence."""
    from .show import open_run, print_run

    if evidence:
        from .evidence import print_evidence

        print_evidence(open_run(run))
    else:
        print_run(open_run(run))


def score(
    results: Annotated[Path, typer.Argument(help="A folder of run directories.")],
    view: Annotated[
        str, typer.Option(help="strict: base score for flagged and missing; observed: as seen.")
    ] = "strict",
) -> None:
    """The leaderboard of a results folder."""
    from .leaderboard import print_leaderboard

    print_leaderboard(results, view)
