"""The text of a parquet file, read by a confined child process.

A parquet reader is a large C++ program; a file made to crash it must cost a child, not the worker.
The child gets the open file as standard input, limits on memory and time, and a bare environment.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

MEMORY = 8 << 30
"""Bytes of address space of the child."""
SECONDS = 600
"""Processor seconds of the child."""
_LONGEST = 16_000_000


class RowsError(Exception):
    """The file was not read to its end; ``harmless`` when only the reader is missing."""

    def __init__(self, why: str, *, harmless: bool = False) -> None:
        super().__init__(why)
        self.harmless = harmless


def parquet_rows(descriptor: int) -> Iterator[str]:
    """The text of each row: all its strings, however deep they stand, joined by line breaks.

    Raises:
        RowsError: after the rows that could be read.
    """
    if find_spec("pyarrow") is None:
        raise RowsError("pyarrow is not installed", harmless=True)
    os.lseek(descriptor, 0, os.SEEK_SET)
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=descriptor,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        cwd="/",
    ) as child:
        assert child.stdout is not None
        try:
            while line := child.stdout.readline(_LONGEST):
                try:
                    yield json.loads(line)
                except ValueError:
                    raise RowsError("a row is too long") from None
        finally:
            if child.poll() is None and not _closed(child):
                child.kill()
    if child.returncode:
        raise RowsError(f"the reader ended with status {child.returncode}")


def _closed(child: subprocess.Popen[bytes]) -> bool:
    """Whether the child ends by itself: it has closed its output and is about to go."""
    try:
        child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        return False
    return True


def _main() -> int:
    """The child: parquet on standard input, one JSON string a line on standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    pyarrow.set_cpu_count(1)
    file = parquet.ParquetFile(pyarrow.PythonFile(os.fdopen(0, "rb"), mode="r"))
    for batch in file.iter_batches(batch_size=64, use_threads=False):
        for row in batch.to_pylist():
            sys.stdout.write(json.dumps("\n".join(_strings(row))) + "\n")
    sys.stdout.flush()
    return 0


def _strings(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, bytes):
            yield node.decode("utf-8", "replace")
        elif isinstance(node, dict):
            pending.extend(reversed(list(node.values())))
        elif isinstance(node, list):
            pending.extend(reversed(node))


if __name__ == "__main__":
    sys.exit(_main())
