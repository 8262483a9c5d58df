"""Is a file nothing but noise, as what is encrypted looks?"""

from __future__ import annotations

import numpy as np

from .sources import Window
from .zips import ends_as_zip

SMALLEST = 1 << 16
"""Bytes of the smallest file that is told from chance: state of random generators has 5,000."""
_SAMPLE = 1 << 18
_UNEVEN = 400.0
"""Chi-square of the counts of 256 bytes; random bytes have 255 +- 23, compressed ones mostly more,
weights and media many times as much."""

_MEDIA = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"OggS", b"ID3", b"\xff\xfb", b"fLaC", b"PACK",
    b"%PDF", b"wOF2", b"GGUF", b"\x7fELF", b"\x00\x00\x01\x00", b"\x50\xed\x55\xba", b"\xfftOc",
    b"RIDX", b"CGPH", b"MIDX", b"\0asm", b"BC\xc0\xde", b"wOFF", b"\x1aE\xdf\xa3",
)  # fmt: skip


def is_noise(window: Window) -> bool:
    """Whether all bytes are about as frequent at its beginning, middle and end."""
    head = window.at(0, 12)
    # An archive behind a header, as caches of packages keep them, is opened by itself.
    if ends_as_zip(window):
        return False
    if window.size < SMALLEST or head.startswith(_MEDIA) or head[4:8] == b"ftyp":
        return False
    size = min(_SAMPLE, window.size)
    places = {0, (window.size - size) // 2, window.size - size}
    return all(_unevenness(window.at(place, size)) < _UNEVEN for place in places)


def _unevenness(data: bytes) -> float:
    counts = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    expected = len(data) / 256
    return float(((counts - expected) ** 2 / expected).sum())
