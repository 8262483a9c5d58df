"""The bytes of a document, wherever they come from: looked at, read through, jumped around in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable

from .limits import CHUNK, HEAD, SPOOL_LIMIT, Budget
from .shapes import UnreadError


class Spool:
    """A temporary file without a name, which goes when nothing needs it any more."""

    def __init__(self) -> None:
        with tempfile.TemporaryFile(buffering=0) as file:
            self.descriptor = os.dup(file.fileno())
        self.size = 0

    def __del__(self) -> None:
        if descriptor := getattr(self, "descriptor", 0):
            os.close(descriptor)

    def write(self, data: bytes) -> None:
        """Append.

        Raises:
            UnreadError: it is too much, or there is no room.
        """
        if self.size + len(data) > SPOOL_LIMIT:
            raise UnreadError(f"unpacks to more than {SPOOL_LIMIT} bytes")
        left = memoryview(data)
        try:
            while left:
                written = os.pwrite(self.descriptor, left, self.size)
                self.size += written
                left = left[written:]
        except OSError as error:
            raise UnreadError(f"no room to unpack it: {error.strerror}") from None

    def window(self) -> Window:
        """What was written so far."""
        return Window(self.descriptor, 0, self.size, self)


class Window:
    """A range of an open file; its size does not grow while it is read."""

    def __init__(self, descriptor: int, start: int, size: int, keeper: Spool | None = None) -> None:
        self.descriptor = descriptor
        self.start = start
        self.size = size
        self._keeper = keeper

    def at(self, position: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``position``; fewer only at the end."""
        size = min(size, self.size - position)
        if position < 0 or size <= 0:
            return b""
        data = os.pread(self.descriptor, size, self.start + position)
        while len(data) < size:
            more = os.pread(self.descriptor, size - len(data), self.start + position + len(data))
            if not more:
                break
            data += more
        return data

    def part(self, start: int, size: int) -> Window:
        """A range of this range."""
        start = min(max(0, start), self.size)
        size = min(max(0, size), self.size - start)
        return Window(self.descriptor, self.start + start, size, self._keeper)

    def is_whole(self) -> bool:
        """Whether it is all of its file."""
        return not self.start and self.size == os.fstat(self.descriptor).st_size

    def stored(self) -> int:
        """Bytes that are really on the disk, when it is a whole file, else its size."""
        return min(self.size, os.fstat(self.descriptor).st_blocks * 512)

    def after_hole(self, position: int) -> int:
        """Where the next bytes stand that are really on the disk, at or after ``position``."""
        try:
            found = os.lseek(self.descriptor, self.start + position, os.SEEK_DATA) - self.start
        except OSError:
            return self.size
        return min(max(found, position), self.size)


class Held(Window):
    """Bytes in memory, to be read like a file."""

    def __init__(self, data: bytes, start: int = 0, size: int | None = None) -> None:
        super().__init__(-1, start, len(data) - start if size is None else size)
        self._data = data

    def at(self, position: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``position``."""
        size = min(size, self.size - position)
        if position < 0 or size <= 0:
            return b""
        return self._data[self.start + position : self.start + position + size]

    def part(self, start: int, size: int) -> Window:
        """A range of these bytes."""
        start = min(max(0, start), self.size)
        return Held(self._data, self.start + start, min(max(0, size), self.size - start))

    def is_whole(self) -> bool:
        """It is no file."""
        return False

    def stored(self) -> int:
        """Its size."""
        return self.size

    def after_hole(self, position: int) -> int:
        """There are no holes."""
        return position


def copied(window: Window) -> Window:
    """The same bytes as a file of their own, for readers that take whole files.

    Raises:
        UnreadError: there is no room for them.
    """
    spool = Spool()
    while chunk := window.at(spool.size, CHUNK):
        spool.write(chunk)
    return spool.window()


class Source:
    """One document's bytes.

    ``head`` may be looked at any time.  ``read`` goes through once; ``window`` is for readers that
    jump, and puts a stream into a temporary file without a name.
    """

    def __init__(
        self, window: Window | None, stream: Callable[[int], bytes], budget: Budget
    ) -> None:
        self._window = window
        self._stream = stream
        self._budget = budget
        self._position = 0
        self._head: bytes | None = None
        self._left = b""
        self.broken: UnreadError | None = None
        """Why a stream ended early, once that is known."""

    @classmethod
    def of_window(cls, window: Window, budget: Budget) -> Source:
        """A file on the disk, or a part of one."""
        return cls(window, lambda _size: b"", budget)

    @classmethod
    def of_stream(cls, stream: Callable[[int], bytes], budget: Budget) -> Source:
        """What a decompressor gives: at most so many bytes, none at the end."""
        return cls(None, stream, budget)

    def jumps(self) -> bool:
        """Whether ``window`` costs nothing."""
        return self._window is not None

    @property
    def head(self) -> bytes:
        """The first ``HEAD`` bytes; fewer where it breaks off, and ``read`` will say why."""
        if self._head is None:
            if self._window:
                self._head = self._window.at(0, HEAD)
            else:
                parts: list[bytes] = []
                missing = HEAD
                try:
                    while missing > 0 and (part := self._next(missing)):
                        parts.append(part)
                        missing -= len(part)
                except UnreadError as error:
                    self.broken = error
                self._head = self._left = b"".join(parts)
        return self._head

    def read(self, size: int = CHUNK) -> bytes:
        """The next bytes, none at the end.  Holes of a sparse file are left out.

        Raises:
            UnreadError: it cannot be read further.
        """
        if self._window is None:
            if self._left:
                first, self._left = self._left[:size], self._left[size:]
                return first
            if self.broken:
                raise self.broken
            return self._next(size)
        while chunk := self._window.at(self._position, size):
            self._position += len(chunk)
            if chunk[0] or chunk[-1] or chunk.count(0) < len(chunk):
                return chunk
            self._position = self._window.after_hole(self._position)
        return b""

    def window(self) -> Window:
        """The same bytes from their beginning; what there is of a broken stream."""
        if self._window is None:
            spool = Spool()
            try:
                spool.write(self.head)
                self._left = b""
                while not self.broken and (chunk := self._next(CHUNK)):
                    spool.write(chunk)
            except UnreadError as error:
                self.broken = error
            self._window = spool.window()
        return self._window

    def _next(self, size: int) -> bytes:
        chunk = self._stream(size)
        self._budget.unpack(len(chunk))
        return chunk
