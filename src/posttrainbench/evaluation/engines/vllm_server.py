"""A ``vllm serve`` process: started, watched, and gone without a trace.

It runs below the sandboxes' keeper, a small process that adopts whatever descends from the server
and kills all of it when the server ends or when we die, by ``kill -9`` as well.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from ...errors import DataError, EngineError, EngineTimeoutError
from ...sandboxes import keeper
from .vllm_command import HOST, ServerPlan, environment
from .vllm_failures import failure, port_taken, read_tail, tail

START_S = 1800.0
"""A large model from a slow disk, compiled for the first time, takes minutes."""
_PORT_ATTEMPTS = 4
_POLL_S = 0.25
_PROCESS = re.compile(r"^\([^)]*\)\s*")
_LINE_CHARACTERS = 160
_REPORT_S = 15.0
_TERM_S = 20.0
_SHARED, _SHARED_NAMES = "/dev/shm/", ("psm_", "sem.mp-")  # noqa: S108 - names to look for
_KILL_S = 30.0
DYING_S = 8.0
"""How long a server takes to end after the process that computes has died."""


@dataclass(frozen=True)
class Address:
    """Where a server listens, and the key that it wants to see."""

    port: int
    key: str

    @property
    def url(self) -> str:
        """The way to it, without a path."""
        return f"http://{HOST}:{self.port}"


Ready = Callable[[Address], bool]
"""Whether the server at an address answers, and is ours."""


class VllmServer:
    """One running server."""

    def __init__(self, plan: ServerPlan, log: Path, port: int) -> None:
        self.address = Address(port, secrets.token_hex(16))
        self.log = log
        self._started = threading.Event()
        self._shared: set[Path] = set()
        self._start_error: OSError | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        command = [
            sys.executable, "-I", "-S", str(keeper.__file__), str(os.getpid()), "-", "--",
            *plan.argv(port),
        ]  # fmt: skip
        # The kernel tells the keeper when the *thread* that started it ends: this one stays.
        self._thread = threading.Thread(
            target=self._run, args=(command, environment(plan, self.address.key)),
            name="vllm-keeper", daemon=True,
        )  # fmt: skip
        self._thread.start()
        self._started.wait()
        if self._start_error is not None:
            raise EngineError(f"vLLM cannot be started: {self._start_error}")

    def _run(self, command: list[str], env: dict[str, str]) -> None:
        try:
            with self.log.open("ab") as output:
                self._keeper = subprocess.Popen(
                    command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            self._start_error = error
            return
        finally:
            self._started.set()
        self._keeper.wait()

    @property
    def exit_code(self) -> int | None:
        """Of the program; ``None`` while anything of it runs."""
        if self._thread.is_alive() or self._keeper is None:
            return None
        return self._keeper.returncode

    def pids(self) -> list[int]:
        """All processes of the server, the keeper first."""
        if self._keeper is None or self._thread.is_alive() is False:
            return []
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._keeper.pid)
            return [process.pid, *(child.pid for child in process.children(recursive=True))]
        return []

    def failure(self, doing: str) -> EngineError | DataError:
        """Why it does not work any more, from its log."""
        return failure(self.log, self.exit_code, doing)

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def close(self) -> None:
        """End every process of it, politely first.  It may be called again.

        Raises:
            EngineError: the kernel cannot end one of them.
        """
        self.note_shared_memory()
        try:
            self._end()
        finally:
            for file in self._shared:
                with contextlib.suppress(OSError):
                    file.unlink()

    def note_shared_memory(self) -> None:
        """Remember which files of shared memory it holds: they outlive a process that is killed."""
        self._shared |= shared_memory(self.pids())

    def _end(self) -> None:
        if not self._thread.is_alive() or self._keeper is None:
            return
        for child in _children(self._keeper.pid):
            with contextlib.suppress(psutil.Error):
                child.send_signal(signal.SIGTERM)
        if self.ends_within(_TERM_S):
            return
        # It lives while the thread that waits for it does, so this is no other process.
        os.kill(self._keeper.pid, signal.SIGTERM)
        if not self.ends_within(_KILL_S):
            left = self.pids()
            os.kill(self._keeper.pid, signal.SIGKILL)
            raise EngineError(f"processes {left} of the vLLM server cannot be ended")


def start(
    plan: ServerPlan,
    log: Path,
    ready: Ready,
    report: Callable[[str], None],
    seconds: float = START_S,
) -> VllmServer:
    """Start a server and wait until it answers.

    Args:
        log: its output goes here, appended.
        ready: asked several times a second.
        report: told about every quarter of a minute what the log says.

    Raises:
        EngineError: it ended; OutOfMemoryError where that was the reason.
        EngineTimeoutError: it did not answer in time.
        DataError: vLLM refuses the model.
    """
    until = time.monotonic() + seconds
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        log.write_bytes(b"")
        server = VllmServer(plan, log, free_port())
        try:
            if _wait(server, ready, report, until):
                server.note_shared_memory()
                return server
            if not port_taken(log) or attempt == _PORT_ATTEMPTS:
                raise server.failure("while starting")
        except BaseException:
            server.close()
            raise
        server.close()
    raise AssertionError("not reached")


def free_port() -> int:
    """A port that is free now; another program may take it before the server does."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(server: VllmServer, ready: Ready, report: Callable[[str], None], until: float) -> bool:
    """Whether it answers; False when it has ended."""
    told, next_report = "", time.monotonic() + _REPORT_S
    while not server.ends_within(_POLL_S):
        if ready(server.address):
            return True
        now = time.monotonic()
        if now >= until:
            raise EngineTimeoutError(
                f"the vLLM server did not answer in time; its log ends: "
                f"{tail(read_tail(server.log))}"
            )
        if now >= next_report:
            next_report = now + _REPORT_S
            line = _last_line(server.log)
            if line != told:
                report(f"vLLM is starting: {line}")
            told = line
    return False


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in read_tail(log).splitlines() if line.strip()]
    return _PROCESS.sub("", lines[-1])[:_LINE_CHARACTERS] if lines else "no output yet"


def shared_memory(pids: list[int]) -> set[Path]:
    """Files of shared memory that these processes hold."""
    found = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines():
                name = line.partition(_SHARED)[2]
                if name.startswith(_SHARED_NAMES) and not name.endswith(" (deleted)"):
                    found.add(Path(_SHARED + name))
    return found


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.Error:
        return []
