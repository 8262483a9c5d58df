"""Published tables, row by row: JSON lines (also gzipped), Parquet, CSV.

Errors name file and line, never a cell: some items must not appear in logs.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...errors import DataError, MissingRequirementError

Row = dict[str, Any]


def rows(file: Path) -> list[Row]:
    """All rows of a published file; its name's ending tells the format.

    Raises:
        DataError: unreadable, damaged, or of no known format.
        MissingRequirementError: Parquet cannot be read here.
    """
    endings: dict[str, Callable[[Path], Iterator[Row]]] = {
        ".jsonl": _json_lines,
        ".json": _json_lines,  # BFCL's .json files hold JSON lines
        ".gz": _json_lines,
        ".parquet": _parquet,
        ".csv": _csv,
    }
    read = endings.get(file.suffix.lower())
    if read is None:
        raise DataError(f"{file} is neither JSON lines nor Parquet nor CSV")
    try:
        return list(read(file))
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        raise DataError(f"{file} cannot be read: {type(error).__name__}") from None


def text(row: Row, key: str) -> str:
    """A cell that must be text.

    Raises:
        ValueError: it is not; the message does not hold the cell.
    """
    value = row.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key!r} is {'missing' if value is None else 'no text'}")
    return value


def each(file: Path, make: Callable[[Row], Any]) -> list[Any]:
    """``make`` for every row of a file, with the row's number in errors.

    Raises:
        DataError: a row does not have the published shape.
    """
    made = []
    for number, row in enumerate(rows(file), start=1):
        try:
            made.append(make(row))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            why = str(error) if type(error) is ValueError else type(error).__name__
            raise DataError(f"{file.name}, row {number} has another shape: {why}") from None
    return made


def _json_lines(file: Path) -> Iterator[Row]:
    """Only a newline ends a line: some texts hold other separators that Python would split at."""
    content = file.read_bytes()
    if file.suffix == ".gz":
        content = gzip.decompress(content)
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise DataError(f"{file.name}, line {number} is not JSON") from None
        if not isinstance(row, dict):
            raise DataError(f"{file.name}, line {number} is no JSON object")
        yield row


def _parquet(file: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise MissingRequirementError(
            f"{file.name} is a Parquet file, which cannot be read here",
            advice="pip install 'posttrainbench[eval]'",
        ) from error
    try:
        with ParquetFile(file) as table:
            for batch in table.iter_batches():
                yield from batch.to_pylist()
    except ArrowException as error:
        raise DataError(f"{file.name} is no whole Parquet file: {type(error).__name__}") from None


def _csv(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines)
