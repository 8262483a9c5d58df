from __future__ import annotations

import pytest

from posttrainbench.traces.events import End, Line, Message, Raw, TraceEvent
from posttrainbench.traces.stream import events_of, instant, stamp

ARRIVED = "2026-11-23T05:00:00.250Z"
LINE = Line(ARRIVED, 1.0, "stdout", "words", 7)


class Says:
    """A reader that gives prepared events."""

    def __init__(self, *events: TraceEvent, last: tuple[TraceEvent, ...] = ()) -> None:
        self.events, self.last = events, last

    def read(self, line: Line):
        return self.events

    def close(self):
        return self.last


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (ARRIVED, ARRIVED),
        ("2026-11-23T04:59:59Z", "2026-11-23T04:59:59.000Z"),
        ("2026-11-23T05:59:59.123456789+01:00", "2026-11-23T04:59:59.123Z"),
        ("2026-11-23t04:59:59z", "2026-11-23T04:59:59.000Z"),
        ("", ARRIVED),
        ("yesterday", ARRIVED),
        ("1795410089506", ARRIVED),
        ("2026-11-23", ARRIVED),
        ("2026-11-23T25:00:00Z", ARRIVED),
        ("2026-11-23T04:59:59", ARRIVED),
        ("٢026-11-23T04:59:59Z", ARRIVED),
        ("0001-01-01T00:00:00+23:59", ARRIVED),
        ("1970-01-01T00:00:00Z", ARRIVED),
        ("2026-11-23T06:00:00Z", ARRIVED),
        ("x" * 10_000, ARRIVED),
    ],
)
def test_times(told: str, kept: str) -> None:
    [event] = events_of([LINE], Says(Message(told, text="a")))
    assert event.at == kept
    if kept == ARRIVED and told not in ("", ARRIVED):
        assert event.extra["told_at"] == told[:100]
    else:
        assert not event.extra


def test_without_any_time_there_is_none() -> None:
    line = Line("garbage", 0, "stdout", "x", 3)
    [event, said] = events_of([line], Says(Message("garbage"), Message("2026-11-23T05:00:00Z")))
    assert (event.at, said.at) == ("", "2026-11-23T05:00:00.000Z")


def test_lines_and_cuts_are_told() -> None:
    cut = Line(ARRIVED, 1.0, "stdout", "words", 9, cut=55)
    first, second = events_of([LINE, cut], Says(Message(ARRIVED)))
    assert (first.line, first.extra) == (7, {})
    assert (second.line, second.extra) == (9, {"cut": 55})
    [own] = events_of([cut], Says(Message(ARRIVED, 4, extra={"cut": 1})))
    assert (own.line, own.extra) == (4, {"cut": 1})


def test_the_end_bears_the_last_line() -> None:
    events = list(events_of([LINE], Says(last=(End("", ok=True),))))
    assert [(event.at, event.line) for event in events] == [(ARRIVED, 7)]
    assert [event.at for event in events_of([], Says(last=(End("", ok=True),)))] == [""]


def test_a_reader_that_fails_loses_nothing() -> None:
    class Broken:
        def read(self, line: Line):
            yield Message(line.at, text="half")
            raise KeyError("no such key")

        def close(self):
            raise RecursionError

    first, last = events_of([LINE], Broken())
    assert isinstance(first, Raw)
    assert (first.text, first.extra) == ("words", {"reader_failed": "KeyError: 'no such key'"})
    assert isinstance(last, Raw)
    assert last.text == ""


def test_stamp_is_read_back() -> None:
    moment = instant("2026-11-23T05:00:00.1Z")
    assert moment is not None
    assert stamp(moment) == "2026-11-23T05:00:00.100Z"
