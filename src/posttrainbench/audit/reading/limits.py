"""How much is read of one file, whatever it claims to hold."""

from __future__ import annotations

from .shapes import UnreadError

CHUNK = 1 << 21
"""Bytes of text in a piece, about; nothing that is held in memory is many times larger."""
HEAD = 1 << 16
"""Bytes at a document's beginning by which its form is told."""
FILE_LIMIT = 64_000_000_000
"""Bytes that are read of one file."""
UNPACKED_LIMIT = 16_000_000_000
"""Bytes that come out of one file by decompressing and decoding, all levels together."""
RATIO = 400
"""How many times larger than the file its unpacked content may be, beyond ``RATIO_FROM``."""
RATIO_FROM = 256_000_000
SPOOL_LIMIT = 4_000_000_000
"""Bytes that are unpacked onto the disk at a time, for readers that jump."""
NESTED = 5
"""Levels of packing that are undone; ``.tar.gz`` is two."""
MEMBERS = 200_000
"""Members of all archives in one file."""
CHILDREN = 500
"""Table files inside one file: each costs a process."""
BINARY_LIMIT = 64_000_000
"""Bytes of the largest file of unknown form that is searched for loose text wholly."""
WHOLE_JSON = 8_000_000
"""Bytes of the largest JSON document that is parsed as a whole; Python needs 20 times as much."""


class Budget:
    """What one file may still cost, shared by everything inside it."""

    def __init__(self, limit: int, packed: int) -> None:
        self.limit = limit
        self._packed = packed
        self._read = 0
        self._unpacked = 0
        self._members = 0
        self._children = 0
        self.spent = ""
        """Why no more is read; empty while there is something left."""

    def read(self, size: int) -> None:
        """Count bytes of text that are handed out.

        Raises:
            UnreadError: there is nothing left.
        """
        self._read += size
        if self._read > self.limit:
            self._end(f"larger than {self.limit} bytes")

    def unpack(self, size: int) -> None:
        """Count bytes that were decompressed or decoded.

        Raises:
            UnreadError: there is nothing left, or it is a decompression bomb.
        """
        self._unpacked += size
        most = min(self.limit, UNPACKED_LIMIT)
        if self._unpacked > most:
            self._end(f"larger than {most} bytes")
        if self._unpacked > max(RATIO_FROM, RATIO * self._packed):
            self._end(f"unpacked over {RATIO} times its size")

    def member(self) -> None:
        """Count a member of an archive.

        Raises:
            UnreadError: there were too many.
        """
        self._members += 1
        if self._members > MEMBERS:
            self._end(f"more than {MEMBERS} members")

    def child(self) -> None:
        """Count a process that reads a table.

        Raises:
            UnreadError: there were too many.
        """
        self._children += 1
        if self._children > CHILDREN:
            self._end(f"more than {CHILDREN} tables within it")

    def _end(self, why: str) -> None:
        self.spent = self.spent or why
        raise UnreadError(self.spent)
