"""Where vLLM is installed: an environment of its own, which we only ever start as a process.

vLLM pins its own torch and transformers, so it rarely lives in our environment.  Nothing of it is
imported here; what is read are the names in its folders.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from ...errors import MissingRequirementError
from ...sandboxes import Mount
from ...sandboxes.python import python_mounts

VARIABLE = "PTB_VLLM"
"""Environment variable with the path of the ``vllm`` program."""

_SYSTEM = tuple(Path(path) for path in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"))
_PACKAGES = ("torch", "transformers", "tokenizers")
_ADVICE = (
    f"install vLLM into an environment of its own and set {VARIABLE} to its bin/vllm, "
    "or choose the engine 'transformers'"
)
_MAX_HOPS = 40


@dataclass(frozen=True)
class Installation:
    """A ``vllm`` program and the environment around it."""

    program: Path

    @property
    def prefix(self) -> Path:
        """The environment's folder: the one that holds ``bin``."""
        return self.program.parent.parent

    def mounts(self) -> tuple[Mount, ...]:
        """Read-only mounts of the environment and of the Python that it was made from.

        What every sandbox shows anyway is left out, and so is a folder that holds our home: a
        stray link must not show that.  Where a path leads through symbolic links, both its
        spelling and the folder behind it are mounted.
        """
        pythons = [self.prefix / "bin" / "python", *_interpreter(self.program)]
        hops = [hop for python in pythons for hop in (python, *_hops(python))]
        wanted = [self.prefix, *_base_prefixes(self.prefix), *(hop.parent.parent for hop in hops)]
        spellings = dict.fromkeys(form for path in wanted for form in (path, path.resolve()))
        shown = [*_SYSTEM, *(Path(mount.target) for mount in python_mounts())]
        mounts: dict[Path, Mount] = {}
        # Shorter paths first: what stands inside a mounted folder needs no mount of its own.
        for path in sorted(spellings, key=lambda form: len(form.parts)):
            covered = any(path.is_relative_to(place) for place in (*shown, *mounts))
            if not covered and path.is_dir() and not Path.home().is_relative_to(path):
                mounts[path] = Mount(path.resolve(), str(path))
        return tuple(mounts.values())

    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that decide on an answer, as far as they can be read."""
        folders = [str(path) for path in sorted(self.prefix.glob("lib/python3*/site-packages"))]
        found: dict[str, str] = {}
        for package in distributions(path=folders):
            name = str(package.metadata["Name"] or "").lower()
            if name in _PACKAGES:
                found.setdefault(name, package.version)
        return found


def find_vllm() -> Installation:
    """The program that :data:`VARIABLE` names, else the one beside our Python, else on the PATH.

    Raises:
        MissingRequirementError: there is none, or the variable names no program.
    """
    named = os.environ.get(VARIABLE)
    if named:
        program = Path(named).expanduser()
        if not _executable(program):
            raise MissingRequirementError(
                f"{VARIABLE} is {named!r}, which is no program", advice=_ADVICE
            )
    else:
        program = Path(sys.executable).parent / "vllm"
        if not _executable(program):
            on_path = shutil.which("vllm")
            if on_path is None:
                raise MissingRequirementError("there is no program 'vllm' here", advice=_ADVICE)
            program = Path(on_path)
    # A link in some bin folder says nothing about where the environment is.
    return Installation(program.resolve())


def _executable(program: Path) -> bool:
    return program.is_file() and os.access(program, os.X_OK)


def _base_prefixes(prefix: Path) -> list[Path]:
    """Where the Python of a virtual environment comes from, by its ``pyvenv.cfg``."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    settings = dict(line.partition("=")[::2] for line in lines if "=" in line)
    homes = [value.strip() for key, value in settings.items() if key.strip() == "home"]
    return [Path(home).parent for home in homes if home.startswith("/")]


def _hops(program: Path) -> list[Path]:
    """Every file on the way from a program through symbolic links to the real one."""
    hops: list[Path] = []
    hop = program
    while hop.is_symlink() and len(hops) < _MAX_HOPS:
        hop = hop.parent / hop.readlink()
        hops.append(hop)
    return [Path(os.path.normpath(hop)) for hop in hops]


def _interpreter(program: Path) -> list[Path]:
    """The Python that a script's first line names."""
    try:
        with program.open("rb") as script:
            first = script.readline(4096)
    except OSError:
        return []
    words = os.fsdecode(first.removeprefix(b"#!")).split()
    return [Path(words[0])] if first.startswith(b"#!/") and words else []
