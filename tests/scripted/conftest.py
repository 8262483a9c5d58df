"""Clients of the four APIs: OpenAI's own library, and plain HTTP for the other two."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import openai
import pytest

COMMAND = {
    "type": "object",
    "properties": {
        "command": {"type": "string"},
        "timeout": {"type": "integer"},
        "mode": {"type": "string", "enum": ["plain", "odd"]},
    },
    "required": ["command", "mode"],
}
PATH = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
TOOLS = {"bash": COMMAND, "read": PATH}


@dataclass
class Heard:
    """An answer, in one shape for all APIs."""

    text: str = ""
    reasoning: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    tokens: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    """Input, cached, cache_write, output, reasoning: wholes, with the parts in them."""
    stopped: str = ""
    raw: Any = None


@dataclass
class Client(ABC):
    """Asks a question, with or without a stream.  ``turns`` are already in the history."""

    key: str = "sk-test"

    name = ""
    path = ""

    @abstractmethod
    def body(self, opening: str, turns: int, tools: dict[str, Any]) -> dict[str, Any]:
        """The request, without a stream."""

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def post(self, url: str, *, opening: str = "hello", turns: int = 0, tools: Any = TOOLS,
             stream: bool = False, timeout: float = 10, **more: Any) -> httpx.Response:  # fmt: skip
        body = self.body(opening, turns, tools) | ({"stream": True} if stream else {}) | more
        path = self.path
        return httpx.post(
            url + path, json=body, headers=self.headers(), timeout=timeout, verify=False
        )

    @abstractmethod
    def ask(self, url: str, *, stream: bool, **asked: Any) -> Heard:
        """Ask, and read the answer as a client does."""


class Anthropic(Client):
    name, path = "anthropic", "/v1/messages"

    def headers(self) -> dict[str, str]:
        return {"x-api-key": self.key, "anthropic-version": "2023-06-01"}

    def body(self, opening: str, turns: int, tools: dict[str, Any]) -> dict[str, Any]:
        messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": opening}]}]
        for number in range(turns):
            said = [{"type": "thinking", "thinking": "t", "signature": "s"},
                    {"type": "text", "text": f"turn {number}"}]  # fmt: skip
            messages += [{"role": "assistant", "content": said},
                         {"role": "user", "content": "go on"}]  # fmt: skip
        offered = [{"name": name, "input_schema": schema} for name, schema in tools.items()]
        return {"model": "m", "max_tokens": 100, "messages": messages, "tools": offered}

    def ask(self, url: str, *, stream: bool, **asked: Any) -> Heard:
        answer = self.post(url, stream=stream, **asked)
        assert answer.status_code == 200, answer.text
        message = _merged_message(answer) if stream else answer.json()
        heard = Heard(raw=message, stopped=message["stop_reason"])
        for block in message["content"]:
            if block["type"] == "thinking":
                assert block["signature"]
                heard.reasoning += block["thinking"]
            elif block["type"] == "text":
                heard.text += block["text"]
            else:
                heard.calls.append((block["name"], block["input"]))
        usage = message["usage"]
        parts = (usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"])
        thought = usage["output_tokens_details"]["thinking_tokens"]
        heard.tokens = (
            usage["input_tokens"] + sum(parts), *parts, usage["output_tokens"], thought
        )  # fmt: skip
        return heard


class Responses(Client):
    name, path = "openai-responses", "/v1/responses"

    def body(self, opening: str, turns: int, tools: dict[str, Any]) -> dict[str, Any]:
        items: list[Any] = [{"role": "user", "content": opening}]
        for number in range(turns):
            items += [
                {"type": "reasoning", "id": f"rs_{number}", "summary": []},
                {"type": "function_call", "call_id": f"c{number}", "name": "bash",
                 "arguments": "{}"},
                {"type": "function_call_output", "call_id": f"c{number}", "output": "out"},
            ]  # fmt: skip
        offered = [
            {"type": "function", "name": name, "parameters": schema, "strict": False}
            for name, schema in tools.items()
        ]
        return {"model": "m", "input": items, "tools": offered}

    def ask(self, url: str, *, stream: bool, opening: str = "hello", turns: int = 0,
            tools: Any = TOOLS) -> Heard:  # fmt: skip
        body = self.body(opening, turns, tools)
        with openai.OpenAI(base_url=f"{url}/v1", api_key=self.key, max_retries=0) as client:
            if stream:
                deltas, response = "", None
                for event in client.responses.create(**body, stream=True):
                    deltas += event.delta if event.type == "response.output_text.delta" else ""
                    response = event.response if event.type == "response.completed" else None
                assert response is not None
                assert deltas == response.output_text
            else:
                response = client.responses.create(**body)
        heard = Heard(raw=response, text=response.output_text, stopped=str(response.status))
        for item in response.output:
            if item.type == "reasoning":
                heard.reasoning += "".join(part.text for part in item.summary)
            elif item.type == "function_call":
                heard.calls.append((item.name, json.loads(item.arguments)))
        usage = response.usage
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens
        heard.tokens = (
            usage.input_tokens, usage.input_tokens_details.cached_tokens, 0,
            usage.output_tokens, usage.output_tokens_details.reasoning_tokens,
        )  # fmt: skip
        return heard


class Chat(Client):
    name, path = "openai-chat", "/v1/chat/completions"

    def body(self, opening: str, turns: int, tools: dict[str, Any]) -> dict[str, Any]:
        messages: list[Any] = [{"role": "system", "content": "be good"},
                               {"role": "user", "content": opening}]  # fmt: skip
        for number in range(turns):
            call = {"id": f"c{number}", "type": "function",
                    "function": {"name": "bash", "arguments": "{}"}}  # fmt: skip
            result = {"role": "tool", "tool_call_id": f"c{number}", "content": "out"}
            messages += [{"role": "assistant", "content": None, "tool_calls": [call]}, result]
        offered = [
            {"type": "function", "function": {"name": name, "parameters": schema}}
            for name, schema in tools.items()
        ]
        return {"model": "m", "messages": messages, **({"tools": offered} if offered else {})}

    def ask(self, url: str, *, stream: bool, opening: str = "hello", turns: int = 0,
            tools: Any = TOOLS) -> Heard:  # fmt: skip
        body = self.body(opening, turns, tools)
        heard = Heard()
        with openai.OpenAI(base_url=f"{url}/v1", api_key=self.key, max_retries=0) as client:
            if not stream:
                answer = client.chat.completions.create(**body)
                message, usage = answer.choices[0].message, answer.usage
                heard.text = message.content or ""
                heard.reasoning = getattr(message, "reasoning_content", None) or ""
                heard.stopped = answer.choices[0].finish_reason
                heard.calls = [
                    (call.function.name, json.loads(call.function.arguments))
                    for call in message.tool_calls or []
                ]
            else:
                usage = None
                told: dict[int, list[str]] = {}
                options = {"include_usage": True}
                for chunk in client.chat.completions.create(
                    **body, stream=True, stream_options=options
                ):
                    usage = chunk.usage or usage
                    for choice in chunk.choices:
                        heard.text += choice.delta.content or ""
                        heard.reasoning += getattr(choice.delta, "reasoning_content", None) or ""
                        heard.stopped = choice.finish_reason or heard.stopped
                        for call in choice.delta.tool_calls or []:
                            both = told.setdefault(call.index, ["", ""])
                            both[0] += call.function.name or ""
                            both[1] += call.function.arguments or ""
                heard.calls = [(name, json.loads(text)) for name, text in told.values()]
        heard.tokens = (
            usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, 0,
            usage.completion_tokens, usage.completion_tokens_details.reasoning_tokens,
        )  # fmt: skip
        return heard


class Gemini(Client):
    name, path = "gemini", "/v1beta/models/m:generateContent"

    def headers(self) -> dict[str, str]:
        return {"x-goog-api-key": self.key}

    def body(self, opening: str, turns: int, tools: dict[str, Any]) -> dict[str, Any]:
        contents: list[Any] = [{"role": "user", "parts": [{"text": opening}]}]
        for number in range(turns):
            contents += [{"role": "model", "parts": [{"text": f"turn {number}"}]},
                         {"role": "user", "parts": [{"text": "go on"}]}]  # fmt: skip
        functions = [
            {"name": name, "parametersJsonSchema": schema} for name, schema in tools.items()
        ]
        return {"contents": contents, "tools": [{"functionDeclarations": functions}]}

    def post(self, url: str, *, opening: str = "hello", turns: int = 0, tools: Any = TOOLS,
             stream: bool = False, timeout: float = 10, **more: Any) -> httpx.Response:  # fmt: skip
        body = self.body(opening, turns, tools) | more
        path = "/v1beta/models/m:streamGenerateContent?alt=sse" if stream else self.path
        return httpx.post(
            url + path, json=body, headers=self.headers(), timeout=timeout, verify=False
        )

    def ask(self, url: str, *, stream: bool, **asked: Any) -> Heard:
        answer = self.post(url, stream=stream, **asked)
        assert answer.status_code == 200, answer.text
        chunks = [data for _, data in sse(answer.text)] if stream else [answer.json()]
        heard = Heard(raw=chunks)
        for chunk in chunks:
            (candidate,) = chunk["candidates"]
            heard.stopped = candidate.get("finishReason", "")
            for part in candidate["content"]["parts"]:
                if "functionCall" in part:
                    call = part["functionCall"]
                    heard.calls.append((call["name"], call["args"]))
                elif part.get("thought"):
                    heard.reasoning += part["text"]
                else:
                    heard.text += part["text"]
        usage = chunks[-1]["usageMetadata"]
        thought = usage["thoughtsTokenCount"]
        output = usage["candidatesTokenCount"] + thought
        assert usage["totalTokenCount"] == usage["promptTokenCount"] + output
        heard.tokens = (
            usage["promptTokenCount"], usage["cachedContentTokenCount"], 0, output, thought
        )  # fmt: skip
        return heard


def sse(text: str) -> Iterator[tuple[str, Any]]:
    """Name and data of every event."""
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        yield lines.get("event", ""), json.loads(lines["data"])


def _merged_message(answer: httpx.Response) -> dict[str, Any]:
    """A streamed message put together as Anthropic's clients do it."""
    message: dict[str, Any] = {}
    inputs: dict[int, str] = {}
    for name, event in sse(answer.text):
        assert name == event["type"]
        if name == "message_start":
            message = event["message"]
            assert message["usage"]["output_tokens"] == 1
        elif name == "content_block_start":
            assert event["index"] == len(message["content"])
            message["content"].append(event["content_block"])
        elif name == "content_block_delta":
            block, delta = message["content"][event["index"]], event["delta"]
            if delta["type"] == "input_json_delta":
                inputs[event["index"]] = inputs.get(event["index"], "") + delta["partial_json"]
            for key in ("text", "thinking", "signature"):
                if key in delta:
                    block[key] += delta[key]
        elif name == "message_delta":
            message |= event["delta"]
            message["usage"] = event["usage"]
    assert name == "message_stop"
    for index, text in inputs.items():
        message["content"][index]["input"] = json.loads(text)
    return message


@pytest.fixture(params=[Anthropic, Responses, Chat, Gemini], ids=lambda kind: kind.name)
def client(request: pytest.FixtureRequest) -> Client:
    """Each API."""
    return request.param()


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def anthropic() -> Anthropic:
    return Anthropic()


@pytest.fixture
def responses() -> Responses:
    return Responses()


@pytest.fixture
def gemini() -> Gemini:
    return Gemini()


@pytest.fixture(params=[False, True], ids=["whole", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)
