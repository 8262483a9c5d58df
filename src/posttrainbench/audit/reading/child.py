"""The child process that reads parquet, Arrow, ORC and SQLite: a program for itself.

Usage: ``child.py FORM MEMORY SECONDS``, the file on standard input.  On standard output it writes
frames: kind (1 text, 2 numbers, 3 bytes), number of the record (8 bytes), length (4 bytes), and the
content; all little-endian, numbers as 32-bit integers.  It imports nothing of the package: it is
started by its path, and limits its own memory and time before it looks at the file.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import struct
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

TEXT, NUMBERS, BYTES = 1, 2, 3
FRAME = struct.Struct("<BQI")
LARGEST = 1 << 24
"""Bytes of a frame; longer texts come in several with one number."""
_ROWS = 1024
_IN_MEMORY = 256_000_000
"""Bytes of a database that is read without a path; a larger one must have a name on the disk."""
_SLICE = 4_000_000
"""Bytes of a table that become Python objects at a time, about."""


class Writer:
    """Frames on standard output, a megabyte at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._parts: list[bytes] = []
        self._size = 0

    def frame(self, kind: int, record: int, content: bytes) -> None:
        """One value, in several frames if it is long."""
        for start in range(0, len(content) or 1, LARGEST):
            part = content[start : start + LARGEST]
            self._parts += (FRAME.pack(kind, record, len(part)), part)
            self._size += len(part) + FRAME.size
            if self._size > 1 << 20:
                self.flush()

    def flush(self) -> None:
        """Write what has gathered."""
        self._file.write(b"".join(self._parts))
        self._file.flush()
        self._parts, self._size = [], 0

    def value(self, record: int, value: Any) -> None:
        """Everything in a row: its strings together, bytes and lists of numbers for themselves."""
        texts: list[str] = []
        pending = [value]
        while pending:
            node = pending.pop()
            if isinstance(node, str):
                texts.append(node)
            elif isinstance(node, bytes):
                self.frame(BYTES, record, node)
            elif isinstance(node, dict):
                pending.extend(reversed(list(node.values())))
            elif isinstance(node, (list, tuple)):
                if len(node) > 7 and all(type(number) is int for number in node):
                    self.numbers(record, node)
                else:
                    pending.extend(reversed(node))
            elif type(node) in (int, float):
                texts.append(str(node))
        if texts:
            self.frame(TEXT, record, "\n".join(texts).encode("utf-8", "replace"))

    def numbers(self, record: int, numbers: Any) -> None:
        """A list of whole numbers; what 32 bits cannot hold becomes -1."""
        safe = [n if -(1 << 31) <= n < 1 << 31 else -1 for n in numbers]
        self.frame(NUMBERS, record, struct.pack(f"<{len(safe)}i", *safe))


def main() -> int:
    """Read the file; whatever happens ends this process only."""
    form, memory, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    writer = Writer(os.fdopen(1, "wb", buffering=0, closefd=False))
    try:
        record = 0
        tables = {"parquet": _parquet, "arrow": _arrow, "orc": _orc}
        if form == "sqlite":
            for record, row in enumerate(_sqlite(), start=1):
                writer.value(record, row)
        else:
            for batch in tables[form]():
                for part in _slices(batch):
                    numbers, others = _numbers(part)
                    if (texts := _texts(others)) is not None:
                        for row, text in enumerate(texts, start=record + 1):
                            if text:
                                writer.frame(TEXT, row, text)
                    else:
                        for row, value in enumerate(_rows(others), start=record + 1):
                            writer.value(row, value)
                    for row, content in numbers:
                        writer.frame(NUMBERS, record + 1 + row, content)
                    record += part.num_rows
    finally:
        writer.flush()
    return 0


def _parquet() -> Iterator[Any]:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    arrow.set_cpu_count(1)
    source = arrow.PythonFile(os.fdopen(0, "rb"), mode="r")
    file = parquet.ParquetFile(source, pre_buffer=False, buffer_size=1 << 20)
    yield from file.iter_batches(batch_size=_ROWS, use_threads=False)


def _arrow() -> Iterator[Any]:
    arrow, ipc = import_module("pyarrow"), import_module("pyarrow.ipc")
    arrow.set_cpu_count(1)
    # Mapped, not read: a table of any size then costs no memory of ours.
    source = arrow.memory_map("/proc/self/fd/0")
    options = ipc.IpcReadOptions(use_threads=False)
    if source.read(6) == b"ARROW1":
        reader = ipc.open_file(source, options=options)
        yield from (reader.get_batch(n) for n in range(reader.num_record_batches))
        return
    source.seek(0)
    yield from ipc.open_stream(source, options=options)


