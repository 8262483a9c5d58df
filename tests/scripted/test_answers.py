"""Every kind of answer in every API, as a stream and in one piece."""

from __future__ import annotations

import time

import httpx
import pytest

from posttrainbench.scripted import ScriptedServer, Step

STOPPED = {
    "anthropic": ("end_turn", "tool_use"),
    "openai-responses": ("completed", "completed"),
    "openai-chat": ("stop", "tool_calls"),
    "gemini": ("STOP", "STOP"),
}


def test_text_and_reasoning(client, stream):
    said = {"text": 'Ünï "code"\n\n and  more', "reasoning": "Let me\nthink."}
    with ScriptedServer([said]) as server:
        heard = client.ask(server.url, stream=stream)
    assert (heard.text, heard.reasoning, heard.calls) == (said["text"], said["reasoning"], [])
    assert heard.stopped == STOPPED[client.name][0]
    (logged,) = server.requests
    assert (logged.api, logged.kind, logged.step, logged.status) == (client.name, "text", 0, 200)
    assert (logged.method, logged.path.split(":")[0]) == ("POST", client.path.split(":")[0])
    assert logged.model == "m"
    assert 0 <= time.monotonic() - logged.at < 60
    assert logged.key == "sk-test"


def test_a_shell_call_fits_the_offered_tool(client, stream):
    step = {"text": "before", "shell": 'echo "hi"\nls', "args": {"timeout": 9, "unknown": 1}}
    with ScriptedServer([step]) as server:
        heard = client.ask(server.url, stream=stream)
    assert heard.text == "before"
    assert heard.calls == [("bash", {"command": 'echo "hi"\nls', "mode": "plain", "timeout": 9})]
    assert heard.stopped == STOPPED[client.name][1]
    assert server.requests[0].kind == "shell"


def test_any_tool_and_several_at_once(client, stream):
    one = {"tool": "read", "input": {"path": "a b"}}
    calls = [{"tool": "read", "input": {"path": "1"}}, {"tool": "bash", "input": {}}]
    with ScriptedServer([one, Step(calls=calls)]) as server:
        first = client.ask(server.url, stream=stream)
        second = client.ask(server.url, stream=stream, turns=1)
    assert first.calls == [("read", {"path": "a b"})]
    assert second.calls == [("read", {"path": "1"}), ("bash", {})]
    assert [one.kind for one in server.requests] == ["tool", "calls"]


def test_tokens_by_default(client, stream):
    with ScriptedServer([{"text": "a"}]) as server:
        assert client.ask(server.url, stream=stream).tokens == (1000, 200, 0, 50, 7)


def test_tokens_as_the_script_says(client, stream):
    usage = {"input": 500, "cached": 40, "cache_write": 60, "output": 90, "reasoning": 30}
    with ScriptedServer([{"text": "a", "usage": usage}]) as server:
        heard = client.ask(server.url, stream=stream)
    written = 60 if client.name == "anthropic" else 0  # the others do not tell
    assert heard.tokens == (500, 40, written, 90, 30)


def test_each_api_counts_in_its_own_convention(anthropic, gemini):
    with ScriptedServer([{"text": "a", "usage": {"cache_write": 100}}]) as server:
        usage = anthropic.post(server.url).json()["usage"]
        counts = gemini.post(server.url).json()["usageMetadata"]
    assert usage["input_tokens"] == 1000 - 200 - 100
    assert (counts["promptTokenCount"], counts["candidatesTokenCount"]) == (1000, 43)


def test_chat_tells_the_tokens_of_a_stream_only_when_asked(chat):
    with ScriptedServer([{"text": "a"}]) as server:
        silent = chat.post(server.url, stream=True).text
        told = chat.post(server.url, stream=True, stream_options={"include_usage": True}).text
    assert "usage" not in silent
    assert '"prompt_tokens": 1000' in told
    assert silent.endswith("data: [DONE]\n\n")


def test_gemini_streams_an_array_without_sse(gemini):
    with ScriptedServer([{"text": "ab"}]) as server:
        path = "/v1beta/models/m:streamGenerateContent"
        answer = httpx.post(server.url + path, json=gemini.body("hello", 0, {"bash": {}}))
    texts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in answer.json()]
    assert "".join(texts) == "ab"
    assert len(texts) > 1


def test_a_stream_brings_the_text_in_pieces(responses):
    with ScriptedServer([{"text": "one two"}]) as server:
        events = responses.post(server.url, stream=True).text
    assert events.count("event: response.output_text.delta") == 2


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/v1/messages/count_tokens?beta=true", {"input_tokens": 10}),
        ("/v1beta/models/m:countTokens", {"totalTokens": 10}),
    ],
)
def test_counting_uses_no_step_up(path, found, anthropic):
    with ScriptedServer([{"text": "a"}]) as server:
        assert httpx.post(server.url + path, json={"messages": []}).json() == found
    assert [(one.kind, one.step) for one in server.requests] == [("count", None)]


def test_models_in_the_words_of_the_api():
    with ScriptedServer([{"text": "a"}], models=["m1", "m2"]) as server:
        openai = httpx.get(server.url + "/v1/models").json()
        theirs = httpx.get(server.url + "/v1/models", headers={"anthropic-version": "1"}).json()
        gemini = httpx.get(server.url + "/v1beta/models?key=k").json()
        assert server.requests[-1].key == "k"
    assert [one["id"] for one in openai["data"]] == ["m1", "m2"]
    assert [one["type"] for one in theirs["data"]] == ["model", "model"]
    assert [one["name"] for one in gemini["models"]] == ["models/m1", "models/m2"]


def test_what_else_comes_to_a_provider():
    with ScriptedServer([{"text": "a"}], key="k") as server:
        assert httpx.head(server.url).status_code == 200
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
        assert httpx.get(server.url + "/v1/responses", headers=upgrade).status_code == 426
        key = {"Authorization": "Bearer k"}
        nothing = httpx.post(server.url + "/v1/images", json={}, headers=key)
        assert nothing.status_code == 404
        assert "POST /v1/images" in nothing.json()["error"]["message"]
        assert httpx.get(server.url + "/v1/messages", headers=key).status_code == 404
    kinds = ["head", "websocket", "unknown", "unknown"]
    assert [one.kind for one in server.requests] == kinds
