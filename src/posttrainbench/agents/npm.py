"""Agent CLIs from npm, each version in a private folder of its own.

``<agents folder>/<package>/<version>/`` holds a finished installation; nothing global is touched.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ..errors import MissingRequirementError
from ..sandboxes import Mount
from . import Package


@dataclass(frozen=True)
class Installed:
    """One installed version of a CLI."""

    package: Package
    version: str
    prefix: Path
    """Folder that holds ``node_modules``; a sandbox shows it at the same path, read-only."""

    @property
    def program(self) -> Path:
        """The command."""
        return self.prefix / "node_modules" / ".bin" / self.package.program

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What a sandbox must show: the installation, and Node.js where it is not the system's."""
        node = shutil.which("node")
        found = [self.prefix]
        if node is not None and not Path(node).resolve().is_relative_to("/usr"):
            found.append(Path(node).resolve().parent.parent)
        return tuple(Mount(path, str(path)) for path in found)


def agents_dir() -> Path:
    """Where CLIs are installed: ``PTB_AGENTS``, else the user's data folder."""
    named = os.environ.get("PTB_AGENTS")
    return Path(named) if named else Path(platformdirs.user_data_dir("posttrainbench")) / "agents"


def installed(package: Package) -> list[Installed]:
    """All finished installations of a package, oldest version first."""
    return sorted(_found(package), key=lambda one: version_key(one.version))


def find(package: Package, version: str | None, agent: str) -> Installed:
    """The installation to run.

    Args:
        version: an exact one, ``latest`` (the newest that is installed), or ``None`` for the
            pinned one.
        agent: name of the agent, for the advice.

    Raises:
        MissingRequirementError: it is not installed.
    """
    there = installed(package)
    if version == "latest" and there:
        return there[-1]
    wanted = version or package.pinned
    for one in there:
        if one.version == wanted:
            return one
    others = ", ".join(one.version for one in there)
    raise MissingRequirementError(
        f"{agent} {wanted} is not installed" + (f" (installed: {others})" if others else ""),
        advice=f"run `ptb agents install {agent}{f'@{version}' if version else ''}`",
    )


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts versions as numbers, a pre-release before its release."""
    parts = [part for part in re.split(r"[.+-]", version) if part]
    keys = [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
    return (*keys, (1, -1, "")) if "-" not in version else tuple(keys)


def package_dir(package: Package, agents: Path | None = None) -> Path:
    """Folder of all versions of a package, below ``agents`` or the usual agents folder."""
    named = package.name.replace("/", "_").lstrip("@")
    return (agents or agents_dir()).expanduser().absolute() / named


def _found(package: Package) -> Iterator[Installed]:
    folder = package_dir(package)
    if not folder.is_dir():
        return
    for prefix in folder.iterdir():
        one = Installed(package, prefix.name, prefix.absolute())
        if not prefix.name.startswith(".") and one.program.exists():
            yield one
