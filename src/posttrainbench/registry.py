"""Plug-ins by name.  Ours and third parties' come the same way: through entry points.

One group a kind, named by its plural: ``posttrainbench.agents``, ``posttrainbench.sandboxes`` ...
An entry point names a class or a function without arguments that makes the plug-in; its own name is
the name that a person types.
"""

from __future__ import annotations

import re
from importlib.metadata import Distribution, EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

from .errors import InputError, MissingRequirementError, UnknownNameError

Kind = Literal["model", "benchmark", "agent", "sandbox", "engine", "backend", "check"]


def names(kind: Kind) -> tuple[str, ...]:
    """All names of a kind, in alphabetical order."""
    return tuple(sorted(_points(kind)))


def make(kind: Kind, name: str) -> Any:
    """The plug-in of that name, made anew.

    Raises:
        UnknownNameError: there is none; the error suggests the nearest names.
        InputError: several packages offer it.
        MissingRequirementError: it exists but cannot be imported here (an extra is not installed).
    """
    points = _points(kind)
    if name not in points:
        raise UnknownNameError(kind, name, points)
    givers = {_giver(point) for point in entry_points(group=_group(kind), name=name)}
    if len(givers) > 1:
        raise InputError(
            f"the {kind} {name!r} is offered by several packages: {', '.join(sorted(givers))}",
            advice="uninstall all but one of them; a name must mean one thing",
        )
    try:
        return points[name].load()()
    except ImportError as error:
        raise MissingRequirementError(
            f"the {kind} {name!r} cannot be loaded: {error}",
            advice="install what it needs; the built-in ones: pip install 'posttrainbench[eval]'",
        ) from error


def _points(kind: Kind) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=_group(kind))}


def _giver(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unnamed package"


def _group(kind: Kind) -> str:
    return f"posttrainbench.{kind}{'es' if kind.endswith('x') else 's'}"


def plugin_files() -> tuple[Path, ...]:
    """Packages and metadata folders of third parties' plug-ins: what a sandbox must show so that
    they are found inside as well."""
    found: dict[Path, None] = {}
    for kind in get_args(Kind):
        for point in entry_points(group=_group(kind)):
            if point.dist is None or point.dist.name == "posttrainbench":
                continue
            spec = find_spec(point.module.partition(".")[0])
            if spec is not None and spec.origin is not None:
                origin = Path(spec.origin)
                found[origin.parent if origin.stem == "__init__" else origin] = None
            found |= dict.fromkeys(_metadata(point.dist))
    return tuple(found)


def _metadata(distribution: Distribution) -> list[Path]:
    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "_", name).lower()

    folder = Path(str(distribution.locate_file("")))
    return [
        path
        for path in folder.glob("*.*-info")
        if plain(path.name).startswith(plain(distribution.name) + "_")
    ]
