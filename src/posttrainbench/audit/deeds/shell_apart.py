"""Long shell texts are read in a process of their own, with bounds on memory and time.

The parser looks for the least error in a text, and for garbage that can take time and memory that
grow with its square, deep in C code where nothing can be bounded from within.  So what is too long
to be harmless goes to a helper process; when that dies of its bounds, the text counts as not
understood.  The helper is started when it is first needed and ends with us.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
from typing import Any

from .command import Command, Commands, Redirect

_PROGRAM = "posttrainbench.audit.deeds.shell_helper"
MOST_DEATHS = 10
"""After so many texts that the helper died of, long texts are not read any more."""


class Helper:
    """The process, from the outside."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.deaths = 0

    def read(
        self, text: str, cwd: str, args: tuple[str, ...] | None, env: tuple[tuple[str, str], ...]
    ) -> Commands | None:
        """The commands of a text; ``None`` when the helper died of it, or too often before."""
        request = json.dumps({"text": text, "cwd": cwd, "args": args, "env": env}).encode() + b"\n"
        with self._lock:
            if self.deaths >= MOST_DEATHS:
                return None
            try:
                process = self._running()
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(request)
                process.stdin.flush()
                answer = process.stdout.readline()
                return _commands(json.loads(answer))
            except (OSError, ValueError):  # it is gone, or went in the middle of its answer
                self.deaths += 1
                self._close()
                return None

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            atexit.register(self.close)
        return self._process

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self.close)
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:  # what was not yet written cannot be any more
                pass


def _commands(data: dict[str, Any]) -> Commands:
    return Commands(
        tuple(_command(one) for one in data["all"]),
        tuple((line, what) for line, what in data["unparsed"]),
        data["cwd"],
    )


def _command(data: dict[str, Any]) -> Command:
    return Command(
        **{
            **data,
            "argv": tuple(data["argv"]),
            "env": tuple((name, value) for name, value in data["env"]),
            "redirects": tuple(Redirect(*one) for one in data["redirects"]),
            "sources": tuple(data["sources"]),
            "wrappers": tuple(data["wrappers"]),
            "inside": tuple(data["inside"]),
        }
    )
