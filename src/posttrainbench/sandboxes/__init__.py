"""Run this command with these mounts, limits and network, and leave nothing behind.

One protocol serves the agent, its evaluate.py, the evaluator, the judge and HumanEval answers.  A
caller describes the world of the command as a :class:`Layout`, asks the sandbox where things stand
in it (:meth:`Sandbox.where`), writes the command line with those paths, and hands both to
:func:`posttrainbench.sandboxes.runner.run`.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from ..records import Enforcement

HOME = "/home/agent"
TMP = "/tmp"  # noqa: S108 - as the command sees it


@dataclass(frozen=True)
class Mount:
    """A host file or folder and the path at which the command sees it."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Overlay:
    """A private, writable view of a host folder; the changes vanish with the command."""

    source: Path
    target: str


@dataclass(frozen=True)
class InlineFile:
    """A file handed over by descriptor: read-only for the command, never in the workspace."""

    target: str
    content: bytes
    executable: bool = False


@dataclass(frozen=True)
class Layout:
    """The command's world.

    ``scratch`` is a host folder of this run alone; its ``home`` and ``tmp`` become the private
    ``/home/agent`` and ``/tmp``.  It counts towards the disk limit and is left to the caller.
    """

    scratch: Path
    mounts: tuple[Mount, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    files: tuple[InlineFile, ...] = ()
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """``None`` means no limit of ours.  Bytes, cores, seconds."""

    cpus: float | None = None
    memory: int | None = None
    pids: int | None = None
    disk: int | None = None
    """Sum over the writable mounts and the scratch folder."""
    seconds: float | None = None
    grace_seconds: float = 10.0


@dataclass(frozen=True)
class Request:
    """What to run.  ``env`` is the whole allow-list: nothing of ours is inherited but a safe PATH,
    HOME, TMPDIR and LANG that the sandbox sets itself (``env`` wins over them)."""

    layout: Layout
    argv: tuple[str, ...]
    workdir: str
    """A path as :meth:`Sandbox.where` gives it."""
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    connection: int | None = None
    """A socket of the caller's that becomes the command's standard input and output, to talk with
    it while it runs; then there is no other input, and no stdout for the :class:`Output`.  The
    caller keeps its descriptor and closes it after the end."""
    pass_fds: tuple[int, ...] = ()
    """Descriptors of the caller's that the command inherits under the same numbers; no other
    process of the sandbox keeps them open.  The caller closes its own."""
    network: bool = False
    limits: Limits = field(default_factory=Limits)
    end_signal: signal.Signals = signal.SIGTERM


Ended = Literal["exited", "out-of-time", "out-of-disk", "out-of-memory", "interrupted"]


@dataclass(frozen=True)
class Ending:
    """How the command ended, and what holds for its whole process tree."""

    ended: Ended
    exit_code: int | None
    signal: int | None
    killed: bool
    seconds: float
    cpu_seconds: float | None
    peak_memory: int | None
    survivors: int
    enforcement: Enforcement


@dataclass(frozen=True)
class Launch:
    """A host command line that sets the sandbox up and runs the command in it.

    ``env`` is the environment of that host command, ``pass_fds`` the descriptors it inherits.
    ``info_fd`` is the read end of a pipe on which the sandbox tells, as JSON documents in a row,
    the host pid of the command's init process (``{"child-pid": N}``; the command is that one's
    first child) and how the command ended (``{"exit-code": N}``; with ``"signal": N``, 0 for
    none, where the sandbox knows it from the kernel).  Without the latter the command never ran.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    pass_fds: tuple[int, ...] = ()
    info_fd: int | None = None
    cwd: Path | None = None
    private: tuple[Path, ...] = ()
    """Folders of the sandbox's own that the command can write; they count towards the disk limit
    by what they grow."""
    mark: str = ""
    """``NAME=VALUE`` in the environment of every process, where no namespace tells them apart."""


@dataclass(frozen=True)
class Probe:
    """Whether a sandbox works on this machine, really tried."""

    available: bool
    version: str = ""
    reason: str = ""
    advice: str = ""


class Sandbox(Protocol):
    """One kind of sandbox."""

    name: str
    isolates_files: bool
    """Whether the command is kept from reading and writing other files of the host."""

    def probe(self) -> Probe:
        """Try it for real; never raises."""

    def where(self, layout: Layout, target: str) -> str:
        """The path at which the command finds ``target`` (a mount's target or below it)."""

    def launch(self, request: Request) -> AbstractContextManager[Launch]:
        """Set up what the launch needs; leaving the context cleans it up.

        Raises:
            SandboxError: it cannot be set up here; says why and what to do.
        """

    def enforcement(self, request: Request) -> Enforcement:
        """By which mechanism processes and network are confined."""


class Output(Protocol):
    """Takes the command's output as it comes; called from one thread."""

    def write(self, stream: Literal["stdout", "stderr"], chunk: bytes) -> None: ...
