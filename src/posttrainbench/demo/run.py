"""The demo: four real runs of the small cell, one after another, resumable as a whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from ..errors import InputError, RunInterruptedError
from ..records import Result, RunDir
from ..registry import make
from ..runs.api import settle
from ..runs.context import Reporter
from ..runs.worker import Worker
from ..spec import EvaluationChoice, RunSpec, SandboxChoice

MODEL = "smollm2-135m"
BENCHMARK = "bfcl-demo"
AGENTS = ("noop", "reference", "tamper-evaluator", "train-on-test")
BUDGET = "4m"

Announce = Callable[[str, str], Reporter]


def demo_spec(agent: str, sandbox: str) -> RunSpec:
    """The spec of one demo run.

    Without the memorisation probe: on two cores it would take as long as all the rest, and a
    benchmark of function calls, whose answers are copied from the questions, tells it little.
    """
    return RunSpec(
        model=MODEL,
        benchmark=BENCHMARK,
        agent=agent,
        budget=BUDGET,
        sandbox=SandboxChoice(name=sandbox),
        evaluation=EvaluationChoice(probe=False),
        label="demo",
    )


def run_demo(
    results: Path, *, sandbox: str, fresh: bool, announce: Announce
) -> list[tuple[RunDir, Result]]:
    """Run, or go on with, all four; finished ones are left as they are.

    Args:
        results: one run directory an agent below it, named after the agent.
        fresh: delete these run directories first.
        announce: told each run before it starts; gives the reporter for it.

    Raises:
        RunInterruptedError: stopped by a person; calling again goes on.
    """
    finished = []
    for name in AGENTS:
        path = results / name
        if fresh and path.exists():
            _delete(path)
        reporter = announce(name, make("agent", name).title)
        run = RunDir.open(path) if path.exists() else _create(path, name, sandbox)
        if run.result_file.exists() and "result" in run.journal.done_stages():
            reporter.stage("all", "done", "finished earlier; --fresh starts over")
        elif not Worker(run, report=reporter).run():
            raise RunInterruptedError(
                f"the demo was stopped in {path}; nothing done is lost",
                advice="call it again to go on",
            )
        finished.append((run, run.result()))
    return finished


def _create(path: Path, agent: str, sandbox: str) -> RunDir:
    return RunDir.create_at(path, settle(demo_spec(agent, sandbox)))


def _delete(path: Path) -> None:
    """Delete a run directory, and nothing that is not one."""
    if not (path / "spec.json").is_file():
        raise InputError(
            f"{path} is no run directory and is not deleted",
            advice="move it away, or choose another --results folder",
        )
    shutil.rmtree(path)
