"""OpenCode: its providers, its stream, and the real CLI in a sandbox against a scripted model."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from agent_launches import KEY, Seat, golden, read
from garbled import garbled, read_all
from hypothesis import given, settings
from proxy_trap import ProxyTrap

from posttrainbench.agents.opencode import OpenCode
from posttrainbench.agents.opencode_events import OpenCodeReader
from posttrainbench.agents.opencode_providers import KINDS, thinking
from posttrainbench.errors import SpecError
from posttrainbench.scripted import ScriptedServer
from posttrainbench.spec import AgentChoice
from posttrainbench.traces.events import (
    Call,
    End,
    Line,
    Output,
    Raw,
    Reasoning,
    Session,
    Trouble,
    Usage,
)

HERE = Path(__file__).parent
TRANSCRIPTS = sorted((HERE / "transcripts").glob("opencode-*.jsonl"))
SHARED = HERE.parents[2] / "shared" / "agent_clis" / "transcripts" / "opencode.jsonl"
REAL_LINES = [line for path in TRANSCRIPTS for line in path.read_text().splitlines()]
NASTY = (
    "-x /help @notes.txt 'single' \"double\" `tick` $HOME \\ \n--model a/b\n-\n%s ä€\U0001f600\n"
    + "z" * 100_000
    + "\n  end"
)


def choose(model: str | None, **rest) -> AgentChoice:
    return AgentChoice(name="opencode", model=model, **rest)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_real_transcript_gives_the_golden_events(path):
    expected = (HERE / "goldens" / path.name).read_text()
    assert golden(read(OpenCodeReader(), path.read_text())) == expected


@pytest.mark.skipif(not SHARED.exists(), reason="no shared transcripts here")
def test_the_shared_transcript_gives_the_golden_events():
    expected = (HERE / "goldens" / "opencode-shared.jsonl").read_text()
    assert golden(read(OpenCodeReader(), SHARED.read_text())) == expected


def test_only_a_last_step_that_stopped_is_an_end():
    whole = (HERE / "transcripts" / "opencode-mixed.jsonl").read_text().splitlines()
    for count in range(len(whole)):
        events = read(OpenCodeReader(), "\n".join(whole[:count]))
        assert not [one for one in events if isinstance(one, End)], count
    stopped = [one for one in read(OpenCodeReader(), "\n".join(whole)) if isinstance(one, End)]
    assert [(one.ok, one.reason, one.line) for one in stopped] == [(True, "stop", len(whole))]
    cut = whole[-1].replace('"reason":"stop"', '"reason":"length"')
    (end,) = [one for one in read(OpenCodeReader(), cut) if isinstance(one, End)]
    assert (end.ok, end.reason) == (False, "length")


def test_a_price_counts_only_where_there_is_one():
    step = (HERE / "transcripts" / "opencode-mixed.jsonl").read_text().splitlines()[-1]
    for cost, expected in (("0", None), ("0.25", 0.25), ("-1", None), ('"1"', None)):
        events = read(OpenCodeReader(), step.replace('"cost":0', f'"cost":{cost}'))
        (usage,) = [event for event in events if isinstance(event, Usage)]
        use = usage.models[""]
        assert (use.cost_usd, use.cost_source) == (expected, "cli" if expected else "")
        assert (use.input, use.cached, use.output, use.reasoning) == (1000, 200, 50, 7)


def test_a_failed_tool_and_an_unreachable_api_are_told():
    state = {"status": "error", "input": {"filePath": "x"}, "error": "no x"}
    failed = {"type": "tool_use", "part": {"tool": "read", "callID": "c", "state": state}}
    data = {"message": "Cannot connect to API: Unable to connect.", "isRetryable": True}
    away = {"type": "error", "error": {"name": "APIError", "data": data}}
    call, output, trouble = read(OpenCodeReader(), f"{json.dumps(failed)}\n{json.dumps(away)}")
    assert isinstance(call, Call)
    assert call.arguments == {"filePath": "x"}
    assert isinstance(output, Output)
    assert (output.call_id, output.text, output.failed) == ("c", "no x", True)
    assert isinstance(trouble, Trouble)
    assert (trouble.status, trouble.fatal) == (0, True)


def test_unknown_and_garbled_lines_are_kept():
    text = '{"type":"novelty","x":1}\nplain words\n{"type":"text"'
    events = read(OpenCodeReader(), text, "on stderr")
    assert [type(event) for event in events] == [Raw] * 4
    assert [event.text for event in events] == ["on stderr", *text.splitlines()]


def test_of_a_cut_line_the_beginning_is_read():
    state = {"status": "completed", "input": {"command": "cat [x"}, "output": "ab\n" * 50_000}
    whole = json.dumps({"type": "tool_use", "sessionID": "s", "part": {
        "type": "tool", "tool": "bash", "callID": "c", "state": state}})  # fmt: skip
    session, call, output = OpenCodeReader().read(
        Line("", 0.0, "stdout", whole[:9000], 1, cut=len(whole) - 9000)
    )
    assert isinstance(session, Session)
    assert isinstance(call, Call)
    assert call.arguments == {"command": "cat [x"}
    assert isinstance(output, Output)
    assert state["output"].startswith(output.text)
    assert len(output.text) > 5000
    assert output.extra["cut"] == len(whole) - 9000


@settings(deadline=None, max_examples=300)
@given(garbled(REAL_LINES))
def test_no_damage_raises(damaged):
    read_all(OpenCodeReader(), damaged)


@pytest.mark.parametrize("name", KINDS)
def test_the_first_part_of_the_model_decides(name):
    found = OpenCode().provider(choose(f"{name}/some/model"))
    assert found.base_url.startswith("https://")
    assert found.key_variable.endswith("_API_KEY")
    own = choose(f"{name}/some/model", base_url="http://x/v1", key_variable="MINE")
    assert (OpenCode().provider(own).base_url, OpenCode().provider(own).key_variable) == (
        "http://x/v1", "MINE",
    )  # fmt: skip
    assert OpenCode().provider(own).api == found.api


def test_any_endpoint_of_the_chat_api_can_be_named():
    keyless = OpenCode().provider(choose("local/qwen", base_url="http://127.0.0.1:8000/v1"))
    assert (keyless.api, keyless.key_variable) == ("openai-chat", "")
    other = choose("mine/qwen", base_url="https://x/v1", key_variable="MINE")
    assert OpenCode().provider(other).key_variable == "MINE"


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"model": None}, "needs a model as provider/model"),
        ({"model": "gpt-6-sol"}, "needs a model as provider/model"),
        ({"model": "nobody/x"}, "knows no provider 'nobody'"),
        ({"model": "mine/x", "base_url": "https://x/v1"}, "which key"),
        ({"model": "google/gemini-3.8-flash", "reasoning_effort": "xhigh"}, "effort 'xhigh'"),
        ({"model": "anthropic/claude-sonnet-4-5", "reasoning_effort": "low"}, "high, max"),
        ({"model": "openai/x", "options": {"context": "1000"}}, "belong together"),
        ({"model": "openai/x", "options": {"context": "1k", "output": "9"}}, "no whole number"),
        ({"model": "openai/x", "login": "subscription"}, "no subscription login"),
    ],
)
def test_choices_that_make_no_sense_are_refused(choice, says):
    with pytest.raises(SpecError) as caught:
        OpenCode().check(choose(**choice))
    assert says in str(caught.value)


def test_models_with_two_budgets_take_the_variant_of_the_cli():
    for model in ("anthropic/claude-haiku-4-5", "anthropic/claude-opus-4-5-20251101",
                  "google/gemini-2.5-pro"):  # fmt: skip
        found = thinking(choose(model, reasoning_effort="max"))
        assert (found.variant, found.options) == ("max", {})
    for model in ("anthropic/claude-opus-4-6", "anthropic/claude-sonnet-5", "openai/gpt-6-sol"):
        found = thinking(choose(model, reasoning_effort="max"))
        assert not found.variant
        assert "max" in (found.options.get("effort"), found.options.get("reasoningEffort"))


@pytest.fixture
def seat(tmp_path, ptb_agents, bubblewrap) -> Seat:
    return Seat(tmp_path)


def test_the_real_cli_does_the_task_and_goes_on_with_the_session(seat):
    seat.workspace.mkdir()
    elsewhere = {"provider": {"local": {"options": {"baseURL": "http://127.0.0.1:9/v1"}}}}
    (seat.workspace / "opencode.json").write_text(json.dumps(elsewhere))
    (seat.workspace / ".opencode").mkdir()
    steps = [{"text": "I begin.", "shell": "echo hello > out.txt; exit 3"}, {"text": "Done."}]
    with ScriptedServer(steps, key=KEY) as server, ProxyTrap() as trap:
        url = f"{server.url}/v1"
        chosen = {"model": "local/qwen3-coder", "base_url": url, "reasoning_effort": "max"}
        first = seat.play(OpenCode(), NASTY, url=url, env=trap.env, **chosen)
        asked = len(server.requests)
        (session,) = first.of(Session)
        again = seat.play(OpenCode(), "go on", url=url, env=trap.env,
                          session_id=session.session_id, **chosen)  # fmt: skip
    assert (first.ending.exit_code, first.ending.survivors) == (0, 0)
    assert (seat.workspace / "out.txt").read_text() == "hello\n"
    assert asked == 2  # no side request for a title
    body = server.requests[0].body
    assert NASTY in [_text(message["content"]) for message in body["messages"]]
    assert body["reasoning_effort"] == "max"
    (output,) = first.of(Output)
    assert output.exit_code == 3
    assert first.of(End)[0].ok
    assert [use.models[""].requests for use in first.of(Usage)] == [1, 1]

    assert again.of(Session)[0].session_id == session.session_id
    assert again.of(End)[0].ok
    history = [_text(message["content"]) for message in server.requests[asked].body["messages"]]
    assert {NASTY, "I begin.", "go on"} <= set(history)

    assert trap.asked == []
    holders = [path for path in seat.folder.rglob("*") if path.is_file()]
    assert not [path for path in holders if KEY.encode() in path.read_bytes()]
    assert not [part for part in first.launch.argv if "z" * 10 in part or KEY in part]


def test_a_model_that_the_catalogue_lacks_works_with_the_providers_own_api(seat):
    limits = {"context": "200000", "output": "48000", "shell_timeout": "3h"}
    with ScriptedServer([{"shell": "echo a"}, {"text": "Done."}], key=KEY) as server:
        attempt = seat.play(OpenCode(), "task", url=f"{server.url}/v1", options=limits,
                            model="anthropic/claude-new-9", reasoning_effort="max")  # fmt: skip
    body = server.requests[0].body
    assert attempt.of(End)[0].ok
    assert body["model"] == "claude-new-9"
    assert body["output_config"] == {"effort": "max"}
    assert body["thinking"]["type"] == "adaptive"
    assert body["max_tokens"] == 48_000
    assert "time out after 10800000ms" in json.dumps(body["tools"])


def test_a_refused_key_is_told_with_its_status(seat):
    with ScriptedServer([{"shell": "echo a"}, {"status": 401, "message": "not today"}]) as server:
        url = f"{server.url}/v1"
        attempt = seat.play(OpenCode(), "task", url=url, model="local/m", base_url=url)
    (trouble,) = attempt.of(Trouble)
    assert (trouble.status, trouble.fatal) == (401, True)
    assert "not today" in trouble.text
    assert attempt.ending.exit_code == 1
    assert not attempt.of(End)


def test_at_the_end_of_its_time_it_ends_at_once_and_says_nothing_more(seat):
    with ScriptedServer([{"shell": "echo a"}, {"shell": "setsid sleep 4714"}]) as server:
        url = f"{server.url}/v1"
        begun = time.monotonic()
        attempt = seat.play(OpenCode(), "task", url=url, model="local/m", base_url=url,
                            seconds=10, grace=20)  # fmt: skip
    assert time.monotonic() - begun < 18
    assert attempt.ending.ended == "out-of-time"
    assert (attempt.ending.killed, attempt.ending.survivors) == (False, 0)
    assert len(attempt.of(Call)) == 1
    assert not attempt.of(End)


def test_reasoning_is_kept():
    text = (HERE / "transcripts" / "opencode-mixed.jsonl").read_text()
    thoughts = [one.text for one in read(OpenCodeReader(), text) if isinstance(one, Reasoning)]
    assert thoughts == ["I think first."] * 4


def _text(content) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [])
