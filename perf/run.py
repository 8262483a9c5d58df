"""`make perf`: run the benchmarks of this folder in turn and put their figures into one table.

    make perf                  all of them
    make perf ARGS="startup"   only these

A benchmark is a script beside this one.  It prints a line a figure:

    NAME: ours X, baseline Y, ratio Z (aim AIM)

Nothing is asserted about time: figures depend on the machine, ratios less so.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).resolve().parent
LINE = re.compile(r"(?P<name>[^:]+): ours (.+?), baseline (.+?), ratio (.+?) \(aim (.+)\)")


def main(names: list[str]) -> int:
    """Run the named benchmarks, all without a name; 1 when one of them broke."""
    known = sorted(p.stem for p in FOLDER.glob("*.py") if p.stem != "run" and p.stem[0] != "_")
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    rows: list[tuple[str, ...]] = []
    broken = []
    for name in names or known:
        started = time.monotonic()
        print(f"--- {name}", flush=True)
        figures, status = measure(FOLDER / f"{name}.py")
        rows += figures
        print(f"    ({time.monotonic() - started:.0f} s)", flush=True)
        if status or not figures:
            broken.append(name)
    show(rows)
    if broken:
        print(f"without figures: {', '.join(broken)} (see above)", file=sys.stderr)
    return 1 if broken else 0


def measure(script: Path) -> tuple[list[tuple[str, ...]], int]:
    """Run one benchmark, passing its output on; its figures and its exit status."""
    rows = []
    process = subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        if match := LINE.fullmatch(line.strip()):
            rows.append(match.groups())
    return rows, process.wait()


def show(rows: list[tuple[str, ...]]) -> None:
    table = Table(title=f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    for title in ("figure", "ours", "baseline", "ratio", "aim"):
        table.add_column(title, justify="left" if title in ("figure", "aim") else "right")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 110).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
