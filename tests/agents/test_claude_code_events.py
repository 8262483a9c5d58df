"""What the stream of Claude Code is read as."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from agent_launches import golden, read
from garbled import garbled, read_all
from hypothesis import given, settings

from posttrainbench.agents.claude_code_events import ClaudeCodeReader
from posttrainbench.traces.events import (
    Call,
    End,
    Line,
    Message,
    Output,
    Raw,
    Reasoning,
    Trouble,
    Usage,
)

HERE = Path(__file__).parent
TRANSCRIPTS = sorted((HERE / "transcripts").glob("claude-code-*.jsonl"))
SHARED = HERE.parents[2] / "shared" / "agent_clis" / "transcripts" / "claude-2.1.330.jsonl"
REAL_LINES = [line for path in TRANSCRIPTS for line in path.read_text().splitlines()]


def transcript(name: str) -> str:
    return (HERE / "transcripts" / f"claude-code-{name}.jsonl").read_text()


def test_there_are_transcripts():
    assert len(TRANSCRIPTS) == 3


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_real_transcript_gives_the_golden_events(path):
    expected = (HERE / "goldens" / path.name).read_text()
    assert golden(read(ClaudeCodeReader(), path.read_text())) == expected


@pytest.mark.skipif(not SHARED.exists(), reason="no shared transcripts here")
def test_the_shared_transcript_gives_the_golden_events():
    expected = (HERE / "goldens" / "claude-code-shared.jsonl").read_text()
    assert golden(read(ClaudeCodeReader(), SHARED.read_text())) == expected


def test_every_call_of_a_real_transcript_has_its_output():
    events = read(ClaudeCodeReader(), transcript("mixed"))
    calls = {one.call_id: one for one in events if isinstance(one, Call)}
    outputs = {one.call_id: one for one in events if isinstance(one, Output)}
    assert calls.keys() == outputs.keys()
    told = {(calls[key].tool, one.exit_code, one.failed) for key, one in outputs.items()}
    assert {("Bash", 3, True), ("Write", None, False), ("Agent", None, False)} <= told
    assert ("Bash", 0, False) in told  # the sub-agent's
    assert ("Bash", None, False) in told  # grep without a match; and in the background
    edit = next(outputs[key] for key, one in calls.items() if one.tool == "Edit")
    assert edit.extra["result"]["structuredPatch"]
    image = next(outputs[key] for key, one in calls.items() if one.tool == "Read")
    assert re.fullmatch(r"\[image: image/png, \d+ characters\]", image.text)


def test_a_sub_agent_is_told_with_the_call_that_started_it():
    events = read(ClaudeCodeReader(), transcript("mixed"))
    (started,) = [one for one in events if isinstance(one, Call) and one.tool == "Agent"]
    inside = [one for one in events if one.parent]
    assert {one.parent for one in inside} == {started.call_id}
    kinds = {type(one) for one in inside}
    assert {Message, Reasoning, Call, Output} <= kinds


def test_tokens_are_those_of_the_invocation_by_model():
    text = transcript("mixed")
    results = [json.loads(line) for line in text.splitlines() if '"type":"result"' in line]
    assert len(results) > 1  # background tasks begin turns of their own
    usages = [one for one in read(ClaudeCodeReader(), text) if isinstance(one, Usage)]
    last = usages[-1]
    assert last.scope == "invocation"
    for name, told in results[-1]["modelUsage"].items():
        use = last.models[name]
        beside = told["cacheReadInputTokens"] + told["cacheCreationInputTokens"]
        assert use.input == told["inputTokens"] + beside
        assert (use.cached, use.output) == (told["cacheReadInputTokens"], told["outputTokens"])
        assert use.cost_usd == pytest.approx(told["costUSD"])
        assert use.cost_source == "cli"


def result(**rest) -> str:
    standard = {"type": "result", "subtype": "success", "is_error": False, "result": "ok"}
    return json.dumps(standard | rest)


def test_counters_that_go_on_through_a_session_are_not_counted_twice():
    one = {"inputTokens": 10, "outputTokens": 5, "costUSD": 0.5, "costBasis": "list"}
    both = {"inputTokens": 30, "outputTokens": 9, "costUSD": 0.9, "costBasis": "list"}
    text = result(modelUsage={"m": both}, model_usage_since_last_result={"m": one})
    usages = [e for e in read(ClaudeCodeReader(), text + "\n" + text) if isinstance(e, Usage)]
    assert [use.models["m"].input for use in usages] == [10, 20]
    older = read(ClaudeCodeReader(), result(modelUsage={"m": both}))
    assert isinstance(older[0], Usage)
    assert older[0].models["m"].input == 30


def test_a_price_that_the_cli_does_not_know_is_none():
    use = {"inputTokens": 10, "outputTokens": 5, "costUSD": 0.5, "costBasis": "unknown"}
    usage = read(ClaudeCodeReader(), result(modelUsage={"glm": use}))[0]
    assert isinstance(usage, Usage)
    assert (usage.models["glm"].cost_usd, usage.models["glm"].cost_source) == (None, "")


def test_only_the_last_result_is_the_end():
    init = json.dumps({"type": "system", "subtype": "init", "session_id": "s", "model": "m"})
    events = read(ClaudeCodeReader(), "\n".join([init, result(result="one"), init]))
    assert not [one for one in events if isinstance(one, End)]
    events = read(ClaudeCodeReader(), "\n".join([init, result(), init, result(result="two")]))
    assert [one.text for one in events if isinstance(one, End)] == ["two"]
    assert isinstance(events[-1], End)


def test_a_stream_that_breaks_off_has_no_end():
    for name in ("500", "interrupted"):
        begun = transcript(name).splitlines()
        while '"type":"result"' in begun[-1] or '"system"' in begun[-1]:
            begun.pop()
        events = read(ClaudeCodeReader(), "\n".join(begun))
        assert not [one for one in events if isinstance(one, End)]


def test_an_error_of_the_api_is_no_message_of_the_agent():
    events = read(ClaudeCodeReader(), transcript("500"))
    retry, fatal = [one for one in events if isinstance(one, Trouble)]
    assert (retry.status, retry.fatal) == (500, False)
    assert (fatal.status, fatal.fatal) == (500, True)
    assert "not today" in fatal.text
    assert not [one for one in events if isinstance(one, Message) and "not today" in one.text]
    assert [(one.ok, one.reason) for one in events if isinstance(one, End)] == [
        (False, "api_error")
    ]


def test_a_lost_connection_is_told_without_a_status():
    message = {"model": "<synthetic>", "content": [{"type": "text", "text": "Lost"}]}
    line = {"type": "assistant", "is_api_error_message": True, "message": message}
    line["api_error"] = "connection_failed"
    (trouble,) = read(ClaudeCodeReader(), json.dumps(line))
    assert isinstance(trouble, Trouble)
    assert (trouble.status, trouble.fatal, trouble.text) == (0, True, "Lost")


def test_unknown_and_garbled_lines_are_kept():
    text = '{"type":"novelty","x":1}\nplain words\n{"type":"result"\n{"type":"system"}'
    events = read(ClaudeCodeReader(), text, "on stderr")
    assert [type(event) for event in events] == [Raw] * 5
    assert [event.text for event in events] == ["on stderr", *text.splitlines()]


def test_of_a_cut_line_the_beginning_is_read():
    block = {"type": "tool_result", "tool_use_id": "t1", "content": 'é\n"' * 50_000}
    whole = json.dumps({"type": "user", "parent_tool_use_id": None,
                        "message": {"role": "user", "content": [block]}})  # fmt: skip
    for end in (1000, 1001, 1002, 1003, 1004, 1005, 1006, 40_000):
        line = Line("", 0.0, "stdout", whole[:end], 1, cut=len(whole) - end)
        (output,) = ClaudeCodeReader().read(line)
        assert isinstance(output, Output), end
        assert output.call_id == "t1"
        assert block["content"].startswith(output.text)
        assert output.extra["cut"] == len(whole) - end


@settings(deadline=None, max_examples=300)
@given(garbled(REAL_LINES))
def test_no_damage_raises(damaged):
    read_all(ClaudeCodeReader(), damaged)
