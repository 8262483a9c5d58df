"""The end of a gateway: quick, and quiet."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time

import pytest
from raw_upstream import RawUpstream, chunk, head, whole

from posttrainbench.errors import PTBError
from posttrainbench.gateway import Route
from posttrainbench.gateway.gateway import Gateway


def test_it_closes_with_open_streams(tmp_path):
    waiting = threading.Event()

    def answer(_, send):
        send(head(Transfer_Encoding="chunked") + chunk(b"one"))
        waiting.wait(30)

    with RawUpstream(answer) as upstream:
        route = Route("agent", "anthropic", upstream.url, "key-of-provider")
        gateway = Gateway([route], log=tmp_path / "log")
        clients = []
        with gateway:
            token = gateway.endpoint("agent").key
            for _ in range(5):
                client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
                client.request("POST", "/agent/v1/messages", b"{}", {"x-api-key": token})
                clients.append((client, client.getresponse()))
            idle = socket.create_connection(("127.0.0.1", gateway.port))
            began = time.monotonic()
        assert time.monotonic() - began < 2
        for client, stream in clients:
            with pytest.raises(http.client.IncompleteRead):
                stream.read()
            client.close()
        idle.close()
        waiting.set()
    assert not [thread for thread in threading.enumerate() if thread.name == "ptb-gateway"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", gateway.port))


def test_it_closes_before_a_client_that_does_not_read(tmp_path):
    def answer(_, send):
        send(head(Transfer_Encoding="chunked"))
        while True:
            send(chunk(b"x" * 65_536))

    with RawUpstream(answer) as upstream:
        route = Route("agent", "anthropic", upstream.url, "key-of-provider")
        with Gateway([route], log=tmp_path / "log") as gateway:
            token = gateway.endpoint("agent").key
            client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
            client.request("POST", "/agent/v1/messages", b"{}", {"x-api-key": token})
            client.getresponse().read(10)
            time.sleep(0.5)  # until all buffers are full
            began = time.monotonic()
        assert time.monotonic() - began < 2
        assert upstream.ended.wait(5)
        client.close()


def test_it_listens_on_loopback_only(place):
    here = place()
    port = f":{here.gateway.port:04X}"
    with open("/proc/net/tcp") as table:  # noqa: PTH123
        found = [line.split()[1] for line in table if line.split()[1].endswith(port)]
    listening = [address for address in found if address.startswith(("0100007F", "00000000"))]
    assert f"0100007F{port}" in listening
    assert f"00000000{port}" not in found


def test_it_serves_on_another_socket_too(place):
    here = place()
    extra = socket.create_server(("127.0.0.1", 0))
    port = extra.getsockname()[1]
    here.gateway.serve(extra)
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    client.request("POST", "/agent/v1/messages", b"{}", here.fields())
    assert client.getresponse().status == 200
    client.close()


def test_the_counters_can_be_read_meanwhile(place):
    usage = {"input_tokens": 1, "output_tokens": 1}
    here = place(lambda _, send: send(whole({"usage": usage})))
    stop = threading.Event()
    failed = []

    def look():
        while not stop.is_set():
            try:
                here.gateway.models("agent"), here.gateway.cost("agent")
                here.gateway.outcomes("agent"), here.gateway.counts("agent")
            except RuntimeError as error:  # a dictionary that changed under us
                failed.append(error)

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(60):
        here.ask({"model": f"m{number}"})
    stop.set()
    thread.join()
    assert failed == []


def test_without_loopback(tmp_path, monkeypatch):
    async def refuse(*_, **__):
        raise OSError(99, "Cannot assign requested address")

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_server", refuse)
    with (
        pytest.raises(PTBError, match="Cannot assign requested address"),
        Gateway([Route("agent", "anthropic", "https://host", "k")], log=tmp_path / "log"),
    ):
        pass
