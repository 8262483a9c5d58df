"""What starting an agent takes, whether it plays or judges."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..gateway import inside_script
from ..sandboxes import Request
from ..sandboxes.python import python_environment

if TYPE_CHECKING:
    from ..gateway.door import Door


def usual_env() -> dict[str, str]:
    """A PATH on which only the system's programs and our own Python stand, and what that needs."""
    bin_folder = str(Path(sys.executable).parent)
    return {
        "PATH": f"{bin_folder}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONUNBUFFERED": "1",
        **python_environment(),
    }


def through_door(request: Request, door: Door | None) -> Request:
    """The same, with the gateway's door opened inside first where the sandbox has no network."""
    if door is None:
        return request
    first = (sys.executable, "-I", "-S", str(inside_script()), str(door.pass_fd))
    argv = (*first, str(door.port), "--", *request.argv)
    return replace(request, argv=argv, pass_fds=(*request.pass_fds, door.pass_fd))
