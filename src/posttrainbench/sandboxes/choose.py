"""Find the sandbox by its name, and try it before anything depends on it."""

from __future__ import annotations

from typing import cast

from .. import registry
from ..errors import MissingRequirementError
from . import Sandbox

AUTO = "auto"
_PREFERRED = ("bubblewrap", "host")


def choose(name: str) -> Sandbox:
    """The sandbox of that name; for ``auto`` bubblewrap if it works here, else host.

    Raises:
        UnknownNameError: no sandbox has that name.
        MissingRequirementError: it exists but does not work on this machine; says why.
    """
    refused = []
    for candidate in _PREFERRED if name == AUTO else (name,):
        sandbox = cast("Sandbox", registry.make("sandbox", candidate))
        probe = sandbox.probe()
        if probe.available:
            return sandbox
        refused.append((candidate, probe))
    reasons = "; ".join(f"{candidate}: {probe.reason}" for candidate, probe in refused)
    raise MissingRequirementError(
        f"the sandbox {name!r} does not work here ({reasons})",
        advice=refused[0][1].advice,
    )
