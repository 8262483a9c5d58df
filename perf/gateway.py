"""Streams through the run's gateway against the same streams directly.

    python perf/gateway.py [--answers 320] [--chunks 200]

Server, gateway and client are processes of their own, on loopback.  The server sends each answer as
fast as it can, which no model does: what is measured is the work that the gateway adds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
from aiohttp import web

from posttrainbench.gateway import Route
from posttrainbench.gateway.gateway import Gateway
from posttrainbench.spec import Price

AT_ONCE = 32
KEY = "key-of-the-provider"
TEXT = "A few words, as a model sends them at a time."
USAGE = {"prompt_tokens": 1000, "completion_tokens": 50}


def event(data: object) -> bytes:
    """A server-sent event."""
    return f"data: {json.dumps(data)}\n\n".encode()


async def serve(chunks: int) -> None:
    """The model's endpoint; prints its port and stays until it is ended."""
    piece = event({"model": "m", "choices": [{"index": 0, "delta": {"content": TEXT}}]})
    last = event({"model": "m", "choices": [], "usage": USAGE})

    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(chunks):
            await response.write(piece)
            await asyncio.sleep(0)
        await response.write(last)
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def ask(url: str, key: str, answers: int) -> None:
    """The clients; prints seconds for all answers and the median milliseconds to the first byte."""
    room, first = asyncio.Semaphore(AT_ONCE), []
    question = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "x" * 4000}]}

    async def one(client: aiohttp.ClientSession) -> None:
        async with room:
            began = time.perf_counter()
            path, fields = f"{url}/v1/chat/completions", {"Authorization": f"Bearer {key}"}
            async with client.post(path, json=question, headers=fields) as answer:
                answer.raise_for_status()
                await answer.content.readany()
                first.append(time.perf_counter() - began)
                while await answer.content.readany():
                    pass

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        await asyncio.gather(*(one(client) for _ in range(AT_ONCE)))  # warm up
        first.clear()
        began = time.perf_counter()
        await asyncio.gather(*(one(client) for _ in range(answers)))
        seconds = time.perf_counter() - began
        alone = []
        for _ in range(50):
            first.clear()
            await one(client)
            alone += first
    print(json.dumps([seconds, statistics.median(alone) * 1000]))


def measured(url: str, key: str, answers: int) -> tuple[float, float]:
    """Run the clients in a process of their own."""
    command = [sys.executable, __file__, "--ask", url, key, "--answers", str(answers)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, first = json.loads(done.stdout)
    return seconds, first


def compare(answers: int, chunks: int) -> None:
    """Measure both ways, and print a line for each figure."""
    command = [sys.executable, __file__, "--serve", "--chunks", str(chunks)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            direct, direct_first = measured(url, KEY, answers)
            route = Route("agent", "openai-chat", url, KEY)
            with (
                tempfile.TemporaryDirectory() as folder,
                Gateway([route], log=Path(folder) / "log", price=Price(input=1, output=1)) as gate,
            ):
                end = gate.endpoint("agent")
                ours, ours_first = measured(end.url, end.key, answers)
                counted = gate.models("agent")["m"].requests
            assert counted == answers + AT_ONCE + 50, counted
        finally:
            server.terminate()
    print(
        f"gateway, {answers} streams of {chunks} chunks, {AT_ONCE} at a time: ours {ours:.2f} s, "
        f"baseline {direct:.2f} s directly, ratio {ours / direct:.2f} (aim none)"
    )
    print(
        f"gateway, first byte of a stream: ours {ours_first:.2f} ms, "
        f"baseline {direct_first:.2f} ms directly, "
        f"ratio {ours_first / direct_first:.2f} (aim < 10 ms more)"
    )
    print(f"    a chunk costs the gateway {1e6 * (ours - direct) / answers / chunks:.0f} us more")


def main() -> None:
    """Compare, or be one of the processes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--answers", type=int, default=320)
    parser.add_argument("--chunks", type=int, default=200)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--ask", nargs=2, help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.serve:
        asyncio.run(serve(flags.chunks))
    elif flags.ask:
        asyncio.run(ask(flags.ask[0], flags.ask[1], flags.answers))
    else:
        compare(flags.answers, flags.chunks)


if __name__ == "__main__":
    main()
