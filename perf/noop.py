"""What a run costs beside the agent and the evaluation: the agent `noop`, which leaves no model.

Without a submission nothing is evaluated, so what remains is ours: settling the spec, laying the
desk, the sandbox, the records, the audit.  Weights and items are fetched before the clock runs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from posttrainbench import RunSpec, run
from posttrainbench.records import RunDir

RUNS = 3
CELL = {"model": "smollm2-135m", "benchmark": "bfcl-demo", "agent": "noop"}


def main() -> None:
    """Once from Python, in this process, and once as the command."""
    with tempfile.TemporaryDirectory(prefix="ptb-perf-") as name:
        results = Path(name)
        spec = RunSpec(**CELL, budget="1m")
        run(spec, results)  # fills the caches
        inside = statistics.median(timed_run(spec, results) for _ in range(RUNS))
        command = statistics.median(timed_command(results) for _ in range(RUNS))
        agent, stages = breakdown(results)
    print("    " + ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in stages.items()))
    for title, seconds in (("noop run (Python)", inside), ("noop run (ptb run)", command)):
        print(
            f"{title}: ours {seconds:.2f} s, baseline {agent:.2f} s (the agent's own time), "
            f"ratio {seconds / max(agent, 1e-3):.1f} (aim < 2 s)"
        )


def timed_run(spec: RunSpec, results: Path) -> float:
    started = time.perf_counter()
    run(spec, results)
    return time.perf_counter() - started


def timed_command(results: Path) -> float:
    options = [f"--{key}={value}" for key, value in CELL.items()]
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "posttrainbench", "run", *options, f"--results={results}",
         "--budget=1m"],
        stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=os.environ, check=True,
    )  # fmt: skip
    return time.perf_counter() - started


def breakdown(results: Path) -> tuple[float, dict[str, float]]:
    """Of the newest run: the agent's own seconds, and those of each stage."""
    newest = max(results.iterdir(), key=lambda path: path.stat().st_mtime)
    result = RunDir.open(newest).result()
    return result.agent_seconds, result.stage_seconds


if __name__ == "__main__":
    main()
