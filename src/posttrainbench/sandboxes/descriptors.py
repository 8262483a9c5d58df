"""Hand data to a program by descriptor, so that it stands in no file and no process argument."""

from __future__ import annotations

import os


def memory_file(content: bytes, name: str = "data") -> int:
    """A new in-memory file, positioned at its start.  The caller closes it."""
    descriptor = os.memfd_create(name)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
