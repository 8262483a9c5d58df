"""How long `ptb --help` takes, against an interpreter that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 11
PTB = Path(sys.executable).parent / "ptb"
COMMANDS: dict[str, list[str]] = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import posttrainbench": [sys.executable, "-c", "import posttrainbench"],
    "ptb --help": [str(PTB), "--help"],
}


def seconds(argv: list[str]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    subprocess.run(argv, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main() -> None:
    """Alternate the commands, so that a busy moment of the machine meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for argv in COMMANDS.values():
        seconds(argv)  # byte code and disk cache
    for _ in range(RUNS):
        for name, argv in COMMANDS.items():
            times[name].append(seconds(argv))
    median = {name: statistics.median(values) for name, values in times.items()}
    base = median["python -c pass"]
    for name, aim in (("import posttrainbench", "none"), ("ptb --help", "< 0.3 s")):
        print(
            f"{name}: ours {median[name]:.3f} s, baseline {base:.3f} s, "
            f"ratio {median[name] / base:.1f} (aim {aim})"
        )


if __name__ == "__main__":
    main()
