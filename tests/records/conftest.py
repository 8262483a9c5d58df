"""Real worker processes, told line by line what to do with their lease."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("lease_worker.py")


class Worker:
    """One process of ``lease_worker.py``."""

    def __init__(self, *prefix: str, heartbeat: float = 10.0) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, str(WORKER), str(heartbeat)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self.answer() == "ready"

    def tell(self, order: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(order + "\n")

    def answer(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().rstrip("\n")

    def ask(self, order: str) -> str:
        self.tell(order)
        return self.answer()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


@pytest.fixture
def workers() -> Iterator[Callable[..., Worker]]:
    started: list[Worker] = []

    def start(*prefix: str, heartbeat: float = 10.0) -> Worker:
        started.append(Worker(*prefix, heartbeat=heartbeat))
        return started[-1]

    yield start
    for worker in started:
        worker.end()
