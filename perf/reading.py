"""Reading files for the contamination scan, against the plain library of each form.

    python perf/reading.py [--mb 100]

The same generated records in each form.  The baseline gives the text and nothing else: it decodes
no base64, looks for no lists of numbers, and trusts the file.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as arrow
from pyarrow import ipc, parquet

from posttrainbench.audit.reading.open_any import documents

_TEXT = (
    "the of and to in a is that for it as was with on by heron lantern harbour silver counted "
    "number price total apples train minutes return value list function answer question twelve"
)
_ROUNDS = 3


def rows(size: int) -> Iterator[dict[str, str]]:
    """Records of about 600 characters, so many bytes in all."""
    chance, words = random.Random(1), _TEXT.split()
    done = 0
    while done < size:
        text = " ".join(chance.choices(words, k=110))
        done += len(text)
        yield {"question": text[:300], "answer": text[300:]}


def lines(open_: Callable[..., Iterator[str]], path: Path) -> int:
    """Characters of a text file, line by line."""
    with open_(path, "rt", encoding="utf-8") as file:  # type: ignore[attr-defined]
        return sum(map(len, file))


def strings(batches: Iterator[object]) -> int:
    """Characters of a table, row by row."""
    total = 0
    for batch in batches:
        for row in batch.to_pylist():  # type: ignore[attr-defined]
            total += sum(map(len, row.values()))
    return total


def ours(path: Path) -> int:
    """Characters that the audit reads."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return sum(
            len(piece.text) for found in documents(descriptor, path.name) for piece in found.pieces
        )
    finally:
        os.close(descriptor)


def best(work: Callable[[], int]) -> float:
    """Seconds of the fastest of some rounds."""
    seconds = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def main() -> None:
    """Write the files, read them both ways, print the speeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=100, help="megabytes of text")
    size = parser.parse_args().mb * 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = list(rows(size))
        text = "".join(json.dumps(row) + "\n" for row in made)
        (folder / "x.jsonl").write_text(text)
        with gzip.open(folder / "x.jsonl.gz", "wt", compresslevel=1) as file:
            file.write(text)
        table = arrow.Table.from_pylist(made)
        parquet.write_table(table, folder / "x.parquet")
        with ipc.new_stream(str(folder / "x.arrow"), table.schema) as writer:
            writer.write_table(table, max_chunksize=1000)
        baselines: dict[str, tuple[str, Callable[[], int]]] = {
            "x.jsonl": ("lines of a text file", lambda: lines(open, folder / "x.jsonl")),
            "x.jsonl.gz": ("gzip.open", lambda: lines(gzip.open, folder / "x.jsonl.gz")),
            "x.parquet": (
                "pyarrow, to_pylist",
                lambda: strings(parquet.ParquetFile(folder / "x.parquet").iter_batches()),
            ),
            "x.arrow": (
                "pyarrow, to_pylist",
                lambda: strings(iter(ipc.open_stream(arrow.memory_map(str(folder / "x.arrow"))))),
            ),
        }
        for file_name, (label, baseline) in baselines.items():
            plain, full = best(baseline), best(lambda name=file_name: ours(folder / name))  # type: ignore[misc]
            print(
                f"{file_name:11} {size / 1e6 / full:6.0f} MB/s of text; {label}: "
                f"{size / 1e6 / plain:6.0f} MB/s; {full / plain:.2f} times as long"
            )


if __name__ == "__main__":
    main()
