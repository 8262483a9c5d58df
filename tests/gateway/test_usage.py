"""Tokens of the four APIs, whole and streamed, each by its own convention."""

from __future__ import annotations

import gzip
import json
import random

import pytest
from raw_upstream import event

from posttrainbench.gateway.usage import UsageReader
from posttrainbench.records.usage import TokenUse

SSE = "text/event-stream; charset=utf-8"
ANTHROPIC = {
    "input_tokens": 100, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 2000,
    "output_tokens": 1, "cache_creation": {"ephemeral_5m_input_tokens": 10,
                                           "ephemeral_1h_input_tokens": 20},
    "service_tier": "standard",
}  # fmt: skip
RESPONSES = {
    "input_tokens": 1000, "input_tokens_details": {"cached_tokens": 200},
    "output_tokens": 57, "output_tokens_details": {"reasoning_tokens": 7}, "total_tokens": 1057,
}  # fmt: skip
CHAT = {
    "prompt_tokens": 1000, "completion_tokens": 57, "total_tokens": 1057,
    "prompt_tokens_details": {"cached_tokens": 200},
    "completion_tokens_details": {"reasoning_tokens": 7},
}  # fmt: skip
GEMINI = {
    "promptTokenCount": 990, "toolUsePromptTokenCount": 10, "candidatesTokenCount": 50,
    "thoughtsTokenCount": 7, "cachedContentTokenCount": 200, "totalTokenCount": 1057,
}  # fmt: skip
OPENAI_USE = TokenUse(input=1000, cached=200, output=57, reasoning=7, requests=1)
ANTHROPIC_USE = TokenUse(input=2130, cached=2000, cache_write=30, output=90, requests=1)


def streams() -> dict[str, bytes]:
    start = {"type": "message_start", "message": {"model": "real-name", "usage": ANTHROPIC}}
    last = {"type": "message_delta", "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 90}}  # fmt: skip
    text = {"type": "content_block_delta", "delta": {"text": 'a "usage": {"output_tokens": 5}'}}
    begun = {"type": "response.created", "response": {"model": "real-name", "usage": None}}
    done = {"type": "response.completed", "response": {"model": "real-name", "usage": RESPONSES}}
    piece = {"model": "real-name", "choices": [{"delta": {"content": "x"}}], "usage": None}
    first = {"modelVersion": "real-name", "usageMetadata": {"promptTokenCount": 990}}
    return {
        "anthropic": event(start, "message_start") + event({"type": "ping"}, "ping")
        + event(text) * 50 + event(last, "message_delta") + event({"type": "message_stop"}),
        "openai-responses": event(begun) + event({"delta": "usage"}) * 50 + event(done),
        "openai-chat": event(piece) * 50
        + event({"model": "real-name", "choices": [], "usage": CHAT}) + event("[DONE]"),
        "gemini": event(first) * 20
        + event({"modelVersion": "real-name", "usageMetadata": GEMINI}),
    }  # fmt: skip


WHOLE = {
    "anthropic": {"model": "real-name", "usage": {**ANTHROPIC, "output_tokens": 90}},
    "openai-responses": {"model": "real-name", "usage": RESPONSES},
    "openai-chat": {"model": "real-name", "usage": CHAT},
    "gemini": {"modelVersion": "real-name", "usageMetadata": GEMINI},
}
USES = {
    "anthropic": ANTHROPIC_USE, "openai-responses": OPENAI_USE, "openai-chat": OPENAI_USE,
    "gemini": OPENAI_USE,
}  # fmt: skip


def read(api: str, raw: bytes, kind: str, size: int = 1 << 16, encoding: str = "") -> UsageReader:
    reader = UsageReader(api, "asked-name", kind, encoding)
    for begin in range(0, len(raw), size):
        reader.feed(raw[begin : begin + size])
    return reader


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("api", USES)
def test_a_stream_in_any_pieces(api, ends, size):
    reader = read(api, streams()[api].replace(b"\n", ends), SSE, size)
    assert reader.finish() == USES[api]
    assert reader.model == "real-name"


@pytest.mark.parametrize("api", USES)
def test_a_whole_answer(api):
    reader = read(api, json.dumps(WHOLE[api], indent=1).encode(), "application/json", 100)
    assert reader.finish() == USES[api]
    assert reader.model == "real-name"


def test_gemini_s_stream_as_a_list():
    raw = json.dumps([{"usageMetadata": {"promptTokenCount": 1}}, WHOLE["gemini"]]).encode()
    assert read("gemini", raw, "application/json").finish() == USES["gemini"]


def test_an_incomplete_response_was_paid_for():
    raw = event({"type": "response.incomplete", "response": {"usage": RESPONSES}})
    assert read("openai-responses", raw, SSE).finish() == OPENAI_USE


def test_cache_writes_for_an_hour():
    assert read("anthropic", streams()["anthropic"], SSE).written_for_an_hour == 20


@pytest.mark.parametrize("api", USES)
def test_an_answer_that_tells_nothing(api):
    for raw in (b"", b"data: {}\n\n", b"data: {\n\n", b": usage\n\n", b'data: "usage"\n\n'):
        reader = read(api, raw, SSE)
        assert reader.finish() is None
        assert reader.model == "asked-name"
    assert read(api, b"<html>", "text/html").finish() is None


def test_strange_numbers_are_no_counts():
    for bad in (-5, 1.5, "7", True, None, 10**30, [1], {}):
        raw = event({"usage": {"prompt_tokens": bad, "completion_tokens": 3}})
        use = read("openai-chat", raw, SSE).finish()
        assert use == TokenUse(output=3, requests=1), bad


@pytest.mark.parametrize("seed", range(20))
def test_garbled_streams_do_no_harm(seed):
    draw = random.Random(seed)
    raw = bytearray(streams()["anthropic"])
    for _ in range(40):
        raw[draw.randrange(len(raw))] = draw.randrange(256)
    read("anthropic", bytes(raw), SSE, draw.randrange(1, 300)).finish()


def test_a_huge_event_is_skipped_and_the_next_one_read():
    huge = b"data: " + b'{"usage": "' + b"x" * (40 << 20) + b'"}\n\n'
    reader = read("openai-chat", huge + streams()["openai-chat"], SSE)
    assert reader.finish() == OPENAI_USE
    lines = b"".join(b"data: " + b"y" * (1 << 20) + b"\n" for _ in range(40)) + b"\n"
    assert read("openai-chat", lines + streams()["openai-chat"], SSE).finish() == OPENAI_USE


def test_a_huge_event_is_not_kept():
    reader = UsageReader("openai-chat", "m", SSE, "")
    reader.feed(b"data: ")
    for _ in range(100):
        reader.feed(b"x" * (1 << 20))
        assert len(reader._rest) <= 18 << 20


def test_a_packed_stream_is_read_piece_by_piece():
    packed = gzip.compress(streams()["anthropic"])
    assert read("anthropic", packed, SSE, 10, "gzip").finish() == ANTHROPIC_USE
    assert read("anthropic", b"junk" + packed, SSE, 10, "gzip").finish() is None
    assert read("anthropic", packed, SSE, 10, "br").finish() is None
