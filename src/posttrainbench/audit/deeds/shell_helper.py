"""The process in which long shell texts are read; see ``shell_apart``."""

from __future__ import annotations

import json
import resource
import signal
import sys
from typing import Any

from .command import Command
from .shell_here import read_here

MEMORY = 2 << 30
"""Bytes that it may have mapped."""
SECONDS = 10.0
"""Of the processor, for one text."""


def _told(command: Command) -> dict[str, Any]:
    data = {name: getattr(command, name) for name in Command.__slots__}
    data["redirects"] = [(one.op, one.target, one.fd) for one in command.redirects]
    return data


def serve() -> None:
    """The helper's life: a text a line in, its commands a line out, until nobody asks."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is our parent's to deal with
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        args = request["args"]
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # its signal ends us wherever we are
        found = read_here(
            request["text"],
            request["cwd"],
            None if args is None else tuple(args),
            tuple((name, value) for name, value in request["env"]),
        )
        answer = json.dumps(
            {
                "all": [_told(command) for command in found.all],
                "unparsed": found.unparsed,
                "cwd": found.cwd,
            }
        )
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(answer.encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