def _orc() -> Iterator[Any]:
    arrow, orc = import_module("pyarrow"), import_module("pyarrow.orc")
    arrow.set_cpu_count(1)
    file = orc.ORCFile(arrow.PythonFile(os.fdopen(0, "rb"), mode="r"))
    for number in range(file.nstripes):
        yield file.read_stripe(number)


def _slices(batch: Any) -> Iterator[Any]:
    """A batch in parts that fit in memory as Python objects."""
    rows = batch.num_rows
    step = max(1, min(_ROWS, _SLICE * rows // max(1, batch.nbytes)))
    for start in range(0, rows, step):
        yield batch.slice(start, step)


def _numbers(batch: Any) -> tuple[list[tuple[int, bytes]], Any]:
    """(row, numbers) of the columns that are lists of whole numbers; and the other columns."""
    arrow = import_module("pyarrow")
    types = arrow.types
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    found: list[tuple[int, bytes]] = []
    others = []
    for place, column in enumerate(batch.columns):
        if not any(test(column.type) for test in lists) or not types.is_integer(
            column.type.value_type
        ):
            others.append(place)
            continue
        for chunk in getattr(column, "chunks", [column]):
            for row in range(len(chunk)):
                values = chunk[row].values
                if values is not None and len(values):
                    numbers = values.fill_null(-1).to_numpy(zero_copy_only=False)
                    safe = numbers.astype("<i8").clip(-128, (1 << 31) - 1)
                    found.append((row, safe.astype("<i4").tobytes()))
    return found, batch.select(others) if len(others) < len(batch.columns) else batch


def _texts(batch: Any) -> list[bytes] | None:
    """The text of every row, made without an object for each value; ``None``: that cannot be."""
    arrow = import_module("pyarrow")
    columns = [_text(column) for column in batch.columns]
    if not columns or any(column is None for column in columns):
        return None
    joined = _joined(columns).cast(arrow.large_binary())
    return [value or b"" for value in joined.to_pylist()]


def _joined(columns: list[Any]) -> Any:
    compute = import_module("pyarrow.compute")
    breaks = import_module("pyarrow").scalar("\n", columns[0].type)
    return compute.binary_join_element_wise(*columns, breaks, null_handling="skip")


def _text(column: Any) -> Any:
    """A column of strings as one of text a row; nested ones are joined.  ``None``: another type."""
    arrow, compute = import_module("pyarrow"), import_module("pyarrow.compute")
    types, kind = arrow.types, column.type
    if types.is_string(kind) or types.is_large_string(kind):
        return column.cast(arrow.large_binary()).cast(arrow.large_string(), safe=False)
    if types.is_struct(kind) and kind.num_fields:
        fields = [_text(field) for field in column.flatten()]
        return None if any(field is None for field in fields) else _joined(fields)
    if types.is_list(kind) or types.is_large_list(kind):
        inner = _text(column.flatten())
        if inner is None:
            return None
        lengths = compute.fill_null(compute.list_value_length(column), 0).cast(arrow.int64())
        ends = compute.cumulative_sum(lengths)
        offsets = arrow.concat_arrays([arrow.array([0], arrow.int64()), ends])
        rows = arrow.LargeListArray.from_arrays(offsets, compute.fill_null(inner, ""))
        return compute.binary_join(rows, arrow.scalar("\n", arrow.large_string()))
    return None


def _rows(batch: Any) -> Iterator[Any]:
    try:
        yield from batch.to_pylist()
        return
    except UnicodeDecodeError:
        pass
    arrow = import_module("pyarrow")
    columns = []
    for column in batch.columns:
        if arrow.types.is_string(column.type):
            column = column.cast(arrow.binary())
        elif arrow.types.is_large_string(column.type):
            column = column.cast(arrow.large_binary())
        try:
            values = column.to_pylist()
        except UnicodeDecodeError:
            values = [None] * len(column)
        columns.append([v.decode("utf-8", "replace") if type(v) is bytes else v for v in values])
    yield from map(list, zip(*columns, strict=True))


def _sqlite() -> Iterator[Any]:
    if os.fstat(0).st_size <= _IN_MEMORY:
        with os.fdopen(0, "rb") as file:
            content = bytearray(file.read())
        content[18:20] = b"\1\1"  # no write-ahead log: there is none beside a copy
        connection = sqlite3.connect(":memory:")
        connection.deserialize(bytes(content))
        del content
    else:
        connection = sqlite3.connect("file:/proc/self/fd/0?mode=ro&immutable=1", uri=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    for setting in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "query_only=ON"):
        connection.execute(f"PRAGMA {setting}")
    named = connection.execute(
        "SELECT name FROM sqlite_master WHERE type='table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    )
    wrong = None
    for (name,) in named.fetchall():
        quoted = str(name).replace('"', '""')
        try:
            yield from connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - quoted
        except sqlite3.Error as error:
            wrong = error
    if wrong:
        raise wrong


if __name__ == "__main__":
    sys.exit(main())
