"""Bodies as they come: packed, large, damaged, hostile."""

from __future__ import annotations

import gzip
import json
import zlib

import httpx
import pytest

from posttrainbench.scripted import ScriptedServer, bodies


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def zstd(data: bytes) -> bytes:
    return pytest.importorskip("zstandard").ZstdCompressor().compress(data)


def zstd_without_size(data: bytes) -> bytes:
    packer = pytest.importorskip("zstandard").ZstdCompressor().compressobj()
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate),
     ("zstd", zstd), ("zstd", zstd_without_size), ("identity", bytes)],
)  # fmt: skip
def test_packed_bodies_are_read(client, encoding, pack):
    body = client.body("hello", 1, {"bash": {}})
    with ScriptedServer([{"text": "a"}, {"text": "b"}]) as server:
        answer = httpx.post(
            server.url + client.path,
            content=pack(json.dumps(body).encode()),
            headers={**client.headers(), "Content-Encoding": encoding},
        )
    assert answer.status_code == 200
    assert server.requests[0].body == body
    assert server.requests[0].step == 1


@pytest.mark.parametrize(
    ("encoding", "content", "status", "words"),
    [
        ("br", b"x", 415, "'br' is not known"),
        ("gzip", b"no gzip", 400, "no gzip"),
        ("deflate", b"\xff\xff", 400, "no deflate"),
        ("zstd", b"no zstd", 400, "no zstd"),
        ("", b"{", 400, "no JSON"),
        ("", b"[1]", 400, "no JSON object"),
        ("", b"[" * 200_000, 400, "no JSON"),
    ],
)
def test_unreadable_bodies_are_refused_in_words(client, encoding, content, status, words):
    if encoding == "zstd":
        pytest.importorskip("zstandard")
    with ScriptedServer([{"text": "a"}]) as server:
        headers = {**client.headers(), **({"Content-Encoding": encoding} if encoding else {})}
        answer = httpx.post(server.url + client.path, content=content, headers=headers)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]
    assert server.requests[0].kind == "unreadable"


def test_a_bomb_is_refused(chat, monkeypatch):
    monkeypatch.setattr(bodies, "LARGEST", 10_000)
    for encoding, pack in (("gzip", gzip.compress), ("zstd", zstd)):
        with ScriptedServer([{"text": "a"}]) as server:
            answer = httpx.post(
                server.url + chat.path,
                content=pack(b'{"a": "' + b"b" * 20_000 + b'"}'),
                headers={"Content-Encoding": encoding},
            )
        assert answer.status_code == 413
        assert "more than 10000 bytes" in answer.json()["error"]["message"]


def test_a_body_of_100_megabytes(chat):
    body = chat.body("x" * 100_000_000, 0, {"bash": {}})
    with ScriptedServer([{"text": "a"}]) as server:
        answer = httpx.post(server.url + chat.path, json=body, timeout=60)
    assert answer.json()["choices"][0]["message"]["content"] == "a"


def test_a_body_over_the_limit_is_refused_while_it_comes(chat):
    with ScriptedServer([{"text": "a"}]) as server:
        chunk = b" " * (1 << 20)
        answer = httpx.post(server.url + chat.path, content=(chunk for _ in range(210)), timeout=60)
    assert answer.status_code == 413


NONSENSE = [None, 7, "text", [7, None, "x"], {"a": 1}, [[]], [{"role": 7, "content": [7, {}]}],
            [{"role": "user", "content": {"x": 1}, "parts": 7}],
            [{"type": "function", "function": 9, "parameters": 9, "functionDeclarations": 7}],
            [{"type": "namespace", "tools": 9}, {"type": "additional_tools", "tools": {}}],
            [{"role": "assistant", "content": [{"id": 7}], "tool_calls": [{"id": []}, 7]}],
            [{"type": "function_call", "call_id": []}]]  # fmt: skip


@pytest.mark.parametrize("value", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_in_a_body_breaks_nothing(client, value):
    keys = ("messages", "input", "contents", "tools", "model", "text", "response_format",
            "generationConfig", "output_config", "stream_options")  # fmt: skip
    with ScriptedServer([{"text": "a"}]) as server:
        together = httpx.post(server.url + client.path, json=dict.fromkeys(keys, value))
        assert together.status_code == 200, together.text
        for key in keys:
            body = client.body("hello", 1, {"bash": {}}) | {key: value}
            answer = httpx.post(server.url + client.path, json=body, verify=False)
            assert answer.status_code == 200, key
