"""The first program in a sandbox with its own network: makes the gateway's door, then gives way.

Run as ``python -I -S inside.py DESCRIPTOR PORT -- COMMAND ...``; standard library only.  It listens
on 127.0.0.1:PORT of the sandbox, hands the listening socket out through the unix socket DESCRIPTOR,
and becomes COMMAND.  Whoever holds the socket accepts on it, from whichever namespace.
"""

from __future__ import annotations

import os
import socket
import sys

NOT_EXECUTABLE, NOT_FOUND = 126, 127


def main(arguments: list[str]) -> int:
    """Returns only when the command cannot be started."""
    descriptor, port, mark, *command = arguments
    assert mark == "--", "arguments are DESCRIPTOR PORT -- COMMAND ..."
    with socket.socket(fileno=int(descriptor)) as way_out, socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", int(port)))
        door.listen(128)
        socket.send_fds(way_out, [b"d"], [door.fileno()])
    try:
        os.execvp(command[0], command)  # noqa: S606 - its purpose
    except FileNotFoundError:
        code, why = NOT_FOUND, "not found"
    except OSError as error:
        code, why = NOT_EXECUTABLE, error.strerror or str(error)
    os.write(2, f"cannot run {command[0]}: {why}\n".encode(errors="replace"))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
