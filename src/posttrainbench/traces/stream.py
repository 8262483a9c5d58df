"""The events of an attempt: lines through its agent's reader, with times that can be relied on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from .events import EventReader, Line, Raw, TraceEvent

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)")
_LONGEST_TIME = 40
_EARLIEST, _LATEST = timedelta(days=2), timedelta(minutes=5)
"""How far what a CLI calls the time of an event may be before and after its arrival."""


def instant(text: str) -> datetime | None:
    """The moment that an RFC 3339 time names, in UTC; ``None`` for anything else."""
    return _instant(text) if len(text) <= _LONGEST_TIME else None


@lru_cache(maxsize=1024)  # lines that come together bear the same time
def _instant(text: str) -> datetime | None:
    if not _TIME.fullmatch(text) or not text.isascii():
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def stamp(moment: datetime) -> str:
    """UTC with milliseconds, as in all records."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def events_of(lines: Iterable[Line], reader: EventReader) -> Iterator[TraceEvent]:
    """What ``reader`` makes of these lines.

    A time that is none, or that is far from the arrival of its line, is replaced by the arrival.
    A line at which a reader fails is given as it is, with the failure in ``extra``: what an agent
    wrote must not stop those who look at it.
    """
    last = Line("", 0.0, "stdout", "", 0)
    for line in lines:
        yield from _read(line, reader.read)
        last = Line(line.at, line.t, line.stream, "", line.number)
        del line  # it can be large, and the next one is put together now
    yield from _read(last, lambda _: reader.close())


def _read(line: Line, read: Callable[[Line], Iterable[TraceEvent]]) -> Iterator[TraceEvent]:
    try:
        events = list(read(line))
    except Exception as error:  # a plug-in's defect
        events = [_kept(line, error)]
    for event in events:
        yield _placed(event, line)


def _kept(line: Line, error: Exception) -> Raw:
    failure = f"{type(error).__name__}: {error}"[:300]
    return Raw(
        line.at, line.number, stream=line.stream, text=line.text, extra={"reader_failed": failure}
    )


def _placed(event: TraceEvent, line: Line) -> TraceEvent:
    """The event with a time, its line, and a word on what is missing of it."""
    arrived = instant(line.at)
    if event.at != line.at or arrived is None:
        said = instant(event.at)
        if said is not None and (arrived is None or _near(said, arrived)):
            event = replace(event, at=stamp(said))
        else:
            told = {"told_at": event.at[:100]} if event.at not in ("", line.at) else {}
            at = "" if arrived is None else stamp(arrived)
            event = replace(event, at=at, extra={**event.extra, **told})
    if not event.line and line.number:
        event = replace(event, line=line.number)
    if line.cut and "cut" not in event.extra:
        event = replace(event, extra={**event.extra, "cut": line.cut})
    return event


def _near(said: datetime, arrived: datetime) -> bool:
    return arrived - _EARLIEST <= said <= arrived + _LATEST
