"""From the files of a run to events, numbers and the document."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from toy_events import ToyAgent, toy, write_output

from posttrainbench.errors import RecordError, UnknownNameError
from posttrainbench.records import Attempt, RunDir, write_json
from posttrainbench.registry import make
from posttrainbench.runs import trajectory
from posttrainbench.runs.trajectory import (
    attempt_events,
    attempt_numbers,
    attempt_prompt,
    summarise_attempt,
    write_run_trajectory,
)
from posttrainbench.spec import RunSpec
from posttrainbench.traces.atif import Part, write_trajectory
from posttrainbench.traces.events import Call, Raw
from posttrainbench.traces.lines import read_lines
from posttrainbench.traces.stream import events_of
from posttrainbench.traces.writer import TraceWriter

TRANSCRIPTS = Path(__file__).parents[1] / "agents" / "transcripts"
SHARED = Path(__file__).parents[3] / "shared" / "agent_clis" / "transcripts"
AGENTS = {
    "claude": "claude-code",
    "codex": "codex",
    "gemini": "gemini-cli",
    "opencode": "opencode",
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    """A run of the toy agent, still without attempts."""

    def with_toy(kind: Any, name: str) -> Any:
        return ToyAgent() if name == "toy" else make(kind, name)

    monkeypatch.setattr(trajectory, "make", with_toy)
    spec = RunSpec(model="qwen3-4b", benchmark="gsm8k", agent={"name": "toy", "model": "big"})
    run = RunDir.create(tmp_path, spec)
    run.prompt_file.write_text("the task")
    return run


def record(run: RunDir, number: int, **more: Any) -> None:
    write_json(run.attempt_file(number), Attempt(
        **{"at": "2026-11-23T06:00:00Z", "package_version": "0", "number": number,
           "ended": "exited", "seconds": 9, "started_at": "2026-11-23T05:00:00Z"} | more
    ))  # fmt: skip


def session(name: str) -> str:
    return toy("session", session_id=name, model="big")


def counters(tokens: int) -> str:
    return toy("usage", scope="session", models={"big": {"input": tokens, "output": 1}})


def test_events_come_through_the_agents_reader(run: RunDir) -> None:
    write_output(run.output_file(1), [toy("call", call_id="c", tool="Bash"), "!warning"])
    call, warning = attempt_events(run, 1)
    assert isinstance(call, Call)
    assert (call.tool, call.line, call.at) == ("Bash", 1, "2026-11-23T05:00:01.000Z")
    assert isinstance(warning, Raw)
    assert (warning.stream, warning.text) == ("stderr", "warning")


def test_a_plug_in_that_is_gone_leaves_lines(run: RunDir, tmp_path: Path) -> None:
    other = RunDir.create(tmp_path, RunSpec(model="m", benchmark="b", agent="long-gone"))
    with pytest.raises(UnknownNameError):
        make("agent", "long-gone")
    write_output(other.output_file(1), [session("s")])
    [event] = attempt_events(other, 1)
    assert isinstance(event, Raw)
    assert event.text == session("s")


def test_attempts_are_known_by_either_file(run: RunDir) -> None:
    assert attempt_numbers(run) == []
    for number in (1, 12, 1000):
        write_output(run.output_file(number), [])
    record(run, 2)
    (run.attempts / "003.prompt.md").write_text("x")
    (run.attempts / ".tmp-004.json-1").write_text("x")
    assert attempt_numbers(run) == [1, 2, 12, 1000]


def test_prompts(run: RunDir) -> None:
    run.attempts.mkdir()
    (run.attempts / "003.prompt.md").write_bytes(b"go on \xff")
    assert [attempt_prompt(run, n) for n in (1, 2, 3)] == ["the task", None, r"go on \xff"]


def test_counters_of_a_session_are_told_apart_by_attempt(run: RunDir) -> None:
    write_output(run.output_file(1), [session("s"), counters(100)])
    write_output(run.output_file(2), [session("s"), toy("message", text="killed")])
    write_output(run.output_file(3), [session("other"), counters(30)])
    write_output(run.output_file(4), [session("s"), counters(250)])
    write_output(run.output_file(5), [session("s"), counters(251)])
    seen = [summarise_attempt(run, number) for number in range(1, 6)]
    assert [sum(use.input for use in one.models.values()) for one in seen] == [100, 0, 30, 150, 1]
    given = summarise_attempt(run, 4, before=seen[4].session_models)
    assert given.models == {}
    data = json.loads(write_run_trajectory(run).read_text())
    told = [one["models"].get("big", {}).get("input") for one in data["extra"]["attempts"]]
    assert told == [100, None, 30, 150, 1]


def test_an_attempt_without_output_comes_to_nothing(run: RunDir) -> None:
    assert summarise_attempt(run, 1).started is False


def test_the_document_of_a_run(run: RunDir, harbor: ModuleType) -> None:
    write_output(run.output_file(1), [session("s"), toy("message", text="hello", turn="1")])
    record(run, 1, cause="finished", agent_version="1.2.3", cost_usd=1.5)
    run.journal.append("attempt-started", "solve", number=2)
    (run.attempts / "002.prompt.md").write_text("go on")
    write_output(run.output_file(2), [session("s"), toy("message", text="again", turn="1")])
    path = write_run_trajectory(run)
    assert path == run.trajectory_file == run.path / "trajectory.json"
    document = harbor.Trajectory.model_validate_json(path.read_bytes())
    assert [step.message for step in document.steps if step.source != "system"] == [
        "the task", "hello", "go on", "again",
    ]  # fmt: skip
    assert (document.agent.name, document.agent.version) == ("toy", "1.2.3")
    assert document.agent.model_name == "big"
    assert document.session_id == run.run_id
    assert document.extra["benchmark"] == "gsm8k"
    began = next(event for event in run.journal.events() if event.event == "attempt-started")
    assert document.steps[4].timestamp == began.at
    assert document.extra["attempts"][1]["output"] == "attempts/002.output.jsonl"


def test_the_document_of_a_run_that_did_not_begin(run: RunDir, harbor: ModuleType) -> None:
    document = harbor.Trajectory.model_validate_json(write_run_trajectory(run).read_bytes())
    assert len(document.steps) == 1


def test_damaged_records_are_said_in_words(run: RunDir) -> None:
    write_output(run.output_file(1), [])
    run.attempt_file(1).write_text("{")
    with pytest.raises(RecordError, match=r"001\.json cannot be read"):
        write_run_trajectory(run)
    assert not run.trajectory_file.exists()


@pytest.mark.parametrize(
    "transcript",
    [
        pytest.param(path, id=path.name)
        for folder in (TRANSCRIPTS, SHARED)
        for path in sorted(folder.glob("*.jsonl"))
    ],
)
def test_real_output_of_the_four_clis(tmp_path: Path, harbor: ModuleType, transcript: Path) -> None:
    name = next(name for prefix, name in AGENTS.items() if transcript.name.startswith(prefix))
    output = tmp_path / "001.output.jsonl"
    with TraceWriter(output, secrets={}, cap_bytes=10**8) as writer:
        writer.write("stdout", transcript.read_bytes())

    def events() -> Any:
        return events_of(read_lines(output), make("agent", name).events())

    written = write_trajectory(
        tmp_path / "t.json", [Part(1, events(), "task")], run_id="r", agent=name
    )
    document = harbor.Trajectory.model_validate_json((tmp_path / "t.json").read_bytes())
    trajectories = [document, *(document.subagent_trajectories or [])]
    calls = [call for one in trajectories for step in one.steps for call in step.tool_calls or []]
    results = [
        result
        for one in trajectories
        for step in one.steps
        for result in (step.observation.results if step.observation else [])
    ]
    given = list(events())
    assert len(calls) == sum(isinstance(event, Call) for event in given) > 0
    assert {result.content for result in results} >= {
        event.text for event in given if type(event).__name__ == "Output"
    }
    assert written.summaries[1].session_id
