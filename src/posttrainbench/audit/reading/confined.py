"""Formats whose readers are large C++ programs: a file made to crash one must cost only a child.

The child gets the open file as its standard input, limits on memory and time, a bare environment,
and the root folder as its own.  What it writes is as hostile as the file.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from .child import BYTES, FRAME, LARGEST, NUMBERS, TEXT
from .shapes import UnreadError
from .sources import Window
from .vocabulary import Ids

MEMORY = 700_000_000
"""Bytes that the child may allocate; files that are mapped into memory do not count."""
SECONDS = 1800
"""Processor seconds of the child."""
_LEAVING = 10
"""Seconds for the child to go when it has closed its output."""
_NEEDS = {"parquet": "pyarrow", "arrow": "pyarrow", "orc": "pyarrow", "sqlite": "sqlite3"}


def values(window: Window, form: str) -> Iterator[tuple[int, str | bytes | Ids]]:
    """(number of the record, text or bytes or whole numbers) of everything in a table file.

    Raises:
        UnreadError: after what could be read.
    """
    if find_spec(_NEEDS[form]) is None:
        raise UnreadError(f"a file of the form {form}, and {_NEEDS[form]} is not installed")
    os.lseek(window.descriptor, 0, os.SEEK_SET)
    command = [
        sys.executable, "-P", str(Path(__file__).with_name("child.py")), form, str(MEMORY),
        str(SECONDS),
    ]  # fmt: skip
    with subprocess.Popen(
        command,
        stdin=window.descriptor,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd="/",
    ) as child:
        assert child.stdout is not None
        try:
            while head := child.stdout.read(FRAME.size):
                kind, record, size = FRAME.unpack(head) if len(head) == FRAME.size else (0, 0, 0)
                if kind not in (TEXT, NUMBERS, BYTES) or size > LARGEST:
                    raise UnreadError(f"{form}: its reader broke off")
                content = child.stdout.read(size)
                if len(content) < size:
                    raise UnreadError(f"{form}: its reader broke off")
                if kind == TEXT:
                    yield record, content.decode("utf-8", "replace")
                elif kind == BYTES:
                    yield record, content
                else:
                    numbers = np.frombuffer(content[: size // 4 * 4], np.int32)
                    yield record, numbers.astype(np.int64)
            child.wait(timeout=_LEAVING)
        except BaseException as error:
            child.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise UnreadError(f"{form}: its reader does not end") from None
            raise
    if child.returncode:
        raise UnreadError(f"{form}: the reader ended with status {child.returncode}")
