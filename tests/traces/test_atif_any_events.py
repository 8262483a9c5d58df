"""Whatever the events are: the document is valid, holds everything, and fits into memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from posttrainbench.errors import StorageError
from posttrainbench.records import TokenUse
from posttrainbench.traces.atif import Part, write_trajectory
from posttrainbench.traces.events import (
    Call,
    End,
    Message,
    Output,
    Raw,
    Reasoning,
    Session,
    TraceEvent,
    Trouble,
    Usage,
)  # fmt: skip

AT = "2026-11-23T05:00:00.000Z"


def nested(depth: int) -> Any:
    value: Any = "core"
    for _ in range(depth):
        value = [value]
    return value


def test_values_that_json_lacks(document: Any) -> None:
    [step] = document.of(
        Call(AT, call_id="\ud800", tool="\udfff\0", arguments={
            "nan": float("nan"), "inf": float("-inf"), "big": 10**400, "set": {1}, 3: b"x",
            "half": "a\ud83d", "deep": nested(300), "deeper": nested(5000),
            "none": None, "true": True,
        }),
        Output(AT, call_id="\ud800", text="\ud83d\0🙂\u2028"),
    )  # fmt: skip
    [call] = step["tool_calls"]
    assert call["arguments"]["half"] == "a\\ud83d"
    assert call["arguments"]["nan"] == "nan"
    assert call["arguments"]["big"] == str(10**400)
    assert call["arguments"]["3"] == "\"b'x'\""
    assert call["arguments"]["true"] is True
    assert "core" in json.dumps(call["arguments"]["deep"])
    assert step["observation"]["results"][0]["content"] == "\\ud83d\0🙂\u2028"


def test_an_older_document_stays_when_the_new_one_fails(document: Any) -> None:
    document.write(Part(1, [Message(AT, text="old")], "p"))
    before = document.path.read_bytes()

    def broken() -> Iterable[TraceEvent]:
        yield Message(AT, text="new")
        yield Message(AT, text="new", parent="sub")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_trajectory(document.path, [Part(1, broken())], run_id="r", agent="a")
    assert document.path.read_bytes() == before
    assert [path.name for path in document.path.parent.iterdir()] == ["trajectory.json"]


def test_a_disk_that_refuses_is_said_in_words() -> None:
    with pytest.raises(StorageError, match=r"/proc/trajectory\.json"):
        write_trajectory(Path("/proc/trajectory.json"), [], run_id="r", agent="a")


TEXTS = st.text(max_size=20) | st.sampled_from(["", "\ud800", "\0", "p", "a\nb", "x" * 70_000])
IDS = st.sampled_from(["", "a", "b", "c", "a#1"])
TIMES = st.sampled_from(
    [AT, "", "garbage", "2026-11-23T05:00:09+05:00", "0001-01-01T00:00:00+23:59"]
)
EXTRAS = st.sampled_from(
    [{}, {"cut": 5}, {"kind": "x", "line": "y"}, {"a": [float("nan"), nested(80)]}]
)
USES = st.builds(TokenUse, input=st.integers(0, 9), output=st.integers(0, 9),
                 cost_usd=st.none() | st.floats(0, 1))  # fmt: skip
MODELS = st.dictionaries(st.sampled_from(["", "m", "n"]), USES, max_size=2)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def built(kind: type[TraceEvent], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        kind, TIMES, st.integers(0, 50), parent=st.sampled_from(["", "", "a", "b", "z"]),
        extra=EXTRAS, **fields,
    )  # fmt: skip


EVENTS = st.one_of(
    built(Session, session_id=TEXTS, model=IDS, version=TEXTS),
    built(Message, role=st.sampled_from(["agent", "user", "system"]), text=TEXTS, turn=IDS,
          model=IDS, partial=st.booleans()),
    built(Reasoning, text=TEXTS, turn=IDS, model=IDS),
    built(Call, call_id=IDS, tool=TEXTS, arguments=st.dictionaries(TEXTS, VALUES, max_size=3),
          turn=IDS),
    built(Output, call_id=IDS, text=TEXTS, exit_code=st.none() | st.integers(),
          failed=st.booleans()),
    built(Usage, scope=st.sampled_from(["step", "invocation", "session"]), models=MODELS,
          turn=IDS),
    built(Trouble, text=TEXTS, status=st.none() | st.integers(0, 999), fatal=st.booleans()),
    built(End, ok=st.booleans(), reason=TEXTS, text=TEXTS),
    built(Raw, stream=st.sampled_from(["stdout", "stderr", "ptb"]), text=TEXTS),
)  # fmt: skip


@given(st.lists(st.lists(EVENTS, max_size=25), max_size=3), st.none() | st.just("p"))
@example([[Call(AT, call_id="a", parent="a")]], None)  # a call that is its own parent
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_events_give_a_valid_document(
    document: Any, attempts: list[list[TraceEvent]], prompt: str | None
) -> None:
    data = document.write(*(Part(n, events, prompt) for n, events in enumerate(attempts, 1)))
    trajectories = [data, *data.get("subagent_trajectories", [])]
    steps = [step for one in trajectories for step in one["steps"]]
    held = [call for step in steps for call in step.get("tool_calls", [])]
    for events in attempts:
        for event in events:
            if isinstance(event, Output | Message | Reasoning):
                text = event.text.encode("utf-8", "backslashreplace").decode()
                if isinstance(event, Output):
                    continue  # a later one may have taken its place
                found = any(
                    text in step["message"] or text in step.get("reasoning_content", "")
                    for step in steps
                )
                assert found, event
    calls = sum(isinstance(event, Call) for events in attempts for event in events)
    again = sum(
        detail["extra"].get("again") is True
        for step in steps for detail in step.get("extra", {}).get("details", [])
    )  # fmt: skip
    assert len(held) + again == calls
    outputs = sum(isinstance(event, Output) for events in attempts for event in events)
    results = [
        result for step in steps for result in step.get("observation", {}).get("results", [])
    ]
    told = [result for result in results if "content" in result]
    replaced = sum(result["extra"].get("earlier_outputs", 0) for result in told)
    assert len(told) + replaced == outputs
    raw = "".join(event.text for events in attempts for event in events if isinstance(event, Raw))
    kept = [step for step in steps if step.get("extra", {}).get("kind") == "raw"]
    assert sum(step["message"].count("x") for step in kept) == raw.count("x")


MEMORY = """
import sys
from pathlib import Path
from posttrainbench.traces.atif import Part, write_trajectory
from posttrainbench.traces.lines import read_lines
from posttrainbench.traces.stream import events_of
from toy_events import ToyReader
def peak():
    rows = Path("/proc/self/status").read_text().splitlines()
    return int(next(row for row in rows if row.startswith("VmHWM")).split()[1]) // 1024
