"""What a judge that is a CLI left as its answer: its last words, and the file in its own folder."""

from __future__ import annotations

import os
from pathlib import Path

from ...audit.files.documents import DocumentError, read_bounded
from ...audit.files.opening import open_below
from ...audit.judge.answers import LONGEST
from ...traces.events import Call, EventReader, Message, Output, PlainReader, Raw
from ...traces.lines import read_lines
from ...traces.stream import events_of

ANSWER = "answer.json"


def last_words(output: Path, reader: EventReader) -> str:
    """What the CLI's agent said after its last tool call; of a plain program all that it printed.

    Bounded: of more than an answer may have, the end.
    """
    plain = isinstance(reader, PlainReader)
    parts: list[str] = []
    size = 0
    for event in events_of(read_lines(output), reader):
        if event.parent:
            continue
        match event:
            case Call() | Output():
                parts, size = [], 0
            case Message(role="agent"):
                parts.append(event.text if event.partial else f"\n{event.text}")
                size += len(event.text)
            case Raw(stream="stdout") if plain:
                parts.append(f"{event.text}\n")
                size += len(event.text)
        if size > 2 * LONGEST:
            parts, size = ["".join(parts)[-LONGEST:]], LONGEST
    return "".join(parts)[-LONGEST:].strip()


def answer_file(work: Path) -> str:
    """The text of ``answer.json`` in the judge's own folder; empty where there is none."""
    try:
        descriptor = open_below(work, ANSWER)
    except OSError:
        return ""
    try:
        return read_bounded(descriptor, LONGEST).decode("utf-8", "replace")
    except DocumentError:
        return ""
    finally:
        os.close(descriptor)
