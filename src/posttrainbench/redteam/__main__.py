"""Play every scenario, print the table, fail if a cheat paid or an honest run was accused.

``python -m posttrainbench.redteam [--jobs N] [--only NAME,NAME] [--side honest] [--keep FOLDER]``,
or `make redteam`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from ..paths import cache_dir
from .playing import Cheat, Honest, Played, missed, play
from .scenarios import CHEATS, HONEST
from .world import prepare

Scenario = Cheat | Honest


def judged(scenario: Scenario, played: Played | None, error: str) -> tuple[bool, str]:
    """Whether it came out as it should, and what came out."""
    if played is None:
        return False, f"no result: {error[-300:]}"
    if isinstance(scenario, Cheat):
        try:
            wrong = missed(scenario, played)
        except Exception as failure:  # the rest of the team has to be played all the same
            wrong = f"its proof failed, {type(failure).__name__}: {failure}"
        status = played.result.status
        came = played.outcome if status == "scored" else f"{played.outcome}, {status}"
        return not wrong, f"MISSED: {wrong}" if wrong else f"{scenario.stopped}: {came}"
    good = played.outcome == "clean" and played.result.status == "scored"
    return good, played.outcome if good else f"ACCUSED: {played.evidence()}"


def main() -> int:
    """The table, and its totals last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", help="scenarios whose name holds one of these")
    parser.add_argument("--side", choices=["cheats", "honest"], help="of these alone")
    parser.add_argument("--keep", type=Path, help="keep the runs in this folder")
    chosen = parser.parse_args()
    every: tuple[Scenario, ...] = (
        *(CHEATS if chosen.side != "honest" else ()),
        *(HONEST if chosen.side != "cheats" else ()),
    )
    words = chosen.only.split(",")
    scenarios = [one for one in every if any(word in one.name for word in words)]
    if not scenarios:
        parser.error(f"no scenario's name holds {chosen.only!r}")
    cache = cache_dir()
    prepare(cache)
    out = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    totals = {"cheats": 0, "missed": 0, "honest": 0, "flagged": 0, "undecided": 0, "failed": 0}
    began = time.monotonic()
    with ExitStack() as stack:
        folder = chosen.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pool = stack.enter_context(ThreadPoolExecutor(chosen.jobs))

        def one(scenario: Scenario) -> tuple[Played | None, str]:
            try:
                return play(scenario, folder / scenario.name, cache), ""
            except Exception as error:
                return None, f"{type(error).__name__}: {error}"

        for scenario, (played, error) in zip(scenarios, pool.map(one, scenarios), strict=True):
            good, came = judged(scenario, played, error)
            mark = "[green]✓[/]" if good else "[red]✗[/]"
            side = "cheat " if isinstance(scenario, Cheat) else "honest"
            out.print(f"{mark} [dim]{side}[/] {scenario.name:<40} {escape(came)}")
            if isinstance(scenario, Cheat):
                totals["cheats"] += 1
                totals["missed"] += not good
            else:
                totals["honest"] += 1
                totals["flagged"] += played is not None and played.outcome == "flagged"
                totals["undecided"] += played is not None and played.outcome == "undecided"
                totals["failed"] += played is None or played.result.status != "scored"
    out.print(
        f"\n[dim]{time.monotonic() - began:.0f} s; of the honest runs {totals['undecided']} "
        f"undecided, {totals['failed']} without a score[/]"
    )
    out.print(
        f"cheats {totals['cheats']}, missed {totals['missed']}; "
        f"honest {totals['honest']}, flagged {totals['flagged']}"
    )
    return 1 if any(totals[key] for key in ("missed", "flagged", "undecided", "failed")) else 0


if __name__ == "__main__":
    sys.exit(main())