source, target = map(Path, sys.argv[1:])
before = peak()
events = events_of(read_lines(source), ToyReader())
write_trajectory(target, [Part(1, events, "p")], run_id="r", agent="toy")
print(peak() - before)
"""


def test_memory_does_not_grow_with_the_output(tmp_path: Path, request) -> None:
    """60 MB of calls and one output of 20 MB: only the latter counts."""
    from toy_events import toy

    source, target = tmp_path / "out", tmp_path / "trajectory.json"
    head = '{"at": "2026-11-23T05:00:00.000Z", "t": 1.0, "stream": "stdout", "text": %s%s}\n'
    with source.open("w") as file:
        for n in range(3000):
            file.write(head % (json.dumps(toy("call", call_id=f"c{n}", tool="Bash")), ""))
            text = "y" * 20_000
            file.write(head % (json.dumps(toy("output", call_id=f"c{n}", text=text)), ""))
        large = toy("output", call_id="x", text="line\n" * 4_000_000)
        for begin in range(0, len(large), 60_000):
            more = ', "more": true' if begin + 60_000 < len(large) else ""
            file.write(head % (json.dumps(large[begin : begin + 60_000]), more))
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, source, target], capture_output=True, text=True, check=True,
        timeout=120, env={"PYTHONPATH": str(request.config.rootpath / "tests" / "plugin")},
    )  # fmt: skip
    assert target.stat().st_size > 80_000_000
    assert int(done.stdout) < 140
