"""What goes wrong: refusals, limits, silence, cuts, wrong keys, and closing in the middle."""

from __future__ import annotations

import socket
import threading
import time

import httpx
import openai
import pytest

from posttrainbench.errors import PTBError
from posttrainbench.scripted import ScriptedServer

ERRORS = {
    "anthropic": lambda body: (body["type"], body["error"]["type"]),
    "openai-responses": lambda body: (body["error"]["type"], body["error"]["code"]),
    "openai-chat": lambda body: (body["error"]["type"], body["error"]["code"]),
    "gemini": lambda body: (body["error"]["code"], body["error"]["status"]),
}
OPENAI_401 = ("invalid_request_error", "invalid_api_key")
EXPECTED = {
    "anthropic": {
        401: ("error", "authentication_error"), 429: ("error", "rate_limit_error"),
        500: ("error", "api_error"), 529: ("error", "overloaded_error"),
    },
    "openai-responses": {
        401: OPENAI_401, 429: ("requests", "rate_limit_exceeded"), 500: ("server_error", None),
        529: ("server_error", None),
    },
    "gemini": {
        401: (401, "UNAUTHENTICATED"), 429: (429, "RESOURCE_EXHAUSTED"), 500: (500, "INTERNAL"),
        529: (529, "INTERNAL"),
    },
}  # fmt: skip
EXPECTED["openai-chat"] = EXPECTED["openai-responses"]


def message(answer: httpx.Response) -> str:
    return answer.json()["error"]["message"]


@pytest.mark.parametrize("status", [401, 429, 500, 529])
def test_a_status_in_the_shape_of_the_api(client, stream, status):
    with ScriptedServer([{"status": status, "message": "boom"}]) as server:
        answers = [client.post(server.url, stream=stream) for _ in range(3)]
    for answer in answers:  # it stays
        assert answer.status_code == status
        assert ERRORS[client.name](answer.json()) == EXPECTED[client.name][status]
        assert message(answer) == "boom"
        assert "retry-after" not in answer.headers
    assert [one.kind for one in server.requests] == ["status"] * 3


def test_a_status_for_some_requests_of_its_step(client, stream):
    steps = [{"text": "zero"}, {"status": 503, "times": 2, "retry_after": 3, "text": "one"}]
    with ScriptedServer(steps) as server:
        assert client.ask(server.url, stream=stream).text == "zero"
        for _ in range(2):
            answer = client.post(server.url, stream=stream, turns=1)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
        assert client.ask(server.url, stream=stream, turns=1).text == "one"
    assert [one.kind for one in server.requests] == ["text", "status", "status", "text"]
    assert [one.status for one in server.requests] == [200, 503, 503, 200]


def test_a_usage_limit_differs_from_a_rate_limit(client):
    with ScriptedServer([{"limit": True, "retry_after": 7}, {"status": 429}]) as server:
        limit, rate = client.post(server.url), client.post(server.url, turns=1)
    assert (limit.status_code, rate.status_code) == (429, 429)
    if client.name == "anthropic":
        assert ERRORS[client.name](limit.json()) == ("error", "rate_limit_error")
        assert "usage limit" in message(limit)
        assert "usage limit" not in message(rate)
    elif client.name == "gemini":
        assert limit.json()["error"]["status"] == "RESOURCE_EXHAUSTED"
        assert "exceeded your current quota" in message(limit)
        violations, retry = limit.json()["error"]["details"]
        assert "PerDay" in violations["violations"][0]["quotaId"]
        assert retry["retryDelay"] == "7s"
        assert "details" not in rate.json()["error"]
    else:
        assert limit.json()["error"]["code"] == "insufficient_quota"
        assert rate.json()["error"]["code"] == "rate_limit_exceeded"


def test_openais_library_tells_the_refusals_apart(chat):
    with ScriptedServer([{"status": 401}, {"limit": True}, {"status": 500}]) as server:
        for turns, kind in enumerate(
            (openai.AuthenticationError, openai.RateLimitError, openai.InternalServerError)
        ):
            with pytest.raises(kind):
                chat.ask(server.url, stream=False, turns=turns)


def test_only_the_right_key_is_let_in(client, stream):
    with ScriptedServer([{"text": "in"}], key="sk-right") as server:
        client.key = "sk-wrong"
        refused = client.post(server.url, stream=stream)
        client.key = "sk-right"
        assert client.ask(server.url, stream=stream).text == "in"
        nobody = httpx.post(server.url + client.path, json={})
        models = httpx.get(server.url + "/v1/models", headers={"Authorization": "Bearer no"})
    assert refused.status_code == nobody.status_code == models.status_code == 401
    assert ERRORS[client.name](refused.json()) == EXPECTED[client.name][401]
    assert "sk-" not in refused.text
    assert [one.key for one in server.requests] == ["sk-wrong", "sk-right", "", "no"]
    assert [one.kind for one in server.requests] == ["refused", "text", "refused", "refused"]
    assert "sk-" not in repr(server.requests)
    assert "sk-" not in repr(server)


