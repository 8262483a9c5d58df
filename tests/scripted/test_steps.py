"""Which step a request gets: turns in its history, requests beside it, sub-agents, other tools."""

from __future__ import annotations

import json

import httpx
import pytest

from posttrainbench.scripted import ScriptedServer

THREE = [{"text": "zero"}, {"text": "one"}, {"text": "two"}]


def test_the_step_is_the_number_of_turns_in_the_history(client, stream):
    with ScriptedServer(THREE) as server:
        told = [client.ask(server.url, stream=stream, turns=n).text for n in (1, 0, 0, 2, 7, 1)]
    assert told == ["one", "zero", "zero", "two", "two", "one"]
    assert [one.step for one in server.requests] == [1, 0, 0, 2, 2, 1]


def test_calls_of_one_turn_are_one_turn_in_whatever_order_they_are_told(responses):
    calls = [{"tool": "bash", "input": {"command": str(n)}} for n in range(3)]
    with ScriptedServer([{"text": "I do.", "calls": calls}, {"text": "next"}]) as server:
        output = responses.post(server.url).json()["output"]
        results = [
            {"type": "function_call_output", "call_id": item["call_id"], "output": "ok"}
            for item in output
            if item["type"] == "function_call"
        ]
        message, *made = output
        together = [message, *made, *results]
        one_by_one = [message]
        for call, result in zip(made, results, strict=True):
            one_by_one += [call, result]
        body = responses.body("hello", 0, {"bash": {}})
        for history in (together, one_by_one):
            whole = body | {"input": [*body["input"], *history]}
            told = httpx.post(server.url + "/v1/responses", json=whole).json()
            assert told["output"][0]["content"][0]["text"] == "next"


def test_the_same_with_anthropics_results_one_by_one(anthropic):
    calls = [{"tool": "bash", "input": {}}] * 2
    with ScriptedServer([{"calls": calls}, {"text": "next"}]) as server:
        first, second = anthropic.post(server.url).json()["content"]
        body = anthropic.body("hello", 0, {"bash": {}})
        for call in (first, second):
            result = {"type": "tool_result", "tool_use_id": call["id"], "content": "ok"}
            body["messages"] += [{"role": "assistant", "content": [call]},
                                 {"role": "user", "content": [result]}]  # fmt: skip
        told = httpx.post(server.url + "/v1/messages", json=body).json()
    assert told["content"][0]["text"] == "next"


def test_requests_without_a_shell_tool_are_beside_the_conversation(client, stream):
    script = [{"status": 500}]
    with ScriptedServer(script) as server:
        for tools in ({}, {"web_search": {}}):
            assert client.ask(server.url, stream=stream, tools=tools).text
        assert client.post(server.url).status_code == 500
    assert [(one.kind, one.step) for one in server.requests] == [
        ("side", None), ("side", None), ("status", 0)
    ]  # fmt: skip


def test_unless_every_request_shall_follow_the_script(client, stream):
    with ScriptedServer(THREE, side_requests=False) as server:
        assert client.ask(server.url, stream=stream, tools={}, turns=1).text == "one"


SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "complexity_score": {"type": "integer", "minimum": 1, "maximum": 100},
        "next_speaker": {"type": "string", "enum": ["model", "user"]},
        "deep": {"anyOf": [{"type": "array", "items": {}}, {"type": "null"}]},
        "left_out": {"type": "string"},
    },
    "required": ["title", "complexity_score", "next_speaker", "deep"],
}
FILLED = {"title": "scripted", "complexity_score": 100, "next_speaker": "user", "deep": []}
WANTED = {
    "anthropic": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    "openai-responses": {"text": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    "openai-chat": {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
    "gemini": {"generationConfig": {"responseMimeType": "application/json",
                                    "responseJsonSchema": SCHEMA}},
}  # fmt: skip


def test_a_side_request_for_json_gets_what_its_schema_asks(client):
    with ScriptedServer(THREE) as server:
        answer = client.post(server.url, tools={}, **WANTED[client.name]).json()
    text = {
        "anthropic": lambda: answer["content"][0]["text"],
        "openai-responses": lambda: answer["output"][0]["content"][0]["text"],
        "openai-chat": lambda: answer["choices"][0]["message"]["content"],
        "gemini": lambda: answer["candidates"][0]["content"]["parts"][0]["text"],
    }[client.name]()
    assert json.loads(text) == FILLED


SUB = [{"shell": "ls"}, {"text": "three files"}]
MAIN = [{"tool": "read", "input": {"path": "x"}}, {"text": "done"}]


@pytest.mark.parametrize(
    "script",
    [
        {"main": MAIN, "agents": {"COUNT": SUB}},
        [*MAIN, *({"when": "COUNT", **step} for step in SUB)],
    ],
    ids=["document", "when"],
)
def test_a_sub_agent_has_steps_of_its_own(client, stream, script):
    with ScriptedServer(script) as server:
        assert client.ask(server.url, stream=stream).calls == [("read", {"path": "x"})]
        sub = {"stream": stream, "opening": "please COUNT the files"}
        assert client.ask(server.url, **sub).calls[0][1]["command"] == "ls"
        assert client.ask(server.url, turns=1, **sub).text == "three files"
        assert client.ask(server.url, stream=stream, turns=1).text == "done"
    assert [(one.agent, one.step) for one in server.requests] == [
        ("", 0), ("COUNT", 0), ("COUNT", 1), ("", 1)
    ]  # fmt: skip


def test_a_sub_agent_needs_no_shell(chat):
    with ScriptedServer({"main": MAIN, "agents": {"COUNT": [{"text": "sub"}]}}) as server:
        heard = chat.ask(server.url, stream=False, opening="COUNT", tools={"read": {}})
    assert heard.text == "sub"


def test_the_script_can_be_replaced_while_it_runs(client):
    with ScriptedServer(THREE) as server:
        assert client.ask(server.url, stream=False).text == "zero"
        server.script = [{"status": 503, "times": 1, "text": "other"}]
        assert client.post(server.url).status_code == 503
        assert client.ask(server.url, stream=False).text == "other"
        server.script = server.script  # counts begin anew
        assert client.post(server.url).status_code == 503


def test_a_tool_that_is_not_offered_is_a_clear_refusal(client):
    with ScriptedServer([{"tool": "fly"}, {"shell": "ls"}], side_requests=False) as server:
        first = client.post(server.url)
        second = client.post(server.url, turns=1, tools={"read": {}})
    assert (first.status_code, second.status_code) == (400, 400)
    assert "step 0 of the script: no tool 'fly' is offered, only: bash, read" in first.text
    assert "step 1 of the script: no shell tool is offered, only: read" in second.text
    assert [one.kind for one in server.requests] == ["mismatch", "mismatch"]


def test_claude_codes_tool_for_sub_agents_has_two_names(anthropic):
    step = {"tool": "Task", "input": {"prompt": "go"}}
    with ScriptedServer([step]) as server:
        heard = anthropic.ask(server.url, stream=False, tools={"Bash": {}, "Agent": {}})
    assert heard.calls == [("Agent", {"prompt": "go"})]


@pytest.mark.parametrize("place", ["additional_tools", "tools"])
def test_codex_code_mode(responses, place):
    inner = {"type": "custom", "name": "exec"}
    tools = [{"type": "namespace", "name": "functions", "tools": [inner]}]
    body = responses.body("hello", 0, {})
    if place == "tools":
        body["tools"] = tools
    else:
        body["input"].insert(0, {"type": place, "tools": tools})
        del body["tools"]
    script = [{"shell": "echo 'a'", "args": {"yield_time_ms": 9}}, {"tool": "plan", "input": {}},
              {"tool": "exec", "input": "text(1)"}]  # fmt: skip
    seen = []
    with ScriptedServer(script) as server:
        for _ in script:
            answer = httpx.post(server.url + "/v1/responses", json=body).json()
            (call,) = answer["output"]
            assert (call["type"], call["name"], call["namespace"]) == (
                "custom_tool_call", "exec", "functions"
            )  # fmt: skip
            seen.append(call["input"])
            result = {"type": "custom_tool_call_output", "call_id": call["call_id"], "output": ""}
            body["input"] += [call, result]
        stream = httpx.post(server.url + "/v1/responses", json=body | {"stream": True}).text
    assert seen == [
        'const r = await tools.exec_command({"cmd": "echo \'a\'", "yield_time_ms": 9}); text(r);',
        "const r = await tools.plan({}); text(r);",
        "text(1)",
    ]
    assert "response.custom_tool_call_input.done" in stream


def test_codex_shell_tools_of_all_times(responses):
    cmd = {"properties": {"cmd": {"type": "string"}}}
    listed = {"properties": {"command": {"type": "array"}, "description": {"type": "string"}}}
    with ScriptedServer([{"shell": "ls"}]) as server:
        new = responses.ask(server.url, stream=False, tools={"exec_command": cmd}).calls
        old = responses.ask(server.url, stream=False, tools={"shell": listed}).calls
    assert new == [("exec_command", {"cmd": "ls"})]
    assert old == [
        ("shell", {"command": ["bash", "-lc", "ls"], "description": "scripted call"})
    ]  # fmt: skip
