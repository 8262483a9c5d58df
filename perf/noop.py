"""What a run costs beside agent and evaluation: `noop`, which does nothing, up to the verdict.

What remains is ours: settling the spec, hashing the weights, laying the desk, the sandbox, the
records, the audit.  Weights and items are fetched before the clock runs.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from posttrainbench import RunSpec
from posttrainbench.records import RunDir
from posttrainbench.runs.api import create
from posttrainbench.runs.worker import Worker

RUNS = 5
STAGES = ("prepare", "solve", "collect", "audit")
SPEC = RunSpec(model="smollm2-135m", benchmark="bfcl-demo", agent="noop", budget="1m")


def main() -> None:
    """In this process, where everything is imported already, and as commands of their own."""
    with tempfile.TemporaryDirectory(prefix="ptb-perf-") as name:
        results = Path(name)
        in_process(results)  # fetches weights and items
        inside = [in_process(results) for _ in range(RUNS)]
        command = [as_command(results) for _ in range(RUNS)]
        agent = statistics.median(
            RunDir.open(path).list_attempts()[0].seconds for path in results.iterdir()
        )
        for stage in STAGES:
            print(f"    {stage:<8} {stage_seconds(results, stage):.2f} s")
    for title, times in (("noop run, in process", inside), ("noop run, ptb worker", command)):
        seconds = statistics.median(times)
        print(
            f"{title}: ours {seconds:.2f} s, baseline {agent:.2f} s, "
            f"ratio {seconds / max(agent, 1e-3):.1f} (aim < 2 s; baseline: the agent's own time)"
        )


def in_process(results: Path) -> float:
    started = time.perf_counter()
    Worker(create(SPEC, results)).run(STAGES)
    return time.perf_counter() - started


def as_command(results: Path) -> float:
    run_dir = create(SPEC, results)
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "posttrainbench", "worker", run_dir.path,
         "--stages", ",".join(STAGES)],
        stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return time.perf_counter() - started


def stage_seconds(results: Path, stage: str) -> float:
    """Median over all runs, from their journals."""
    return statistics.median(
        float(RunDir.open(path).journal.done_stages()[stage].data["seconds"])
        for path in results.iterdir()
    )


if __name__ == "__main__":
    main()
