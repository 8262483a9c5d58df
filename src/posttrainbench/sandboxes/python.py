"""The mounts that let this very interpreter, with all its packages, run inside a sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

from ..registry import plugin_files
from . import Mount

_SYSTEM = tuple(Path(path) for path in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"))
_PACKAGE = Path(__file__).parents[1]


def python_mounts() -> tuple[Mount, ...]:
    """Read-only mounts of the interpreter, its virtual environment, this package and plug-ins.

    Every target is a path of the host, so ``sys.executable`` is right inside as well.  Only these
    folders are shown, never the home or the project around them.  Where a path leads through
    symbolic links, both its spelling and the folder behind it are mounted.
    """
    wanted = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_exec_prefix), _PACKAGE]
    wanted += [*_executable_hops(), *plugin_files()]
    spellings = dict.fromkeys(form for path in wanted for form in (path, path.resolve()))
    mounts: dict[Path, Mount] = {}
    # Shorter paths first: what stands inside a mounted folder needs no mount of its own.
    for path in sorted(spellings, key=lambda form: len(form.parts)):
        covered = any(path.is_relative_to(place) for place in (*_SYSTEM, *mounts))
        if not covered and path.exists():
            mounts[path] = Mount(path.resolve(), str(path))
    return tuple(mounts.values())


def python_environment() -> dict[str, str]:
    """What the interpreter needs in its environment: where it finds plug-ins that are installed
    outside of its own folders."""
    own = (Path(sys.prefix), Path(sys.base_prefix), *_SYSTEM)
    parents = dict.fromkeys(path.parent for path in plugin_files())
    outside = [str(path) for path in parents if not any(path.is_relative_to(o) for o in own)]
    return {"PYTHONPATH": ":".join(outside)} if outside else {}


def _executable_hops() -> list[Path]:
    """Every file on the way from ``sys.executable`` through symbolic links to the real program."""
    hop, hops = Path(sys.executable), []
    while hop.is_symlink() and hop not in hops:
        hops.append(hop)
        hop = hop.parent / hop.readlink()
    return [*hops, hop][1:]
