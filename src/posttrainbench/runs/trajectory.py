"""What an agent did in a run: events of an attempt, their summary, the trajectory of the whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..errors import InputError, RecordError
from ..records import Attempt, RunDir, TokenUse, read_json
from ..registry import make
from ..traces.atif import Part, write_trajectory
from ..traces.events import EventReader, PlainReader, TraceEvent
from ..traces.lines import read_lines
from ..traces.stream import events_of
from ..traces.summary import Summary, summarise

_FILES = re.compile(r"^(\d{3,})\.(?:json|output\.jsonl)$")


def attempt_numbers(run: RunDir) -> list[int]:
    """Attempts that have a record or an output file, oldest first."""
    if not run.attempts.is_dir():
        return []
    found = (_FILES.match(path.name) for path in run.attempts.iterdir())
    return sorted({int(match[1]) for match in found if match})


def attempt_record(run: RunDir, number: int) -> Attempt | None:
    """The record of an attempt; ``None`` while it goes on."""
    try:
        return read_json(run.attempt_file(number), Attempt)
    except RecordError:
        if run.attempt_file(number).exists():
            raise
        return None


def attempt_prompt(run: RunDir, number: int) -> str | None:
    """What the agent was told when the attempt began; ``None`` where that is not kept."""
    own = run.attempt_prompt_file(number)
    path = run.prompt_file if number == 1 and not own.exists() else own
    try:
        return path.read_text(encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None


def attempt_events(
    run: RunDir, number: int, *, follow: Callable[[], bool] | None = None
) -> Iterator[TraceEvent]:
    """The events of one attempt, through the reader of the run's agent.

    Args:
        follow: says whether the attempt goes on; while it does, more output is waited for.

    Raises:
        RecordError: the output file cannot be read.
    """
    return events_of(read_lines(run.output_file(number), follow=follow), _reader(run))


def summarise_attempt(
    run: RunDir, number: int, *, before: Mapping[str, TokenUse] | None = None
) -> Summary:
    """The numbers of one attempt.

    Args:
        before: what the counters of its session stood at when it began; by default they are looked
            up in the output of earlier attempts, where the CLI counts through a session.

    Raises:
        RecordError: an output file cannot be read.
    """
    raw = summarise(attempt_events(run, number))
    if not raw.session_models:
        return raw.after(before or {})
    if before is None:
        before = _counters_before(run, number, raw.session_id)
    return raw.after(before)


def _counters_before(run: RunDir, number: int, session_id: str) -> dict[str, TokenUse]:
    """What the last attempt before that told counters of this session stood at in the end."""
    for earlier in reversed(attempt_numbers(run)):
        if earlier >= number:
            continue
        seen = summarise(attempt_events(run, earlier))
        if seen.session_id == session_id and seen.session_models:
            return seen.session_models
    return {}


def write_run_trajectory(run: RunDir, path: Path | None = None) -> Path:
    """Write ``trajectory.json`` from the output files; an older one is replaced.

    Args:
        path: somewhere else.

    Raises:
        RecordError: a record or an output file cannot be read.
        StorageError: the disk refused.
    """
    path = path or run.trajectory_file
    spec = run.spec()
    numbers = attempt_numbers(run)
    records = {number: attempt_record(run, number) for number in numbers}
    versions = [record.agent_version for record in records.values() if record is not None]
    write_trajectory(
        path,
        (_part(run, number, records[number]) for number in numbers),
        run_id=run.run_id,
        agent=spec.agent.name,
        version=next((version for version in reversed(versions) if version), ""),
        model=spec.agent.model,
        extra={
            "base_model": spec.model,
            "benchmark": spec.benchmark,
            "agent": spec.agent.model_dump(mode="json", exclude={"options"}, exclude_defaults=True),
        },
    )
    return path


def _part(run: RunDir, number: int, record: Attempt | None) -> Part:
    return Part(
        number,
        attempt_events(run, number),
        prompt=attempt_prompt(run, number),
        record=record,
        started_at=started_at(run, number) if record is None else record.started_at,
        output=str(run.output_file(number).relative_to(run.path)),
    )


def started_at(run: RunDir, number: int) -> str:
    """When an attempt began, by the journal; empty where it says nothing."""
    for event in run.journal.events():
        if event.event == "attempt-started" and event.data.get("number") == number:
            return event.at
    return ""


def _reader(run: RunDir) -> EventReader:
    try:
        reader: EventReader = make("agent", run.spec().agent.name).events()
    except InputError:  # its plug-in is gone; the lines are still there
        reader = PlainReader()
    return reader
