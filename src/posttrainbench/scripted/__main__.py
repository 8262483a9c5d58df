"""The scripted model server alone, for trying a CLI by hand; ends at Ctrl-C or TERM."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from ..errors import PTBError
from .script import Given, read_script
from .server import ScriptedServer

_DEFAULT: Given = [
    {"text": "I will create the file.", "shell": "echo hello > out.txt && cat out.txt"},
    {"text": "All done: out.txt contains hello."},
]


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal; prints the base URL when it is ready.  The exit code."""
    parser = argparse.ArgumentParser(prog="python -m posttrainbench.scripted", description=__doc__)
    parser.add_argument("--script", type=Path, help="JSON file: a list of steps, or an object")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) chooses a free one")
    parser.add_argument("--log", type=Path, help="file to which a JSON line a request is added")
    flags = parser.parse_args(arguments)
    ending = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)  # threads inherit it, so sigwait gets them
    try:
        script = read_script(flags.script) if flags.script else _DEFAULT
        with ScriptedServer(script, port=flags.port, log=flags.log) as server:
            print(server.url, flush=True)
            signal.sigwait(ending)
    except PTBError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
