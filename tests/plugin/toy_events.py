"""A toy CLI for tests: every line is one event as JSON, and a reader for it.

``{"kind": "call", "call_id": "c1", "tool": "Bash", ...}`` becomes ``Call(...)``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path

from posttrainbench.records import TokenUse
from posttrainbench.traces import events
from posttrainbench.traces.events import EventReader, Line, Raw, TraceEvent, json_object

KINDS = {
    kind.__name__.lower(): kind
    for kind in (
        events.Session, events.Message, events.Reasoning, events.Call, events.Output,
        events.Usage, events.Trouble, events.End,
    )
}  # fmt: skip


def toy(kind: str, **values: object) -> str:
    """One line of the toy CLI."""
    return json.dumps({"kind": kind, **values})


class ToyReader:
    def read(self, line: Line) -> Iterable[TraceEvent]:
        data = json_object(line.text)
        kind = KINDS.get(data.pop("kind", "")) if data else None
        if data is None or kind is None:
            return [Raw(line.at, line.number, stream=line.stream, text=line.text)]
        if "models" in data:
            data["models"] = {name: TokenUse(**use) for name, use in data["models"].items()}
        known = {field.name for field in fields(kind)}
        assert set(data) <= known, data
        return [kind(**{"at": line.at, "line": line.number, **data})]

    def close(self) -> Iterable[TraceEvent]:
        return ()


class ToyAgent:
    """What `make("agent", "toy")` gives where the tests install it."""

    name = "toy"
    title = "a toy"

    def events(self) -> EventReader:
        return ToyReader()


def install(folder: Path) -> Path:
    """Make the toy known as an agent to processes that have ``folder`` on their path."""
    metadata = folder / "toy_agent-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-agent\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[posttrainbench.agents]\ntoy = toy_events:ToyAgent\n"
    )
    return folder


def write_output(path: Path, lines: Iterable[str], begin: str = "2026-11-23T05:00:00") -> None:
    """An output file: a line of stdout a second; a line of stderr where it begins with ``!``."""
    path.parent.mkdir(exist_ok=True)
    first = datetime.fromisoformat(begin)
    with path.open("x") as file:
        for second, line in enumerate(lines, 1):
            at = (first + timedelta(seconds=second)).isoformat(timespec="milliseconds") + "Z"
            stream, text = ("stderr", line[1:]) if line.startswith("!") else ("stdout", line)
            row = {"at": at, "t": float(second), "stream": stream, "text": text}
            file.write(json.dumps(row) + "\n")
