"""Plug-ins by name.  Ours and third parties' come the same way: through entry points.

One group a kind, named by its plural: ``posttrainbench.agents``, ``posttrainbench.sandboxes`` ...
An entry point names a class or a function without arguments that makes the plug-in; its own name is
the name that a person types.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from .errors import MissingRequirementError, UnknownNameError

Kind = Literal["model", "benchmark", "agent", "sandbox", "engine", "backend", "check"]


def names(kind: Kind) -> tuple[str, ...]:
    """All names of a kind, in alphabetical order."""
    return tuple(sorted(_points(kind)))


def make(kind: Kind, name: str) -> Any:
    """The plug-in of that name, made anew.

    Raises:
        UnknownNameError: there is none; the error suggests the nearest names.
        MissingRequirementError: it exists but cannot be imported here (an extra is not installed).
    """
    points = _points(kind)
    if name not in points:
        raise UnknownNameError(kind, name, points)
    try:
        return points[name].load()()
    except ImportError as error:
        raise MissingRequirementError(
            f"the {kind} {name!r} cannot be loaded: {error}",
            advice="install what it needs; the built-in ones: pip install 'posttrainbench[eval]'",
        ) from error


def _points(kind: Kind) -> dict[str, EntryPoint]:
    group = "posttrainbench." + kind + ("es" if kind.endswith("x") else "s")
    return {point.name: point for point in entry_points(group=group)}