def begin(client, url: str, *, stream: bool) -> httpx.Request:
    body = client.body("hello", 0, {"bash": {}}) | ({"stream": True} if stream else {})
    path = client.path
    if client.name == "gemini" and stream:
        path = "/v1beta/models/m:streamGenerateContent?alt=sse"
    return httpx.Request("POST", url + path, json=body, headers=client.headers())


@pytest.mark.parametrize(
    "step", [{"text": "never whole", "shell": "ls"}, {"shell": "ls"}, {"reasoning": "r"}, {}],
    ids=["text", "call", "reasoning", "empty"],
)  # fmt: skip
def test_a_cut_answer_is_cut_in_the_middle(client, stream, step):
    steps = [{**step, "cut": True, "times": 1}]
    if not step:
        steps = [{"cut": True, "times": 1}]
    got: list[bytes] = []
    with ScriptedServer(steps) as server, httpx.Client() as http:
        answer = http.send(begin(client, server.url, stream=stream), stream=True)
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            got.extend(answer.iter_raw())
        again = client.post(server.url, stream=stream)
    *arrived, half = b"".join(got).split(b"\n\n")
    assert half
    assert half not in again.content.split(b"\n\n")
    assert bool(arrived) == stream
    for end in (b"message_stop", b"response.completed", b"[DONE]", b"content_block_stop", b"STOP",
                b"response.output_item.done", b'finish_reason": "'):  # fmt: skip
        assert end not in b"".join(arrived)
    assert [one.kind for one in server.requests][:1] == ["cut"]
    assert again.status_code == 200


def test_silence_after_the_first_event(client):
    with ScriptedServer([{"hang": 0.4, "text": "at last"}]) as server, httpx.Client() as http:
        begun = time.monotonic()
        answer = http.send(begin(client, server.url, stream=True), stream=True)
        lines = answer.iter_lines()
        assert next(lines)
        assert time.monotonic() - begun < 0.35
        rest = "\n".join(lines)
        assert time.monotonic() - begun >= 0.4
        assert client.ask(server.url, stream=False).text == "at last"
    assert '"ast"' in rest
    assert server.requests[0].kind == "hang"


def test_silence_before_an_answer_in_one_piece(client):
    with ScriptedServer([{"hang": 0.3, "text": "a"}]) as server:
        begun = time.monotonic()
        client.ask(server.url, stream=False)
    assert time.monotonic() - begun >= 0.3


def test_a_delay_comes_before_everything(client, stream):
    with ScriptedServer([{"delay": 0.3, "status": 500}]) as server:
        begun = time.monotonic()
        assert client.post(server.url, stream=stream).status_code == 500
    assert time.monotonic() - begun >= 0.3


def test_closing_ends_everything_that_hangs_at_once(client):
    steps = [{"hang": 600}, {"delay": 600, "text": "a"}]
    ended = []

    def ask(turns: int, stream: bool) -> None:
        with pytest.raises(httpx.TransportError):
            client.post(server.url, stream=stream, turns=turns, timeout=60)
        ended.append(time.monotonic())

    with ScriptedServer(steps) as server:
        asking = [
            threading.Thread(target=ask, args=(turns, stream))
            for turns in (0, 1)
            for stream in (False, True)
        ]
        for one in asking:
            one.start()
        until = time.monotonic() + 10
        while sum(bool(one.kind) for one in server.requests) < 4 and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.05)
        assert not ended
        begun = time.monotonic()
    assert time.monotonic() - begun < 1
    for one in asking:
        one.join(5)
    assert len(ended) == 4
    assert max(ended) - begun < 1
    server.close()  # a second time is fine
    with pytest.raises(httpx.ConnectError):
        client.post(server.url)


def test_a_client_that_goes_away_hurts_nobody(chat):
    with ScriptedServer([{"hang": 0.2, "text": "a"}]) as server:
        with pytest.raises(httpx.ReadTimeout):
            chat.post(server.url, stream=True, timeout=0.05)
        raw = socket.create_connection(("127.0.0.1", server.port))
        raw.sendall(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        raw.close()
        time.sleep(0.3)
        assert chat.ask(server.url, stream=True).text == "a"


def test_servers_side_by_side(client):
    with ScriptedServer([{"text": "left"}]) as left, ScriptedServer([{"text": "right"}]) as right:
        assert left.port != right.port
        assert client.ask(left.url, stream=True).text == "left"
        assert client.ask(right.url, stream=True).text == "right"
        assert (len(left.requests), len(right.requests)) == (1, 1)


def test_a_port_that_is_taken():
    with ScriptedServer([{"text": "a"}]) as one:
        with pytest.raises(PTBError, match=f"port {one.port}: .*in use"):
            ScriptedServer([{"text": "a"}], port=one.port).__enter__()
        assert httpx.head(one.url).status_code == 200


def test_no_thread_stays(chat):
    with ScriptedServer([{"text": "a"}]) as server:
        chat.ask(server.url, stream=True)
    assert "ptb-scripted" not in [thread.name for thread in threading.enumerate()]
