"""What the stream of Codex CLI is read as."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from agent_launches import golden, read
from garbled import garbled, read_all
from hypothesis import given, settings

from posttrainbench.agents.codex_events import CodexReader
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
TRANSCRIPTS = sorted((HERE / "transcripts").glob("codex-*.jsonl"))
SHARED = HERE.parents[2] / "shared" / "agent_clis" / "transcripts" / "codex-gpt-5.5.jsonl"
REAL_LINES = [line for path in TRANSCRIPTS for line in path.read_text().splitlines()]


def transcript(name: str) -> str:
    return (HERE / "transcripts" / f"codex-{name}.jsonl").read_text()


def test_there_are_transcripts():
    assert len(TRANSCRIPTS) == 3


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_real_transcript_gives_the_golden_events(path):
    expected = (HERE / "goldens" / path.name).read_text()
    assert golden(read(CodexReader(), path.read_text())) == expected


@pytest.mark.skipif(not SHARED.exists(), reason="no shared transcripts here")
def test_the_shared_transcript_gives_the_golden_events():
    expected = (HERE / "goldens" / "codex-shared.jsonl").read_text()
    assert golden(read(CodexReader(), SHARED.read_text())) == expected


def test_every_call_of_a_real_transcript_has_its_output():
    events = read(CodexReader(), transcript("mixed"))
    calls = {one.call_id: one for one in events if isinstance(one, Call)}
    outputs = {one.call_id: one for one in events if isinstance(one, Output)}
    assert calls.keys() == outputs.keys()
    told = [(calls[key].tool, one.exit_code, one.failed) for key, one in outputs.items()]
    assert told == [
        ("command_execution", 3, True), ("file_change", None, False),
        ("command_execution", None, False),
    ]  # fmt: skip
    left = list(outputs.values())[-1]  # it was still running when the model said its last word
    assert left.extra["ended"] is False
    ended = [one for one in events if isinstance(one, End)]
    assert [one.ok for one in ended] == [True]


def test_words_and_calls_before_an_output_are_one_turn():
    events = read(CodexReader(), transcript("mixed"))
    turns = [
        (type(one).__name__, one.turn)
        for one in events
        if isinstance(one, Message | Reasoning | Call)
    ]
    assert turns[:4] == [("Reasoning", "1"), ("Message", "1"), ("Call", "1"), ("Call", "2")]


def test_tokens_are_those_of_the_whole_session():
    (usage,) = [one for one in read(CodexReader(), transcript("mixed")) if isinstance(one, Usage)]
    assert usage.scope == "session"
    use = usage.models[""]
    told = json.loads(transcript("mixed").splitlines()[-1])["usage"]
    assert use.input == told["input_tokens"] == 4000
    assert (use.cached, use.output) == (told["cached_input_tokens"], told["output_tokens"])
    assert use.reasoning == told["reasoning_output_tokens"]
    assert use.cost_usd is None


ITEMS = [
    ({"type": "mcp_tool_call", "server": "s", "tool": "t", "arguments": {"a": 1},
      "result": {"content": [{"type": "text", "text": "one"},
                             {"type": "image", "mimeType": "image/png", "data": "abcd"}],
                 "structured_content": None}, "error": None, "status": "completed"},
     "mcp__s__t", {"a": 1}, "one\n[image: image/png, 4 characters]", False),
    ({"type": "mcp_tool_call", "server": "s", "tool": "t", "arguments": {"a": 1}, "result": None,
      "error": {"message": "broken"}, "status": "failed"}, "mcp__s__t", {"a": 1}, "broken", True),
    ({"type": "collab_tool_call", "tool": "spawn_agent", "sender_thread_id": "x",
      "receiver_thread_ids": ["y"], "prompt": "do", "status": "completed",
      "agents_states": {"y": {"status": "running", "message": None}}}, "collab_spawn_agent",
     {"prompt": "do", "receiver_thread_ids": ["y"]},
     '{"y": {"status": "running", "message": null}}', False),
    ({"type": "web_search", "query": "q", "action": {"type": "search"}}, "web_search",
     {"query": "q", "action": {"type": "search"}},
     '{"query": "q", "action": {"type": "search"}}', False),
    ({"type": "todo_list", "items": [{"text": "a", "completed": True}]}, "todo_list",
     {"items": [{"text": "a", "completed": True}]},
     '{"items": [{"text": "a", "completed": true}]}', False),
    ({"type": "command_execution", "command": "rm", "aggregated_output": "", "exit_code": None,
      "status": "declined"}, "command_execution", {"command": "rm"}, "", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("item", "tool", "arguments", "text", "failed"), ITEMS, ids=[one[1] for one in ITEMS]
)
@pytest.mark.parametrize("announced", [True, False])
def test_items_that_are_tools(item, tool, arguments, text, failed, announced):
    """Shapes from the CLI's own source, for tools that no scripted model can use."""
    whole = {"id": "item_1", **item}
    lines = [json.dumps({"type": "item.completed", "item": whole})]
    if announced:
        lines.insert(0, json.dumps({"type": "item.started", "item": whole}))
    call, output = read(CodexReader(), "\n".join(lines))
    assert isinstance(call, Call)
    assert isinstance(output, Output)
    assert (call.tool, call.arguments) == (tool, arguments)
    assert (output.call_id, output.text, output.failed) == ("item_1", text, failed)


