"""Units at the edge: ``10h`` and ``16GB`` outside, seconds and bytes inside."""

from __future__ import annotations

import math
import re

from .errors import SpecError

_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "b": 1} | {
    f"{prefix}{tail}": base**power
    for power, prefix in enumerate("kmgt", start=1)
    for tail, base in (("", 1000), ("b", 1000), ("ib", 1024))
}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)


def parse_duration(text: str) -> float:
    """Seconds in ``90s``, ``3m``, ``0.5h``, ``1h30m`` or ``2d``; a unit is required.

    Raises:
        SpecError: not a duration, zero, negative, NaN or infinite.
    """
    compact = text.strip().lower()
    parts = list(_PART.finditer(compact))
    spelled = "".join(match.group(0) for match in parts)
    seconds = 0.0
    if not parts or spelled.replace(" ", "") != compact.replace(" ", ""):
        raise _bad_duration(text)
    for match in parts:
        unit = match.group(2)
        if unit not in _SECONDS:
            raise _bad_duration(text)
        seconds += float(match.group(1)) * _SECONDS[unit]
    if not math.isfinite(seconds) or seconds <= 0:
        raise _bad_duration(text)
    return seconds


def _bad_duration(text: str) -> SpecError:
    return SpecError(
        f"{text!r} is not a time span greater than zero",
        advice="write a number with a unit, such as 10h, 0.5h, 90s or 1h30m",
    )


def format_duration(seconds: float) -> str:
    """A time span for people: ``9.4s``, ``3m 05s``, ``9h 58m``."""
    if seconds < 60:
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m"


def parse_size(text: str) -> int:
    """Bytes in ``500MB``, ``16GiB`` or a plain number.

    Raises:
        SpecError: not a size, zero, negative or beyond all disks.
    """
    match = _PART.fullmatch(text.strip())
    unit = match.group(2).lower() if match else "?"
    size = float(match.group(1)) * _BYTES[unit] if match and unit in _BYTES else 0.0
    if not 1 <= size < math.inf:
        raise SpecError(
            f"{text!r} is not a size greater than zero", advice="write for example 500MB or 16GiB"
        )
    return int(size)


def format_size(size: float) -> str:
    """A size for people, in decimal units: ``538 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < 1000:
            return f"{size:.0f} {unit}" if unit in ("B", "kB") else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
