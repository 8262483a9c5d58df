"""One line a step: label, then seconds.  Everything that a command says goes into a log file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

TAIL_LINES = 20
PIP = ("-m", "pip", "install", "--no-input", "--no-compile")
"""pip compiles byte code on one core; the setup does it afterwards, on all of them."""


class SetupFailed(Exception):
    """The setup cannot go on; the message says why and what to do."""


class Steps:
    """Runs commands quietly and shows how far the setup is.

    Args:
        log: takes the output of all commands; it is opened for every command anew, because the
            folder that it stands in may be made by one of the steps.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        self.pass_fds: tuple[int, ...] = ()
        """Descriptors that every command inherits: a lock among them is held as long as it runs,
        even when this process is killed."""
        self._live = sys.stdout.isatty()
        self._label = ""
        self._started = 0.0

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """Show ``label`` while the block runs and the seconds it took afterwards."""
        self._label, self._started = label, time.monotonic()
        if self._live:
            self._show(end="")
        try:
            yield
        except BaseException as error:
            what = "no" if isinstance(error, SetupFailed) else "stopped"
            self._show(end="\n", mark=what)
            raise
        self._show(end="\n", mark="done")

    def say(self, text: str) -> None:
        """A line for the person, outside of the list of steps."""
        print(text, flush=True)

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        timeout: float | None = None,
        env: dict[str, str] | None = None,
        may_fail: bool = False,
    ) -> None:
        """Run one command to its end.

        Args:
            may_fail: its exit status does not matter; the log has what it said.

        Raises:
            SetupFailed: it could not be started, failed, or took longer than ``timeout`` seconds.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        with self.log.open("ab") as log:
            log.write(f"\n$ {' '.join(map(str, argv))}\n".encode())
            log.flush()
            offset = log.tell()
            try:
                process = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(env or {})},
                    pass_fds=self.pass_fds,
                )
            except OSError as error:
                raise SetupFailed(f"{argv[0]} cannot be started: {error.strerror}") from error
            try:
                while process.poll() is None:
                    if timeout is not None and time.monotonic() - started > timeout:
                        raise SetupFailed(f"{argv[0]} took longer than {timeout:.0f} s")
                    if self._live:
                        self._show(end="")
                    time.sleep(0.1)
            finally:
                if process.poll() is None:
                    process.terminate()
                    try:
                        process.wait(10)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        process.wait()
        if process.returncode and not may_fail:
            raise SetupFailed(f"{self._tail(offset)}\nexit status {process.returncode}")

    def _show(self, *, end: str, mark: str = "") -> None:
        seconds = time.monotonic() - self._started
        start = "\r" if self._live else ""
        text = f"{start}  {self._label:<58} {seconds:6.1f} s {mark:<8}"
        print(text.rstrip(), end=end, flush=True)

    def _tail(self, offset: int) -> str:
        lines = self.log.read_bytes()[offset:].decode(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])
