"""A run's trajectory as one JSON document in Harbor's format (ATIF), written while it is read.

``docs/trajectory.md`` says what stands where.  The document never is in memory as a whole: steps of
the agent go straight to the file, those of sub-agents to a temporary one, from which they are
copied to the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .. import __version__
from ..records.files import publish, storage_error, temporary_beside
from .events import Message
from .safe_json import encoded, encoded_pieces, plain
from .steps import CallNames, Steps
from .sub_agents import SubAgents
from .summary import Counter, Summary
from .totals import Part, Totals, record_facts

__all__ = ["Part", "Written", "write_trajectory"]

SCHEMA = "ATIF-v1.8"


@dataclass(frozen=True)
class Written:
    """What a document holds."""

    steps: int
    """Of the agent itself."""
    sub_agents: int
    summaries: dict[int, Summary]
    """By number of the attempt."""


def write_trajectory(
    path: Path,
    parts: Iterable[Part],
    *,
    run_id: str,
    agent: str,
    version: str = "",
    model: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Written:
    """Write all attempts of a run as one document; an older one is replaced when it is whole.

    Args:
        version: of the agent; else what its CLI says.
        model: behind the agent; else the first one that its CLI names.
        extra: what shall stand under ``extra`` beside what is written in any case.

    Raises:
        StorageError: the disk refused.
    """
    with _replacing(path) as file:
        document = _Document(file, path.parent)
        try:
            for part in parts:
                document.add(part)
            document.finish(run_id, agent, version, model, dict(extra or {}))
        finally:
            document.close()
    return Written(document.steps, len(document.agents), document.summaries)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    temporary = temporary_beside(path)
    try:
        with temporary.open("xb", buffering=1 << 18) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        publish(temporary, path)
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


class _Document:
    """Steps in the order of events; everything that is known only in the end behind them."""

    def __init__(self, file: BinaryIO, folder: Path) -> None:
        self._file = file
        self._names = CallNames()
        self._totals = Totals()
        self.agents = SubAgents(folder, self._names)
        self.steps = 0
        self.summaries: dict[int, Summary] = {}
        file.write(b'{"schema_version": ' + encoded(SCHEMA) + b',\n"steps": [')

    def write(self, make: Callable[[int], dict[str, Any]], size: int) -> int:
        """One step of the agent itself."""
        self.steps += 1
        self._file.write(b",\n" if self.steps > 1 else b"\n")
        for piece in encoded_pieces(make(self.steps), size):
            self._file.write(piece)
        return self.steps

    def add(self, part: Part) -> None:
        """One attempt."""
        first = self.steps + 1
        known = self.agents.count
        steps = Steps(self, self._names, self.agents.references, part.number, part.prompt or "")
        self.agents.begin_attempt(part.number)
        _begin(steps, part)
        count = Counter()
        for event in part.events:
            count.add(event)
            self._totals.cut += "cut" in event.extra
            (self.agents.of(event.parent) or steps).add(event)
        self.agents.end_attempt(steps)
        _end(steps, part)
        steps.close()
        summary = self._summary(count.summary())
        self.summaries[part.number] = summary
        self._totals.tell(part, summary, (first, self.steps), self.agents.count - known)

    def _summary(self, raw: Summary) -> Summary:
        before = next(
            (
                one.session_models
                for one in reversed(self.summaries.values())
                if one.session_id == raw.session_id
            ),
            {},
        )
        return raw.after(before)

    def finish(
        self, run_id: str, agent: str, version: str, model: str | None, extra: dict[str, Any]
    ) -> None:
        """What stands behind the steps."""
        if not self.steps:
            self.write(lambda number: {
                "step_id": number, "source": "system", "message": "The agent was never started.",
            }, 0)  # fmt: skip
        self._file.write(b"]")
        seen = list(self.summaries.values())
        named = {
            "name": agent,
            "version": version
            or next((one.cli_version for one in seen if one.cli_version), "")
            or "unknown",
        }
        model = model or next((one.model for one in seen if one.model), None)
        if model:
            named["model_name"] = model
        self._field("session_id", run_id)
        self._field("trajectory_id", run_id)
        self._field("agent", named)
        self._field("final_metrics", self._totals.metrics(seen, self.steps, self.agents.count))
        self._field("notes", self._totals.notes(self.agents.count, self.agents.refused))
        self._field("extra", {
            "written_by": f"posttrainbench {__version__}", **plain(extra),
            "attempts": self._totals.attempts,
        })  # fmt: skip
        self._sub_agents(named)
        self._file.write(b"\n}\n")

    def _field(self, name: str, value: Any) -> None:
        self._file.write(b",\n" + encoded(name) + b": " + encoded(value))

    def _sub_agents(self, named: dict[str, str]) -> None:
        if not self.agents.count:
            return
        self._file.write(b',\n"subagent_trajectories": [')
        for count, agent in enumerate(self.agents):
            head = {
                "schema_version": SCHEMA,
                "trajectory_id": agent.name,
                "agent": {"name": named["name"], "version": named["version"]},
                "extra": {"attempt": agent.attempt, "parent_call_id": agent.parent},
            }
            self._file.write(b",\n" if count else b"\n")
            self._file.write(encoded(head)[:-1] + b', "steps": [\n')
            for piece in self.agents.pieces(agent):
                self._file.write(piece)
            self._file.write(b"]}")
        self._file.write(b"]")

    def close(self) -> None:
        """Give temporary files back."""
        self.agents.close()


def _begin(steps: Steps, part: Part) -> None:
    record = part.record
    at = record.started_at if record is not None else part.started_at
    facts = {"began": record.began} if record is not None else {}
    if part.prompt is not None:
        steps.user(Message(at, role="user"), part.prompt, {"kind": "prompt", **facts})
    else:
        words = f"Attempt {part.number} begins; what the agent was told is not known."
        steps.system(Message(at, role="system"), words, {"kind": "attempt", **facts})


def _end(steps: Steps, part: Part) -> None:
    record = part.record
    if record is None:
        return
    words = [f"Attempt {part.number} ended: {record.ended}"]
    if record.cause and record.cause != record.ended:
        words.append(record.cause)
    if record.cause_detail:
        words.append(record.cause_detail)
    event = Message(record.at, role="system")
    steps.system(event, ", ".join(words), {"kind": "attempt-end", **record_facts(record)})
