"""`ptb demo`: the benchmark on a laptop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    results: Annotated[Path, typer.Option(help="Where the run directories go.")] = Path(
        "results/demo"
    ),
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete earlier runs first.")] = False,
    sandbox: Annotated[str, typer.Option(help="auto, bubblewrap or host.")] = "auto",
) -> None:
    """Four real runs with a small model: nothing done, honest training, and two cheats."""
    from ..demo.run import run_demo
    from ..sandboxes.choose import choose
    from .leaderboard import print_demo
    from .terminal import TerminalReporter, console, warn_if_open

    out = console()
    out.rule("[bold]PostTrainBench demo[/]")
    chosen = choose(sandbox)
    out.print(f"sandbox: {chosen.name} {chosen.probe().version}")
    warn_if_open(chosen)

    def announce(name: str, title: str) -> TerminalReporter:
        out.print(f"\n[bold]{name}[/]: {title}")
        return TerminalReporter()

    print_demo(run_demo(results, sandbox=sandbox, fresh=fresh, announce=announce), results)