def test_an_update_is_an_output_that_the_last_one_replaces():
    item = {"id": "i", "type": "todo_list", "items": [{"text": "a", "completed": False}]}
    lines = [{"type": f"item.{name}", "item": item} for name in ("started", "updated", "completed")]
    events = read(CodexReader(), "\n".join(json.dumps(one) for one in lines))
    assert [type(one) for one in events] == [Call, Output, Output]


@pytest.mark.parametrize(
    ("words", "status", "fatal"),
    [
        ("unexpected status 401 Unauthorized: no, url: http://x/v1/responses", 401, True),
        ("exceeded retry limit, last status: 429 Too Many Requests", 429, True),
        ("Reconnecting... 1/5 (unexpected status 502 Bad Gateway: {}, url: x)", 502, False),
        ("We’re currently experiencing high demand, which may cause temporary errors.", 503, True),
        ("Selected model is at capacity. Please try a different model.", 503, True),
        ("Quota exceeded. Check your plan and billing details.", 429, True),
        ("You’ve hit your usage limit. Visit https://chatgpt.com/settings/usage", 429, True),
        ("rate limit exceeded: Rate limit reached, try again in 1.0s", 429, True),
        ("stream disconnected before completion: Transport error: network error", 0, True),
        ("Reconnecting... waiting for network (Connection failed: error sending)", 0, False),
        ("Codex ran out of room in the model's context window. Start a new thread", 400, True),
        ('{"error": {"message": "Unknown parameter"}}', 400, True),
        ("error sending request for url (https://auth.openai.com/oauth/token)", 401, True),
        ("Your access token could not be refreshed. Please log out and sign in again.", 401, True),
        ("something else", None, True),
    ],
)
def test_the_words_of_an_error_tell_its_status(words, status, fatal):
    lines = [
        {"type": "error", "message": words},
        {"type": "turn.failed", "error": {"message": words}},
    ]
    events = read(CodexReader(), "\n".join(json.dumps(one) for one in lines))
    first = events[0]
    assert isinstance(first, Trouble)
    assert (first.status, first.fatal) == (status, fatal)
    troubles = [one for one in events if isinstance(one, Trouble)]
    assert [one.fatal for one in troubles][-1] is True
    assert len(troubles) == (1 if fatal else 2)
    assert isinstance(events[-1], End)
    assert (events[-1].ok, events[-1].text) == (False, words)


def test_an_error_item_is_a_warning():
    item = {"id": "i", "type": "error", "message": "Model metadata for `x` not found."}
    line = {"type": "item.completed", "item": item}
    (trouble,) = read(CodexReader(), json.dumps(line))
    assert isinstance(trouble, Trouble)
    assert (trouble.status, trouble.fatal) == (None, False)


def test_a_stream_that_breaks_off_has_no_end():
    for path in TRANSCRIPTS:
        lines = [line for line in path.read_text().splitlines() if '"turn.' not in line]
        assert not [one for one in read(CodexReader(), "\n".join(lines)) if isinstance(one, End)]


def test_unknown_and_garbled_lines_are_kept():
    text = (
        '{"type":"novelty","x":1}\nplain words\n{"type":"turn.completed"\n'
        '{"type":"item.completed","item":{"id":"i","type":"novelty"}}\n'
        '{"type":"item.updated","item":{"id":"i","type":"todo_list"}}'
    )
    events = read(CodexReader(), text, "on stderr")
    assert [type(event) for event in events] == [Raw] * 6
    assert [event.text for event in events] == ["on stderr", *text.splitlines()]


def test_of_a_cut_line_the_beginning_is_read():
    item = {"id": "i", "type": "command_execution", "command": "cat",
            "aggregated_output": "é\n\"" * 50_000}  # fmt: skip
    whole = json.dumps({"type": "item.completed", "item": item})
    for end in (1000, 1001, 1002, 1003, 1004, 1005, 1006, 40_000):
        line = Line("", 0.0, "stdout", whole[:end], 1, cut=len(whole) - end)
        call, output = CodexReader().read(line)
        assert isinstance(call, Call)
        assert isinstance(output, Output)
        assert item["aggregated_output"].startswith(output.text)
        assert output.extra["cut"] == len(whole) - end


@settings(deadline=None, max_examples=300)
@given(garbled(REAL_LINES + [json.dumps({"type": "item.completed", "item": {"id": "i", **one[0]}})
                             for one in ITEMS]))  # fmt: skip
def test_no_damage_raises(damaged):
    read_all(CodexReader(), damaged)
