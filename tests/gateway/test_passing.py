"""Requests and answers pass byte for byte, as they come, and break as they broke."""

from __future__ import annotations

import gzip
import http.client
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from raw_upstream import Received, Reset, Send, chunk, event, head, stream, whole

from posttrainbench.gateway import gateway

APIS = ("anthropic", "openai-responses", "openai-chat", "gemini")


def rest_of(connection) -> bytes:
    """What comes until the connection ends."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    connection.close()
    return b"".join(parts)


def test_a_request_arrives_as_it_was_sent(place, key):
    here = place(base="/proxy/v7")
    body = '{ "model":"m",  "text":"\\u00e9é\\n", "n": 1e3 }'.encode()
    connection = here.raw(
        "POST /agent/v1/messages?beta=true&a=%20b&&c HTTP/1.1\nHost: inside:1\n"
        f"X-Api-Key: {here.token}\nanthropic-beta: one\nanthropic-beta: two,three\n"
        "User-Agent: odd/1 (é)\nAccept-Encoding: br, gzip\nCookie: a=b\nX-Forwarded-For: 1.2.3.4\n"
        "Proxy-Authorization: Basic abc\nForwarded: for=x\nX-HTTP-Method-Override: DELETE\n"
        "Connection: close, X-Hop\nX-Hop: 1\nTE: trailers\nContent-Type: application/json\n"
        f"Content-Length: {len(body)}\n\n".encode().decode("latin-1"),
        body,
    )
    assert rest_of(connection).startswith(b"HTTP/1.1 200 OK\r\n")
    [got] = here.upstream.received
    assert (got.method, got.target) == ("POST", "/proxy/v7/v1/messages?beta=true&a=%20b&&c")
    assert got.body == body
    assert got.values("anthropic-beta") == ["one", "two,three"]
    assert got.values("User-Agent")[0].encode("latin-1").decode() == "odd/1 (é)"
    assert [name for name, _ in got.fields if name.lower() == "x-api-key"] == ["X-Api-Key"]
    assert got.values("x-api-key") == [key]
    assert got.values("host") == [f"127.0.0.1:{here.upstream.port}"]
    assert got.values("accept-encoding") == ["identity"]
    assert {name.lower() for name, _ in got.fields} == {
        "host", "x-api-key", "anthropic-beta", "user-agent", "content-type", "content-length",
        "accept-encoding",
    }  # fmt: skip


def test_an_answer_arrives_as_it_was_sent(place):
    raw = random.Random(1).randbytes(300_000)
    fields = {
        "request-id": "req_1", "X-Weird": "a;b, c", "Content-Type": "application/x-odd",
        "Retry-After": "7",
    }  # fmt: skip

    def answer(_: Received, send: Send) -> None:
        send(whole(raw, "529 Overloaded now", Set_Cookie="a=b", **fields))

    here = place(answer)
    status, got, body = here.ask()
    assert (status, body) == (529, raw)
    assert got == {**fields, "Set-Cookie": "a=b", "Content-Length": "300000"}


def test_nothing_is_added_to_an_answer(place):
    here = place(lambda _, send: send(whole(b"x")))
    connection = here.raw(
        f"GET /agent/v1/models HTTP/1.1\nHost: x\nx-api-key: {here.token}\nConnection: close\n\n"
    )
    assert rest_of(connection) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
    )


def test_every_chunk_of_a_stream_comes_at_once(place):
    go_on = threading.Event()

    def answer(_: Received, send: Send) -> None:
        send(head(Content_Type="text/event-stream", Transfer_Encoding="chunked"))
        send(chunk(event({"n": 1})))
        assert go_on.wait(20)
        send(chunk(event({"n": 2})) + b"0\r\n\r\n")

    here = place(answer)
    client = http.client.HTTPConnection("127.0.0.1", here.gateway.port, timeout=20)
    client.request("POST", "/agent/v1/messages", b"{}", here.fields())
    began = client.getresponse()
    assert began.read1() == event({"n": 1})  # while the upstream still waits
    go_on.set()
    assert began.read() == event({"n": 2})
    client.close()


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("shape", ["chunks", "length"])
def test_a_connection_that_breaks_upstream_breaks_here(place, how, shape):
    def answer(_: Received, send: Send) -> None:
        if shape == "chunks":
            send(head(Transfer_Encoding="chunked") + chunk(b"part"))
        else:
            send(head(Content_Length="100") + b"part")
        if how == "reset":
            time.sleep(0.1)
            raise Reset

    here = place(answer)
    client = http.client.HTTPConnection("127.0.0.1", here.gateway.port, timeout=20)
    client.request("POST", "/agent/v1/messages", b"{}", here.fields())
    with pytest.raises(http.client.IncompleteRead) as seen:
        client.getresponse().read()
    client.close()
    assert seen.value.partial == b"part"
    [line] = here.lines()
    assert line["status"] == 200
    assert "broke off" in line["error"]
    assert [status for _, status in here.gateway.outcomes("agent")] == [200, None]
    assert here.gateway.models("agent") == {}


def test_a_break_shows_to_a_client_that_knows_no_chunks(place):
    here = place(lambda _, send: send(head(Transfer_Encoding="chunked") + chunk(b"part")))
    connection = here.raw(
        f"POST /agent/v1/messages HTTP/1.0\nx-api-key: {here.token}\nContent-Length: 2\n\n", b"{}"
    )
    with pytest.raises(ConnectionResetError):
        rest_of(connection)
    connection.close()


def test_a_client_that_goes_away_ends_the_question(place):
    def answer(_: Received, send: Send) -> None:
        send(head(Content_Type="text/event-stream", Transfer_Encoding="chunked"))
        for _ in range(400):
            send(chunk(event({"n": 1})))
            time.sleep(0.02)

    here = place(answer)
    client = http.client.HTTPConnection("127.0.0.1", here.gateway.port, timeout=20)
    client.request("POST", "/agent/v1/messages", b"{}", here.fields())
    client.getresponse().read1()
    client.close()
    assert here.upstream.ended.wait(5)
    [line] = here.lines()
    assert line["error"] == "the client went away"
    assert [status for _, status in here.gateway.outcomes("agent")] == [200]


def test_a_client_that_goes_away_before_the_answer_ends_the_question(place):
    gone = threading.Event()

    def answer(request: Received, send: Send) -> None:
        request.connection.settimeout(20)
        assert request.connection.recv(1) == b""
        gone.set()

    here = place(answer)
    client = http.client.HTTPConnection("127.0.0.1", here.gateway.port, timeout=20)
    client.request("POST", "/agent/v1/messages", b"{}", here.fields())
    while not here.upstream.received:
        time.sleep(0.01)
    client.close()
    assert gone.wait(5)
    here.lines()
    assert here.gateway.outcomes("agent") == []


def test_100_megabytes_pass(place):
    text = "x" * (100 << 20)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    here = place(lambda request, send: send(whole(b"%d" % len(request.body))))
    assert here.ask(body)[2] == b"%d" % len(body)
    assert here.upstream.received[0].body == body
    assert here.lines()[0]["request_bytes"] == len(body)


def test_a_body_in_chunks_and_a_wait_for_permission(place):
    here = place()
    connection = here.raw(
        f"POST /agent/v1/messages HTTP/1.1\nHost: x\nx-api-key: {here.token}\n"
        "Expect: 100-continue\nTransfer-Encoding: chunked\nConnection: close\n\n"
    )
    assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(chunk(b'{"a"') + chunk(b":1}") + b"0\r\n\r\n")
    assert rest_of(connection).startswith(b"HTTP/1.1 200")
    assert here.upstream.received[0].body == b'{"a":1}'


def test_an_answer_that_is_packed_all_the_same_stays_packed_and_is_counted(place):
    usage = {"input_tokens": 5, "output_tokens": 7}
    packed = gzip.compress(json.dumps({"model": "m", "usage": usage}).encode())
    here = place(lambda _, send: send(whole(packed, Content_Encoding="gzip")))
    _, fields, body = here.ask()
    assert (body, fields["Content-Encoding"]) == (packed, "gzip")
    here.lines()
    assert here.gateway.models("agent")["m"].output == 7


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(place, status):
    def answer(_: Received, send: Send) -> None:
        send(whole(b"", f"{status} Go", Location="/elsewhere"))

    here = place(answer)
    got, fields, body = here.ask()
    assert (got, len(here.upstream.received)) == (502, 1)
    assert "Location" not in fields
    assert json.loads(body)["error"]["message"].startswith("posttrainbench gateway: the endpoint")


@pytest.mark.parametrize("api", APIS)
def test_an_endpoint_that_is_not_there(place, api):
    here = place(api=api, base="http://127.0.0.1:1")
    status, _, body = here.ask()
    assert status == 502
    assert "cannot be reached" in json.loads(body)["error"]["message"]
    assert [status for _, status in here.gateway.outcomes("agent")] == [None]


def test_fifty_at_once(place):
    def answer(request: Received, send: Send) -> None:
        time.sleep(0.3)
        number = json.loads(request.body)["n"]
        send(stream(*(event({"n": number, "part": part}) for part in range(20))))

    here = place(answer)

    def ask(number: int) -> bool:
        want = b"".join(event({"n": number, "part": part}) for part in range(20))
        return here.ask({"n": number})[2] == want

    began = time.monotonic()
    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(ask, range(50)))
    assert time.monotonic() - began < 8  # one after the other they take 15 s
    assert here.gateway.counts("agent") == (50, 0)


def test_a_connection_that_was_closed_meanwhile_is_no_trouble(place):
    """The server keeps no connection, and does not say so: the next request finds it closed."""
    here = place()
    for number in range(200):
        assert here.ask({"n": number})[0] == 200
    assert [status for _, status in here.gateway.outcomes("agent")] == [200] * 50


def test_a_key_that_an_answer_repeats_is_blackened(place, key):
    def answer(_: Received, send: Send) -> None:
        body = f"no such key: {key}!".encode()
        send(head("401 No", Content_Length=str(len(body)), X_Key=key) + body[:20])
        time.sleep(0.1)  # so that the key comes in two parts
        send(body[20:])

    status, fields, body = place(answer).ask()
    assert status == 401
    assert body == f"no such key: {'*' * len(key)}!".encode()
    assert fields["X-Key"] == "*" * len(key)


def test_the_worker_s_proxy_is_used(place, monkeypatch):
    # An upstream that a proxy alone can reach: its name does not resolve.
    proxy = place()
    name, port = "model.invalid:8000", proxy.upstream.port
    monkeypatch.setenv("http_proxy", f"http://me:pass@127.0.0.1:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    here = place(base=f"http://{name}/v1")
    assert here.ask(path="/messages")[0] == 200
    [got] = proxy.upstream.received
    assert got.target == f"http://{name}/v1/messages"
    assert got.values("proxy-authorization") == ["Basic bWU6cGFzcw=="]


def test_a_netrc_changes_nothing(place, monkeypatch, tmp_path, key):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    here = place(api="openai-chat")
    assert here.ask()[0] == 200
    assert here.upstream.received[0].values("authorization") == [f"Bearer {key}"]


def test_only_so_many_connections_at_once(place, monkeypatch):
    # Those that are accepted in one turn of the loop, 128 at most, are counted after it.
    monkeypatch.setattr(gateway, "_MOST_CONNECTIONS", 20)
    here = place()
    held = [here.raw("") for _ in range(170)]
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        here.ask()
    for connection in held:
        connection.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            assert here.ask()[0] == 200
            return
        except (http.client.RemoteDisconnected, ConnectionError):
            time.sleep(0.05)
    pytest.fail("it never answered again")
