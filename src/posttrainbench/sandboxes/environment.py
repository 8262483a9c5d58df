"""The environment of a command: what the request allows, over a few safe defaults."""

from __future__ import annotations

import os

from ..errors import SandboxError
from . import Request

SAFE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
USER = "agent"
_LAST_STREAM = 2

PLAIN: dict[str, str] = {"PATH": SAFE_PATH, "LANG": "C.UTF-8"}
"""For our own helper programs around the command; holds nothing of the caller's environment."""


def command_env(request: Request, home: str, tmp: str) -> dict[str, str]:
    """The whole environment of the command; nothing of the calling process is in it.

    Raises:
        SandboxError: a name or value that no process can have; the value is not repeated.
    """
    for name, value in request.env.items():
        if not name or "=" in name or "\0" in name or "\0" in value:
            raise SandboxError(
                f"the environment variable {name!r} cannot be passed on",
                advice="a name has no '=', and neither name nor value has a NUL character",
            )
    return {**PLAIN, "HOME": home, "TMPDIR": tmp, "USER": USER, **request.env}


def check_command(request: Request) -> None:
    """Refuse what no sandbox can start.

    Raises:
        SandboxError: an empty command, a NUL character, a relative working directory, two
            kinds of input, or a descriptor that is not open or a standard stream.
    """
    if not request.argv or not request.argv[0]:
        raise SandboxError("the command is empty", advice="name a program in argv")
    if any("\0" in part for part in (*request.argv, request.workdir)):
        raise SandboxError("the command or its working directory has a NUL character")
    if not request.workdir.startswith("/"):
        raise SandboxError(
            f"the working directory {request.workdir!r} is not an absolute path",
            advice="take it from Sandbox.where()",
        )
    if request.stdin and request.connection is not None:
        raise SandboxError("a command with a connection gets no other input")
    for descriptor in request.pass_fds:
        if descriptor <= _LAST_STREAM or not _is_open(descriptor):
            raise SandboxError(f"the descriptor {descriptor} cannot be handed to a command")


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
